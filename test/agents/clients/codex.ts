import type { Agent, Connection } from '../agent.ts'
import type { Place } from '../place.ts'

export const agent: Agent = {
  name: 'Codex',
  package: '@openai/codex',
  writes: 'if ticked',
  connect: (place) => connect(place),
}

/** @param options of `codex mcp add` */
export async function connect(place: Place, ...options: readonly string[]): Promise<Connection> {
  const { model } = place
  place.write(
    '.codex/config.toml',
    `model = "told"
model_provider = "told"
mcp_oauth_credentials_store = "file"
[model_providers.told]
name = "told"
base_url = "${model.origin}/v1"
wire_api = "responses"
`,
  )
  const codex = (...args: string[]) => place.run('codex', args)
  // It begins to sign in at once.
  await codex('mcp', 'add', 'gatehouse', '--url', place.mcpUrl.href, ...options)
  const flags = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox']
  return {
    call: (tool, args = {}) => model.ordered({ tool, args }, () => codex('exec', ...flags, `Call ${tool}.`)),
  }
}
