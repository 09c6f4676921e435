import type { Agent, Connection } from '../agent.ts'
import type { Place } from '../place.ts'

export const agent: Agent = {
  name: 'Claude Code',
  package: '@anthropic-ai/claude-code',
  writes: 'took all',
  connect: (place) => connect(place),
}

/** @param options of `claude mcp add` */
export async function connect(place: Place, ...options: readonly string[]): Promise<Connection> {
  const { model } = place
  const env = {
    ANTHROPIC_BASE_URL: model.origin,
    ANTHROPIC_API_KEY: 'none',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    // Otherwise the model has to look for a tool before it can call it.
    ENABLE_TOOL_SEARCH: 'false',
  }
  const claude = (...args: string[]) => place.run('claude', args, { env })
  await claude('mcp', 'add', '--transport', 'http', ...options, 'gatehouse', place.mcpUrl.href)
  await place.run('claude', ['mcp', 'login', 'gatehouse'], { env, terminal: true })
  return {
    call: (tool, args = {}) => {
      const flags = ['--allowedTools', `mcp__gatehouse__${tool}`]
      return model.ordered({ tool, args }, () => claude('-p', `Call ${tool}.`, ...flags))
    },
  }
}
