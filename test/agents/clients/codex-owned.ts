import type { Agent } from '../agent.ts'
import { connect } from './codex.ts'

export const agent: Agent = {
  name: 'Codex --oauth-client-id',
  package: '@openai/codex',
  writes: 'if ticked',
  connect: async (place) => {
    const { client_id } = await place.register(
      '--name',
      'Codex',
      '--redirect-uri',
      'http://127.0.0.1/callback',
    )
    return connect(place, '--oauth-client-id', client_id)
  },
}
