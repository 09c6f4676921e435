import { freePort } from '../../../scripts/free-port.ts'
import type { Agent } from '../agent.ts'

export const agent: Agent = {
  name: 'mcporter',
  package: 'mcporter',
  writes: 'if ticked',
  connect: async (place) => {
    // Otherwise it listens on another port each time, and registers again for that instead of refreshing.
    const oauthRedirectUrl = `http://127.0.0.1:${await freePort()}/callback`
    const server = { baseUrl: place.mcpUrl.href, auth: 'oauth', oauthRedirectUrl }
    const config = place.write('mcporter.json', { mcpServers: { gatehouse: server } })
    const mcporter = (...args: string[]) => place.run('mcporter', ['--config', config, ...args])
    await mcporter('auth', 'gatehouse')
    return {
      call: (tool, args = {}) =>
        mcporter('call', `gatehouse.${tool}`, '--args', JSON.stringify(args), '--output', 'json'),
    }
  },
}
