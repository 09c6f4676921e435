// Another authorization server, as this server sees it: its metadata, its keys, its word on tokens. Right in
// every way until a test changes one thing.
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'
import { expect } from 'vitest'
import worker from '#worker'
import type { DocumentHost } from './document-host.ts'
import { modernCall } from './mcp-request.ts'
import { EventStream, initialize } from './mcp-session.ts'
import { noteSecrets } from './secrets.ts'
import { MCP_URL, ORIGIN, randomAddress } from './worker.ts'

export interface Key {
  readonly alg: string
  readonly jwk: JWK
  readonly privateKey: CryptoKey
}

/** One that is undefined is not there. */
export type Claims = Readonly<Record<string, unknown>>

export interface Changes {
  readonly header?: Claims
  readonly claims?: Claims
  readonly key?: CryptoKey | Uint8Array
}

export async function newKey(alg = 'ES256', kid: string = crypto.randomUUID()): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

export class ForeignServer {
  readonly issuer: string
  readonly host: DocumentHost
  readonly metadataUrl: string
  /** The first one signs. */
  keys: Key[] = []

  private constructor(host: DocumentHost, issuer: string) {
    const { origin, pathname } = new URL(issuer)
    this.host = host
    this.issuer = issuer
    this.metadataUrl = `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`
  }

  /** @param issuer one that no other test has used */
  static async start(
    host: DocumentHost,
    issuer = `https://a${crypto.randomUUID()}.gatehouse-tests.dev`,
    alg = 'ES256',
  ): Promise<ForeignServer> {
    const server = new ForeignServer(host, issuer)
    server.keys = [await newKey(alg)]
    host.answer(server.metadataUrl, () => Response.json(server.metadata()))
    host.answer(server.jwksUrl, () => Response.json({ keys: server.keys.map(({ jwk }) => jwk) }))
    return server
  }

  get jwksUrl(): string {
    return `${new URL(this.issuer).origin}/keys`
  }

  get introspectionUrl(): string {
    return `${new URL(this.issuer).origin}/introspect`
  }

  metadata(changes: Claims = {}): object {
    const { issuer, jwksUrl: jwks_uri, introspectionUrl: introspection_endpoint } = this
    return { issuer, jwks_uri, introspection_endpoint, ...changes }
  }

  /** How often its keys were fetched. */
  get keyFetches(): number {
    return this.host.fetched.filter((url) => url === this.jwksUrl).length
  }

  claims(changes: Claims = {}): Record<string, unknown> {
    return {
      iss: this.issuer,
      aud: MCP_URL,
      sub: 'someone',
      client_id: 'an-app',
      scope: 'notes:read notes:write',
      name: 'Someone',
      iat: secondsFromNow(0),
      exp: secondsFromNow(600),
      ...changes,
    }
  }

  header(changes: Claims = {}): JWTHeaderParameters {
    const [key] = this.keys
    return { alg: key?.alg, kid: key?.jwk.kid, typ: 'at+jwt', ...changes } as JWTHeaderParameters
  }

  token({ header, claims, key }: Changes = {}): Promise<string> {
    return new SignJWT(this.claims(claims) as JWTPayload)
      .setProtectedHeader(this.header(header))
      .sign(key ?? (this.keys[0] as Key).privateKey)
  }
}

/** This server as its operator has set it up. Returns how a request reaches it. */
export function serverWith(vars: Claims) {
  const own = { ...env, ...vars } as Env
  return async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const request = new Request(new URL(url, ORIGIN), { redirect: 'manual', ...init })
    if (!request.headers.has('CF-Connecting-IP')) request.headers.set('CF-Connecting-IP', randomAddress())
    noteSecrets(`${request.url} ${JSON.stringify([...request.headers])} ${init.body ?? ''}`)
    return worker.fetch(request, own, createExecutionContext())
  }
}

export type Server = ReturnType<typeof serverWith>

export function callWith(server: Server, token: string, name = 'whoami', args: object = {}, origin = ORIGIN) {
  return server(`${origin}/mcp`, modernCall(token, name, args))
}

/** Begins a session of the `initialize` era. Returns a function that sends its later requests with a token. */
export async function openSession(server: Server, token: string) {
  const headers = {
    Accept: 'application/json, text/event-stream',
    'Content-Type': 'application/json',
    'MCP-Protocol-Version': '2025-11-25',
  }
  const sendAs = (bearer: string, message: object | undefined, id?: string) =>
    server(MCP_URL, {
      method: message ? 'POST' : 'GET',
      headers: { ...headers, Authorization: `Bearer ${bearer}`, ...(id && { 'Mcp-Session-Id': id }) },
      ...(message && { body: JSON.stringify(message) }),
    })
  const opened = await sendAs(token, initialize())
  await opened.text()
  const id = opened.headers.get('Mcp-Session-Id') as string
  return {
    post: (message: object, bearer = token) => sendAs(bearer, message, id),
    listen: async () => new EventStream(await sendAs(token, undefined, id)),
  }
}

/** RFC 6750 §3.1; the metadata is ours for every issuer. */
export function expectInvalid(response: Response): void {
  expect(response.status).toBe(401)
  const challenge = response.headers.get('WWW-Authenticate')
  expect(challenge).toMatch(/^Bearer error="invalid_token", error_description="The access token [^"]+\."/)
  expect(challenge).toContain(`resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource/mcp"`)
}
