// What a person's upstream sign-in lets tools do for them: encrypted at rest (AES-256-GCM) under keys of its own, bound
// to the account and the provider, so that no record can be read, or moved to another account.
import { base64url } from 'jose'
import * as oauth from 'oauth4webapi'
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

/** RFC 6749 §5.2, and GitHub's word for it. */
const CLIENT_ERRORS: readonly unknown[] = [
  'invalid_client',
  'unauthorized_client',
  'incorrect_client_credentials',
]

/**
 * RFC 6749 §6. Returns undefined when the provider says that the grant is over.
 * @throws when the provider does not answer, or does not know this client
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
      [oauth.allowInsecureRequests]: isLoopback(new URL(tokenEndpoint).hostname),
    },
  )
  if (response.status >= 500 || response.status === 429)
    throw new Error(`Upstream answered ${response.status}.`)
  // GitHub says 200 even when it says no.
  const answer = (await response.json()) as {
    access_token?: string
    refresh_token?: string
    expires_in?: number
    error?: string
  }
  // Our own credentials are wrong, which is nothing that signing in again would mend.
  if (response.status === 401 || CLIENT_ERRORS.includes(answer.error)) {
    throw new Error('Upstream refuses this client.')
  }
  if (!response.ok || answer.access_token === undefined) return undefined
  return {
    ...grant,
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? grant.refreshToken,
    expiresAt: answer.expires_in === undefined ? undefined : Date.now() + answer.expires_in * 1000,
  }
}
