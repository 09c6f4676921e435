// Proofs for directories of MCP servers that this domain is yours. Each is a text that the directory gives you: public, and
// 404 until its setting has it. docs/directories.md
import type { Context } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { Hono } from '../http/hono.ts'
import type { Settings } from '../settings/load.ts'

export const directoryRoutes = new Hono<AppEnv>()
  .get('/.well-known/openai-apps-challenge', (c) => proof(c, c.get('settings').openaiAppsChallenge))
  .get('/.well-known/mcp-registry-auth', (c) => proof(c, c.get('settings').mcpRegistryAuth))

/** Exactly the text: OpenAI compares it letter for letter. */
function proof(c: Context, text: Settings['openaiAppsChallenge']): Response | Promise<Response> {
  return text === undefined ? c.notFound() : c.text(text)
}
