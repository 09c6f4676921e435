import type { Agent } from '../agent.ts'

export const agent: Agent = {
  name: 'opencode',
  package: 'opencode-ai',
  writes: 'if ticked',
  connect: async (place) => {
    const { model } = place
    const told = {
      npm: '@ai-sdk/openai-compatible',
      options: { baseURL: `${model.origin}/v1`, apiKey: 'none' },
      models: { told: { name: 'told', tool_call: true } },
    }
    place.write('project/opencode.json', {
      model: 'told/told',
      small_model: 'told/told',
      autoupdate: false,
      share: 'disabled',
      provider: { told },
      mcp: { gatehouse: { type: 'remote', url: place.mcpUrl.href } },
    })
    const opencode = (...args: string[]) =>
      place.run('opencode', args, {
        env: { OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' },
      })
    await opencode('mcp', 'auth', 'gatehouse')
    return {
      call: (tool, args = {}) =>
        model.ordered({ tool, args }, () => opencode('run', '--auto', `Call ${tool}.`)),
    }
  },
}
