// mcp-remote where no browser is: it prints a link with a code, which the user opens elsewhere.
import type { Agent } from '../agent.ts'
import { connect } from './mcp-remote.ts'

export const agent: Agent = {
  name: 'mcp-remote --device-code',
  package: 'mcp-remote',
  writes: 'asks again',
  connect: (place) => connect(place, '--device-code'),
}
