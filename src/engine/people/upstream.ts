// What a person's upstream sign-in lets tools do for them: encrypted at rest (AES-256-GCM) under keys of its own, bound
// to the account and the provider, so that no record can be read, or moved to another account.
import { base64url } from 'jose'
import * as oauth from 'oauth4webapi'
import { fetchOutside } from '../http/outgoing.ts'
import type { Settings } from '../settings/load.ts'
import { isLoopback } from '../settings/secure-address.ts'
import { requireSetting } from '../settings/setting.ts'

export interface UpstreamGrant {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  /** Milliseconds since the epoch; undefined for a token that lasts. */
  readonly expiresAt: number | undefined
  readonly tokenEndpoint: string
  /** How the client says there who it is: RFC 6749 §2.3.1, in the header or in the body. */
  readonly authentication: 'client_secret_basic' | 'client_secret_post'
  /** The settings that hold the client's credentials at the provider. */
  readonly clientIdSetting: string
  readonly clientSecretSetting: string
  /** Where the token may be sent. */
  readonly origins: readonly string[]
}

export interface Encrypted {
  /** The version of the key. */
  readonly version: string
  readonly iv: Uint8Array<ArrayBuffer>
  readonly data: ArrayBuffer
}

/** @param boundTo the account and the provider. The record does not hold them. */
export async function encrypt(settings: Settings, boundTo: string, grant: UpstreamGrant): Promise<Encrypted> {
  const [newest] = settings.upstreamKeys
  if (!newest) throw new Error('There is no key for upstream tokens.')
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const key = await importKey(newest.key)
  const data = await crypto.subtle.encrypt(cipher(iv, boundTo), key, encode(JSON.stringify(grant)))
  return { version: newest.version, iv, data }
}

/** The grant; undefined when its key is gone, or the record is bound to another account or provider. */
export async function decrypt(
  settings: Settings,
  boundTo: string,
  { version, iv, data }: Encrypted,
): Promise<UpstreamGrant | undefined> {
  const known = settings.upstreamKeys.find((one) => one.version === version)
  if (!known) return undefined
  try {
    const plain = await crypto.subtle.decrypt(cipher(iv, boundTo), await importKey(known.key), data)
    return JSON.parse(new TextDecoder().decode(plain))
  } catch {
    return undefined
  }
}

function importKey(key: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', new Uint8Array(base64url.decode(key)), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ])
}

function cipher(iv: Uint8Array<ArrayBuffer>, boundTo: string) {
  return { name: 'AES-GCM', iv, additionalData: encode(boundTo) }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** How long before its end a token is refreshed. */
const EARLY_MS = 60_000

export function isFresh({ expiresAt }: UpstreamGrant): boolean {
  return expiresAt === undefined || Date.now() < expiresAt - EARLY_MS
}

/** The answers that end a grant: RFC 6749 §5.2, and GitHub's own word. Every other refusal may be over in a minute. */
const GRANT_ENDED: readonly unknown[] = ['invalid_grant', 'bad_refresh_token']

/**
 * RFC 6749 §6. Returns undefined when the provider says that the grant is over.
 * @throws when the provider says anything else but a new token: the stored one stays
 */
export async function refreshUpstream(env: Env, grant: UpstreamGrant): Promise<UpstreamGrant | undefined> {
  if (grant.refreshToken === undefined) return undefined
  const { tokenEndpoint, authentication } = grant
  const secret = requireSetting(env, grant.clientSecretSetting)
  const response = await oauth.refreshTokenGrantRequest(
    { issuer: tokenEndpoint, token_endpoint: tokenEndpoint },
    { client_id: requireSetting(env, grant.clientIdSetting) },
    authentication === 'client_secret_basic'
      ? oauth.ClientSecretBasic(secret)
      : oauth.ClientSecretPost(secret),
    grant.refreshToken,
    {
      signal: () => AbortSignal.timeout(10_000),
      [oauth.customFetch]: (url: string, init: object) => fetchOutside(url, init),
      [oauth.allowInsecureRequests]: isLoopback(new URL(tokenEndpoint).hostname),
    },
  )
  const answer = await readAnswer(response)
  // GitHub refuses with a 200, too.
  if (GRANT_ENDED.includes(answer.error)) return undefined
  if (!response.ok || typeof answer.access_token !== 'string') {
    throw new Error(`Upstream answered ${response.status} without a token.`)
  }
  return {
    ...grant,
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? grant.refreshToken,
    expiresAt: answer.expires_in === undefined ? undefined : Date.now() + answer.expires_in * 1000,
  }
}

interface RefreshAnswer {
  readonly access_token?: string
  readonly refresh_token?: string
  /** Seconds. */
  readonly expires_in?: number
  readonly error?: string
}

/** An answer of another form says nothing. */
async function readAnswer(response: Response): Promise<RefreshAnswer> {
  const answer: unknown = await response.json().catch(() => undefined)
  return typeof answer === 'object' && answer !== null ? answer : {}
}
