// A registered client, as it is stored.
import type { ClientMetadata } from './metadata.ts'

export interface Client {
  readonly id: string
  /** The issuer at which it registered; it exists nowhere else. */
  readonly issuer: string
  readonly metadata: ClientMetadata
  /** SHA-256 of the client secret; absent for a public client. */
  readonly secretHash?: string
  /** Seconds since the epoch (RFC 7591 §3.2.1). */
  readonly issuedAt: number
}

/** What to call a client that gave no name. */
export function displayName(client: Client): string {
  return client.metadata.client_name ?? 'An app without a name'
}
