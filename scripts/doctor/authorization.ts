// The authorization request (RFC 6749 §4.1.1, RFC 7636, RFC 8707), as a client writes it.
import { createHash, randomBytes } from 'node:crypto'
import { listOf } from './answers.ts'
import type { Client, Parameter } from './client.ts'
import type { Play } from './play.ts'

/** What a client puts for `<port>`, `<scope>` and `<grant types>`. */
export function filledIn(value: unknown, play: Play): unknown {
  if (value === '<scope>') return scopeOf(play)
  if (value === '<grant types>') return grantTypesOf(play)
  if (typeof value === 'string') return value.replace('<port>', String(play.port))
  return Array.isArray(value) ? value.map((one) => filledIn(one, play)) : value
}

/** Which scopes it asks for; empty where it finds none. */
export function scopeOf({ client, challenge, resourceMetadata, serverMetadata }: Play): string {
  const offered = listOf(serverMetadata.scopes_supported)
  if (client.scope === 'all of the authorization server') return offered.join(' ')
  const first = challenge.get('scope') ?? listOf(resourceMetadata.scopes_supported).join(' ')
  const isOffline = client.scope === 'challenge and offline_access' && offered.includes('offline_access')
  return isOffline && !first.split(' ').includes('offline_access') ? `${first} offline_access`.trim() : first
}

// VS Code names those that it knows and the server has.
function grantTypesOf({ serverMetadata }: Play): string[] {
  const known = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']
  const offered = serverMetadata.grant_types_supported
  return offered === undefined ? known : listOf(offered).filter((type) => known.includes(type))
}

/** A new request, with a state and a verifier of its own, which the play keeps. */
export function newAuthorizationUrl(play: Play): URL {
  const { client, serverMetadata } = play
  play.verifier = randomBytes(32).toString('base64url')
  play.state = randomText(client.state)
  play.scope = scopeOf(play)
  const values: Partial<Record<Parameter, string>> = {
    response_type: 'code',
    client_id: play.clientId,
    redirect_uri: play.redirectUri,
    code_challenge: createHash('sha256').update(play.verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state: play.state,
    scope: play.scope,
    // Of the first SDK: it asks for the consent that offline_access needs (OpenID Connect Core §11).
    ...(play.scope.split(' ').includes('offline_access') && { prompt: 'consent' }),
    resource: resourceOf(play),
  }
  const url = new URL(String(serverMetadata.authorization_endpoint))
  for (const [name, value] of inOrder(client.authorization, values)) url.searchParams.append(name, value)
  return url
}

/** Clients take what the metadata says. */
export function resourceOf({ resourceMetadata }: Play): string {
  return String(resourceMetadata.resource)
}

/** The parameters that have a value, as the client orders them. */
export function inOrder(
  names: readonly Parameter[],
  values: Partial<Record<Parameter, string>>,
): [Parameter, string][] {
  return names.flatMap((name) => (values[name] ? [[name, values[name]] as [Parameter, string]] : []))
}

function randomText({ length, alphabet }: Client['state']): string {
  // 3 bytes are 4 characters. base64 ends with what fills it up.
  const bytes = alphabet === 'base64' ? Math.floor((length * 3) / 4) - 2 : Math.ceil((length * 3) / 4)
  return randomBytes(bytes).toString(alphabet).slice(0, length)
}
