// A client, and the requester of a lookup.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { addressKey } from '../../http/requester.ts'
import type { Settings } from '../../settings/load.ts'
import type { ClientMetadata } from './metadata.ts'

export interface Client {
  readonly id: string
  /** The issuer at which it registered; it exists nowhere else. Of a document client: the one that asks. */
  readonly issuer: string
  readonly metadata: ClientMetadata
  /** SHA-256 of the client secret; absent for a public client. */
  readonly secretHash?: string
  /** The most that it can do for itself; only the owner says so (see owned-store.ts). */
  readonly scopes?: readonly string[]
  /** It is a resource server that may ask about any access token; only the owner says so. */
  readonly introspects?: boolean
  /** Seconds since the epoch (RFC 7591 §3.2.1); for a document client, the time of the fetch. */
  readonly issuedAt: number
}

/** The requester of a lookup. */
export interface Lookup {
  readonly env: Env
  readonly settings: Settings
  readonly issuer: string
  /** Whose request it is, for what is fetched on its account; see addressKey(). */
  readonly address: string
}

export function lookupFor(c: Context<AppEnv>): Lookup {
  return { env: c.env, settings: c.get('settings'), issuer: c.get('issuer'), address: addressKey(c) }
}

/** What to call a client that gave no name. */
export function displayName({ metadata }: Pick<Client, 'metadata'>): string {
  return metadata.client_name ?? 'An app without a name'
}
