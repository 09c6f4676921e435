import type { Agent } from '../agent.ts'

export const agent: Agent = {
  name: 'Gemini CLI',
  package: '@google/gemini-cli',
  writes: 'took all',
  connect: async (place) => {
    const { model } = place
    const env = {
      GEMINI_API_KEY: 'none',
      GOOGLE_GEMINI_BASE_URL: model.origin,
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
    }
    place.write('.gemini/settings.json', {
      security: { auth: { selectedType: 'gemini-api-key' } },
      general: { enableAutoUpdate: false },
      // Otherwise it asks another model first which one to ask.
      model: { name: 'gemini-2.5-flash' },
    })
    const gemini = (...args: string[]) => place.run('gemini', args, { env })
    await gemini('mcp', 'add', '-s', 'user', '-t', 'http', 'gatehouse', place.mcpUrl.href)
    // It signs in, and then says that the command has no answer outside its own screen.
    const signIn = { env, answers: { '[Y/n]': 'y\n' }, code: 42 }
    await place.run('gemini', ['-p', '/mcp auth gatehouse'], signIn)
    return {
      call: (tool, args = {}) => model.ordered({ tool, args }, () => gemini('--yolo', '-p', `Call ${tool}.`)),
    }
  },
}
