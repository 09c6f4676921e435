// Access tokens that only their server can read: it is asked what each is (RFC 7662). An answer is remembered for a
// minute at most, which is how long a revocation may go unnoticed.
import type { Context } from 'hono'
import { BoundedMap } from '../../cache/bounded-map.ts'
import { SingleFlight } from '../../cache/single-flight.ts'
import { sha256 } from '../../crypto/digest.ts'
import { OAuthError, tooOften } from '../../http/errors.ts'
import { withinLimit } from '../../http/limits.ts'
import { addressKey } from '../../http/requester.ts'
import type { AccessToken } from '../../oauth/tokens/access-token.ts'
import type { ForeignServer } from '../../settings/authorization-servers.ts'
import { accessTokenFrom, invalid, type Trust } from './claims.ts'
import { discover, requireEndpoint } from './discovery.ts'
import { fetchJson, logUnanswered, Unanswered } from './fetch-json.ts'
import { joined, PATIENCE_MS, Remembered } from './remembered.ts'

/** A refusal for less: copies of a server learn of a token at different times. */
const REMEMBER_REFUSAL_MS = 10_000
const MAX_REMEMBERED = 10_000

interface Verdict {
  readonly answer: AccessToken | OAuthError
  /** Milliseconds since the epoch. */
  readonly askedAt: number
}

interface Endpoint {
  readonly url: string
  readonly takesBasic: boolean
}

/** By a hash of the token. Bounded: of 10,001 tokens the one that was asked about longest ago is asked about once more. */
const verdicts = new BoundedMap<string, Verdict>(MAX_REMEMBERED)
const questions = new SingleFlight<string, Verdict>(PATIENCE_MS)
const endpoints = new WeakMap<ForeignServer, Remembered<Endpoint>>()

/**
 * What a token's server says of it.
 * @param rememberMs how old its answer may be
 * @throws OAuthError `invalid_token`, 429 · Unanswered
 */
export async function introspect(
  c: Context,
  trust: Trust,
  token: string,
  rememberMs: number,
): Promise<AccessToken> {
  // One token may mean different things at two hostnames of this Worker.
  const key = await sha256(JSON.stringify([trust.server.issuer, trust.audience, token]))
  const known = verdicts.get(key)
  const fresh = known && isFresh(known, rememberMs) ? known : undefined
  if (!fresh) await requireWithinLimit(c, known)
  const { answer } = fresh ?? (await joined(c, questions, key, () => ask(c, trust, token, key)))
  if (answer instanceof OAuthError) throw answer
  return answer
}

// Strangers can invent tokens, and each would cause one request to the other server. So each counts for the address that
// sends it. A token that was active at its last introspection does not count.
async function requireWithinLimit(c: Context, known: Verdict | undefined): Promise<void> {
  if (known && !(known.answer instanceof OAuthError)) return
  if (!(await withinLimit(c.env.TOKEN_LIMIT, `unknown token from ${addressKey(c)}`))) throw tooOften()
}

function isFresh({ answer, askedAt }: Verdict, rememberMs: number): boolean {
  const age = Date.now() - askedAt
  if (answer instanceof OAuthError) return age < Math.min(rememberMs, REMEMBER_REFUSAL_MS)
  return age < rememberMs && Date.now() < answer.expiresAt * 1000
}

async function ask(c: Context, trust: Trust, token: string, key: string): Promise<Verdict> {
  const endpoint = await endpointOf(trust.server).current(c)
  const askedAt = Date.now()
  const claims = await fetchJson(endpoint.url, requestFor(trust.server, endpoint, token))
    .then(requireActivity)
    .catch((error) => {
      logUnanswered(trust.server, error)
      throw error
    })
  const verdict = { answer: await judge(trust, claims), askedAt }
  verdicts.set(key, verdict)
  return verdict
}

async function judge(trust: Trust, claims: Record<string, unknown>): Promise<AccessToken | OAuthError> {
  if (!claims.active) return invalid('is not active')
  return accessTokenFrom(trust, { claims, isAccessToken: false }).catch((error: unknown) => {
    if (error instanceof OAuthError) return error
    throw error
  })
}

// RFC 7662 §2.2. Whatever else a broken server says, it says nothing about the token.
function requireActivity(claims: Record<string, unknown>): Record<string, unknown> {
  if (typeof claims.active !== 'boolean') throw new Unanswered('It does not say whether a token is active')
  return claims
}

// RFC 7662 §2.1: a server answers only authenticated callers, here by RFC 6749 §2.3.1.
function requestFor({ introspection }: ForeignServer, { takesBasic }: Endpoint, token: string) {
  const { clientId = '', clientSecret = '' } = introspection ?? {}
  const body = new URLSearchParams({ token, token_type_hint: 'access_token' })
  if (takesBasic) {
    const credentials = btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)
    return { method: 'POST', body, headers: { Authorization: `Basic ${credentials}` } }
  }
  body.set('client_id', clientId)
  body.set('client_secret', clientSecret)
  return { method: 'POST', body }
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

function endpointOf(server: ForeignServer): Remembered<Endpoint> {
  const endpoint = endpoints.get(server) ?? new Remembered(server, () => findEndpoint(server))
  endpoints.set(server, endpoint)
  return endpoint
}

// RFC 8414 §2 has no default for the methods; Basic is what every server must know (RFC 6749 §2.3.1).
async function findEndpoint(server: ForeignServer): Promise<Endpoint> {
  const metadata = await discover(server)
  const methods = metadata.introspection_endpoint_auth_methods_supported
  return {
    url: requireEndpoint(server, metadata, 'introspection_endpoint'),
    takesBasic: !Array.isArray(methods) || methods.includes('client_secret_basic'),
  }
}
