// What a tool gives the client to bring back with the input it asked for (MCP `requestState`): sealed, and good only
// for the user and the client whose call it was.

import { LIFETIME } from '#config'
import { seal, unseal } from '../crypto/seal.ts'
import type { Settings } from '../settings/load.ts'

interface Caller {
  readonly userId: string
  readonly clientId: string
}

export function requestState(settings: Settings, issuer: string, { userId, clientId }: Caller) {
  return {
    seal: (value: object): Promise<string> =>
      seal(settings, 'state', issuer, { userId, clientId, value }, LIFETIME.requestState),
    /** @throws what the SDK answers as -32602 */
    verify: async (text: string): Promise<object> => {
      const state = await unseal<Caller & { value: object }>(settings, 'state', issuer, text)
      if (state?.userId !== userId || state.clientId !== clientId)
        throw new Error('Not a state of this caller.')
      return state.value
    },
  }
}
