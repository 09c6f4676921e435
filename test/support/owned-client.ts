// A client as `npm run client -- add` makes it.
import { env } from 'cloudflare:workers'
import { base64url } from 'jose'
import { sha256 } from '#engine/crypto/digest.ts'
import { randomSecret } from '#engine/crypto/secrets.ts'
import { type OwnedClient, ownedKey } from '#engine/oauth/clients/owned-store.ts'
import { OAuthClient, REDIRECT_URI } from './oauth-client.ts'
import { form, ORIGIN, send } from './worker.ts'

type Fields = Record<string, string | readonly string[] | undefined>

export class Machine {
  readonly id = `owned_${base64url.encode(crypto.getRandomValues(new Uint8Array(16)))}`
  readonly secret = randomSecret()

  static async owned(changes: Partial<OwnedClient> = {}): Promise<Machine> {
    const machine = new Machine()
    const client: OwnedClient = {
      id: machine.id,
      metadata: {
        client_name: 'Nightly build',
        redirect_uris: [],
        grant_types: ['client_credentials'],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_basic',
      },
      secretHash: await sha256(machine.secret),
      scopes: ['notes:read'],
      issuedAt: 0,
      ...changes,
    }
    await env.RECORDS.put(ownedKey(machine.id), JSON.stringify(client))
    return machine
  }

  /** A valid token request, with the changes. */
  token(fields: Fields = {}, headers: Record<string, string> = {}): Promise<Response> {
    const valid = {
      grant_type: 'client_credentials',
      client_id: this.id,
      client_secret: this.secret,
      resource: `${ORIGIN}/mcp`,
    }
    return send('/token', { method: 'POST', body: form({ ...valid, ...fields }), headers })
  }
}

type Proof = Pick<OwnedClient['metadata'], 'token_endpoint_auth_method' | 'jwks'>

/** An app for people, as `npm run client -- add --redirect-uri` makes it. */
export async function ownedApp(
  proof: Proof = { token_endpoint_auth_method: 'none' },
  changes: Partial<OwnedClient['metadata']> = {},
): Promise<OAuthClient> {
  const id = `owned_${base64url.encode(crypto.getRandomValues(new Uint8Array(16)))}`
  const secret = proof.token_endpoint_auth_method === 'client_secret_basic' ? randomSecret() : undefined
  const client: OwnedClient = {
    id,
    metadata: {
      client_name: 'Desk & Co',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      ...proof,
      ...changes,
    },
    ...(secret !== undefined && { secretHash: await sha256(secret) }),
    issuedAt: 0,
  }
  await env.RECORDS.put(ownedKey(id), JSON.stringify(client))
  return OAuthClient.owned(id, secret)
}
