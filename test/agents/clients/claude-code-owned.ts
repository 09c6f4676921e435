import type { Agent } from '../agent.ts'
import { connect } from './claude-code.ts'

export const agent: Agent = {
  name: 'Claude Code --client-id',
  package: '@anthropic-ai/claude-code',
  writes: 'took all',
  connect: async (place) => {
    const { client_id } = await place.register(
      '--name',
      'Claude Code',
      '--redirect-uri',
      'http://localhost/callback',
    )
    return connect(place, '--client-id', client_id)
  },
}
