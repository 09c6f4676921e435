// mcp-remote where no browser is: it prints a link with a code, which the user opens elsewhere. When a tool needs more, it
// asks again for the scope that it asked for at first.
import type { Agent } from '../agent.ts'
import { connect } from './mcp-remote.ts'

export const agent: Agent = {
  name: 'mcp-remote --device-code',
  package: 'mcp-remote',
  writes: 'if ticked',
  connect: (place) => connect(place, '--device-code'),
}
