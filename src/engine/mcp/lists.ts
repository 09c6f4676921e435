// What clients ask of all offers of a server at once: lists and completions. The SDK leaves them unguarded, so each is asked
// with the caller of its own request.
import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import type { CallerOf, Completable, Known, Offer, Stranger } from './handler.ts'

const MAX_SUGGESTIONS = 100

type Sdk = McpServer['server']

/** A prompt by its name, or a resource by its address. */
export interface Reference {
  readonly type: string
  readonly name?: string
  readonly uri?: string
}

/** Finds what a completion is for. */
export type Find = (ref: Reference) => Partial<Completable> | undefined

/** Answers lists and completions for all offers of a kind. */
export type Answer<Kind> = (sdk: Sdk, offers: readonly Kind[], callerOf: CallerOf, find: Find) => void

/** Those that lists show to a caller. */
export async function listedFor<One extends Offer>(
  offers: readonly One[],
  caller: Known | Stranger,
): Promise<readonly One[]> {
  const shown = await Promise.all(offers.map((offer) => offer.isListed?.(caller) ?? true))
  return offers.filter((_offer, index) => shown[index])
}

/** Answers completions, where a server has any. */
export function answerCompletions(sdk: Sdk, callerOf: CallerOf, find: Find): void {
  if (!sdk.getCapabilities().completions) return
  sdk.setRequestHandler('completion/complete', async ({ params: { ref, argument } }, mcp) => {
    const completed = find(ref)
    if (!completed) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is nothing of that name.')
    const found = (await completed.complete?.(argument.name, argument.value, callerOf(mcp), mcp)) ?? []
    const values = found.slice(0, MAX_SUGGESTIONS)
    return { completion: { values, total: found.length, hasMore: values.length < found.length } }
  })
}
