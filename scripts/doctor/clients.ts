// The clients that `npm run doctor <url> -- --as <client>` can play, by the name that people type.
import type { Client } from './client.ts'
import { client as chatgpt } from './clients/chatgpt.ts'
import { client as claude } from './clients/claude.ts'
import { client as claudeCode } from './clients/claude-code.ts'
import { client as codex } from './clients/codex.ts'
import { client as cursor } from './clients/cursor.ts'
import { client as mcpRemote } from './clients/mcp-remote.ts'
import { client as opencode } from './clients/opencode.ts'
import { client as sdkV1 } from './clients/sdk-v1.ts'
import { client as vscode } from './clients/vscode.ts'

export const CLIENTS: ReadonlyMap<string, Client> = new Map([
  ['chatgpt', chatgpt],
  ['claude', claude],
  ['claude-code', claudeCode],
  ['codex', codex],
  ['vscode', vscode],
  ['cursor', cursor],
  ['opencode', opencode],
  ['sdk-v1', sdkV1],
  ['mcp-remote', mcpRemote],
])
