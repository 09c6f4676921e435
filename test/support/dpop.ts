// A client's key, and the proofs of it (RFC 9449 §4), right or wrong in one way.
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { sha256 } from '#engine/crypto/digest.ts'
import { callTool } from './oauth-client.ts'
import { MCP_URL, ORIGIN, send } from './worker.ts'

interface Changes {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
}

export class DpopKey {
  readonly jwk: JWK
  readonly jkt: string
  readonly #privateKey: CryptoKey
  readonly #alg: string

  private constructor(alg: string, privateKey: CryptoKey, jwk: JWK, jkt: string) {
    this.#alg = alg
    this.#privateKey = privateKey
    this.jwk = jwk
    this.jkt = jkt
  }

  static async create(alg = 'ES256'): Promise<DpopKey> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = await exportJWK(publicKey)
    return new DpopKey(alg, privateKey, jwk, await calculateJwkThumbprint(jwk))
  }

  privateJwk(): Promise<JWK> {
    return exportJWK(this.#privateKey)
  }

  /** A proof for a request; `changes` replace or remove (undefined) what it says. */
  proof(htm: string, htu: string, changes: Changes = {}): Promise<string> {
    const claims = { jti: crypto.randomUUID(), htm, htu, iat: Math.floor(Date.now() / 1000) }
    return new SignJWT({ ...claims, ...changes.claims })
      .setProtectedHeader({ alg: this.#alg, typ: 'dpop+jwt', jwk: this.jwk, ...changes.header })
      .sign(this.#privateKey)
  }

  /** For the token endpoint. */
  async forToken(changes: Changes = {}): Promise<Record<string, string>> {
    return { DPoP: await this.proof('POST', `${ORIGIN}/token`, changes) }
  }

  /** For a call with an access token. */
  async forCall(token: string, changes: Changes = {}): Promise<Record<string, string>> {
    const claims = { ath: await sha256(token), ...changes.claims }
    const proof = await this.proof('POST', MCP_URL, { ...changes, claims })
    return { Authorization: `DPoP ${token}`, DPoP: proof }
  }

  /** Calls a tool with a proof. */
  async call(token: string, name = 'whoami', changes: Changes = {}): Promise<Response> {
    return callWith(await this.forCall(token, changes), name)
  }
}

/** Calls a tool with these headers in place of a bearer token. */
export async function callWith(headers: Record<string, string>, name = 'whoami'): Promise<Response> {
  return callTool(undefined, name, {}, ORIGIN, headers)
}

/** Sends a message of the `initialize` era, or opens its stream, with these headers. */
export function sendWith(headers: Record<string, string>, method: 'POST' | 'GET', message?: object) {
  return send(MCP_URL, {
    method,
    headers: {
      Accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
      ...(message && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(message && { body: JSON.stringify(message) }),
  })
}
