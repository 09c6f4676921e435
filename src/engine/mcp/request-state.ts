// What a tool gives the client to bring back with the input it asked for (MCP `requestState`): sealed, and good only for
// the server, the user, the client and the operation whose call it was. Until it expires it can come back more than once.
import type { AuthInfo } from '@modelcontextprotocol/server'
import { LIFETIME } from '#config'
import { sha256 } from '../crypto/digest.ts'
import { seal, unseal } from '../crypto/seal.ts'
import type { Settings } from '../settings/load.ts'

/** What a client wants done, without what changes from round to round. */
export interface Operation {
  readonly method: string
  readonly params: unknown
}

interface Caller {
  readonly userId: string
  readonly clientId: string
  readonly operation: Operation
}

interface State {
  readonly userId: string
  readonly clientId: string
  readonly operationHash: string
  readonly value: object
}

/** @param resource the identifier of the server whose state it is */
export function requestState(settings: Settings, resource: string, { userId, clientId, operation }: Caller) {
  const operationHash = () => sha256(JSON.stringify(operation, sorted))
  return {
    seal: async (value: object): Promise<string> => {
      const state: State = { userId, clientId, operationHash: await operationHash(), value }
      return seal(settings, 'state', resource, state, LIFETIME.requestState)
    },
    /** @throws what the SDK answers as -32602 */
    verify: async (text: string): Promise<object> => {
      const state = await unseal<State>(settings, 'state', resource, text)
      if (state?.userId !== userId || state.clientId !== clientId)
        throw new Error('Not a state of this caller.')
      if (state.operationHash !== (await operationHash())) throw new Error('Not a state of this operation.')
      return state.value
    },
  }
}

/** The parts of a request that the SDK passes to a verifier, with the method and the name that it asks for. */
export function forOperation(authInfo: AuthInfo, message: object | undefined): AuthInfo {
  return { ...authInfo, extra: { ...authInfo.extra, operation: operationOf(message) } }
}

// A client may write its parameters in another order when it comes again.
function operationOf({ method, params }: { method?: unknown; params?: unknown } = {}): Operation {
  const { _meta, inputResponses, requestState, ...rest } = (params ?? {}) as Record<string, unknown>
  return { method: String(method), params: { ...rest, arguments: rest.arguments ?? {} } }
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
