// Decides for each client of the old server whether it is registered here, and as what. Reads and writes nothing.
import { displayable } from '#engine/http/displayable.ts'
import { type ClientMetadata, withoutAbsent } from '#engine/oauth/clients/metadata.ts'
import type { OwnedClient } from '#engine/oauth/clients/owned-store.ts'
import { matchesRedirectUri } from '#engine/oauth/clients/redirect-uri.ts'
import { appMetadata, newOwnedId } from '../owned-app.ts'
import type { ProviderRecord } from './source.ts'

/** A client that came from the old server. The server ignores the mark, and every command keeps it. */
export type ImportedClient = OwnedClient & {
  /** Its id there. A second import does not bring back a secret that was rotated here. */
  readonly importedFrom?: string
}

/** What becomes of a client of the old server. */
export type Step = {
  readonly oldId: string
  readonly name: string
} /** `same`: an earlier step registers this public app, and its id serves both. */ & (
  | { readonly kind: 'new' | 'same' | 'present'; readonly client: ImportedClient }
  | { readonly kind: 'left_out'; readonly reason: string }
)

interface Here {
  /** The clients that the owner has registered here. */
  readonly existing: readonly ImportedClient[]
  /** Redirect URIs with an app's own scheme that are known here. */
  readonly ofApps: readonly string[]
  /** Old ids that the owner named. Without any: all but those that registered themselves. */
  readonly named: readonly string[]
}

/** In the order of the records. */
export function planImport(records: readonly ProviderRecord[], here: Here): Step[] {
  const known = [...here.existing]
  return records.filter(isNamed).map((record) => {
    const step = stepFor(record, known, here)
    if (step.kind === 'new') known.push(step.client)
    return step
  })

  function isNamed({ clientId }: ProviderRecord): boolean {
    return here.named.length === 0 || here.named.includes(String(clientId))
  }
}

function stepFor(record: ProviderRecord, known: readonly ImportedClient[], here: Here): Step {
  const oldId = displayable(record.clientId) ?? '(no id)'
  const of = { oldId, name: displayable(record.clientName) ?? `App ${oldId}` }
  const imported = known.find(({ importedFrom }) => importedFrom === oldId)
  if (imported) return { ...of, kind: 'present', client: imported }
  const leaveOut = (reason: string): Step => ({ ...of, kind: 'left_out', reason })
  if (typeof record.clientId !== 'string') return leaveOut('this is no record of workers-oauth-provider')
  if (here.named.length === 0 && hasRegisteredItself(record))
    return leaveOut('it registered itself; to import it nevertheless, name its id')
  try {
    const client = clientFrom(record, of, here.ofApps)
    const same = known.find((one) => isSamePublicApp(one, client))
    if (!same) return { ...of, kind: 'new', client }
    return { ...of, kind: here.existing.includes(same) ? 'present' : 'same', client: same }
  } catch (error) {
    return leaveOut((error as Error).message)
  }
}

/**
 * Versions 1.0 and later write an expiry into what an app registered at /register, and into nothing else. Records of
 * earlier versions do not tell.
 */
function hasRegisteredItself({ registrationExpiresAt }: ProviderRecord): boolean {
  return registrationExpiresAt !== undefined
}

/** @throws Error, whose message is why this server refuses it */
function clientFrom(
  record: ProviderRecord,
  { oldId, name }: { readonly oldId: string; readonly name: string },
  ofApps: readonly string[],
): ImportedClient {
  const claimed = withoutAbsent({
    client_name: name,
    client_uri: record.clientUri,
    redirect_uris: record.redirectUris,
    token_endpoint_auth_method: record.tokenEndpointAuthMethod,
    jwks_uri: record.jwksUri,
  })
  const metadata = appMetadata(claimed, ofApps)
  return {
    id: newOwnedId(),
    metadata,
    ...secretOf(record, metadata),
    issuedAt: Math.floor(Date.now() / 1000),
    importedFrom: oldId,
  }
}

/** Both servers keep the SHA-256 of a secret: theirs in hex, this one in base64url. So the secret remains good. */
function secretOf(
  { clientSecret }: ProviderRecord,
  { token_endpoint_auth_method: method }: ClientMetadata,
): Pick<OwnedClient, 'secretHash'> {
  if (method === 'none' || method === 'private_key_jwt') return {}
  if (typeof clientSecret !== 'string' || !/^[0-9a-f]{64}$/.test(clientSecret))
    throw new Error('it has a secret, but its record holds no SHA-256 of it')
  return { secretHash: Buffer.from(clientSecret, 'hex').toString('base64url') }
}

/** Each computer of an app's user may have registered it again, at another port of the loopback address. */
function isSamePublicApp(one: OwnedClient, another: OwnedClient): boolean {
  const [a, b] = [one.metadata, another.metadata]
  const isCovered = (uris: readonly string[], by: readonly string[]) =>
    uris.every((uri) => matchesRedirectUri(by, uri))
  return (
    [a, b].every(({ token_endpoint_auth_method: method }) => method === 'none') &&
    a.client_name === b.client_name &&
    isCovered(a.redirect_uris, b.redirect_uris) &&
    isCovered(b.redirect_uris, a.redirect_uris)
  )
}
