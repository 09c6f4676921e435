// What `npm run client` registers: its id, its record, and what an app for people may say about itself.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { displayable } from '#engine/http/displayable.ts'
import { type ScriptRecord, scriptRecord } from '#engine/log/script-store.ts'
import { type ClientMetadata, isStringArray, validateClientMetadata } from '#engine/oauth/clients/metadata.ts'
import { type OwnedClient, ownedKey } from '#engine/oauth/clients/owned-store.ts'
import { judgeRedirectUri } from '#engine/oauth/clients/redirect-uri.ts'
import type { Entry } from './record-store.ts'

export function newOwnedId(): string {
  return `owned_${randomBytes(16).toString('base64url')}`
}

export function entryOf(client: OwnedClient): Entry {
  return { key: ownedKey(client.id), value: JSON.stringify(client) }
}

/** The line about it on the owner's page. */
export function happened(
  event: Parameters<typeof scriptRecord>[0],
  { id, metadata }: OwnedClient,
): ScriptRecord {
  const user = process.env.USER ?? process.env.USERNAME
  const operator = displayable(user === undefined ? hostname() : `${user}@${hostname()}`)
  return scriptRecord(event, { id, name: displayable(metadata.client_name) }, operator)
}

/**
 * The metadata of an app for people, held to what holds for an app that registers itself. No redirect URI is dropped
 * in silence.
 * @param claimed in the words of RFC 7591, without its grant types
 * @param ofApps redirect URIs with an app's own scheme that are known here
 * @throws Error for a redirect URI with an unknown scheme · OAuthError for all else that is refused
 */
export function appMetadata(claimed: Record<string, unknown>, ofApps: readonly string[]): ClientMetadata {
  const uris = isStringArray(claimed.redirect_uris) ? claimed.redirect_uris : []
  const unknown = uris.find((uri) => judgeRedirectUri(uri, ofApps).kind === 'unknown')
  if (unknown !== undefined) {
    throw new Error(
      `${unknown} has an app's own scheme, which any program can claim. Add it to APP_REDIRECT_URIS in wrangler.toml first.`,
    )
  }
  return validateClientMetadata({ ...claimed, grant_types: ['authorization_code', 'refresh_token'] }, ofApps)
}
