// Signs out: revokes what the server gave out (RFC 7009), and forgets it. A server deletes a registration that no
// grant needs.
import type { Keeper } from './kept.ts'

/** @returns whether the server has revoked it */
export async function signOut(keeper: Keeper): Promise<boolean> {
  const { client, tokens, discovery } = keeper.read()
  keeper.remove()
  if (!client || !tokens) return true
  const { revocation_endpoint: url } = (discovery?.authorizationServerMetadata ?? {}) as Partial<
    Record<'revocation_endpoint', string>
  >
  const token = tokens.refresh_token ?? tokens.access_token
  const body = new URLSearchParams({ token, client_id: client.client_id })
  const answer = url && (await fetch(url, { method: 'POST', body }).catch(() => undefined))
  return answer ? answer.ok : false
}
