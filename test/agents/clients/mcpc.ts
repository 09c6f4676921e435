import type { Agent } from '../agent.ts'

export const agent: Agent = {
  name: 'mcpc',
  package: '@apify/mcpc',
  writes: 'took all',
  connect: async (place) => {
    const mcpc = (...args: string[]) => place.run('mcpc', args)
    await mcpc('login', place.mcpUrl.href)
    await mcpc('connect', place.mcpUrl.href, '@gatehouse')
    return {
      call: (tool, args = {}) => mcpc('--json', '@gatehouse', 'tools-call', tool, JSON.stringify(args)),
      close: () => mcpc('close', '@gatehouse'),
    }
  },
}
