// What the doctor looks at: one entry a rule. A check throws an Error that says what it saw.
import { bearerChallenge, type Challenge } from './challenges.ts'
import type { Check } from './examine.ts'
import { isLoopback } from './loopback.ts'
import { metadataUrls, resourceMetadataPath } from './well-known.ts'

type Json = Record<string, unknown>

/** The server under examination, and what earlier checks have found of it. */
export interface Patient {
  readonly mcp: URL
  /** The Bearer challenge of a request without a token. */
  challenge: Challenge['parameters']
  resourceMetadata: Json
  issuer: string
  serverMetadata: Json
}

const TIMEOUT_MS = 10_000
const ORIGIN_OF_A_PAGE = 'https://app.example'
const REGISTRATION = {
  client_name: 'doctor',
  redirect_uris: ['http://127.0.0.1:3000/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
  application_type: 'native',
}
const ABSENT = { client_uri: null, software_id: '', contacts: [] }

/** A server of which nothing is known but its address. */
export function newPatient(mcp: URL): Patient {
  return { mcp, challenge: new Map(), resourceMetadata: {}, issuer: mcp.origin, serverMetadata: {} }
}

export const CHECKS: readonly Check<Patient>[] = [
  {
    rule: 'It is served over https, or on this computer',
    fix: 'Serve it over https. Plain http works for clients on the same computer only.',
    look: async ({ mcp }) => {
      if (mcp.protocol !== 'https:' && !isLoopback(mcp)) throw new Error(`The address is ${mcp.protocol}//`)
    },
  },
  {
    rule: 'Its clock is right',
    fix: 'Set the clock: tokens are refused when clocks are more than a minute apart.',
    look: async ({ mcp }) => {
      const date = Date.parse((await get(mcp)).headers.get('Date') ?? '')
      const seconds = Math.round(Math.abs(Date.now() - date) / 1000)
      if (seconds > 60) throw new Error(`It is ${seconds} seconds away from this computer's.`)
    },
  },
  {
    rule: 'A request without a token is answered with 401 and a Bearer challenge',
    fix: 'Answer 401 with `WWW-Authenticate: Bearer resource_metadata="…"`, and no error code (RFC 6750 §3.1, RFC 9728 §5.1).',
    look: async (patient) => {
      const response = await post(patient.mcp, { jsonrpc: '2.0', id: 1, method: 'ping' })
      const header = response.headers.get('WWW-Authenticate') ?? ''
      const challenge = bearerChallenge(header)
      if (challenge) patient.challenge = challenge
      expectStatus(response, 401)
      if (!challenge) throw new Error(`WWW-Authenticate is "${header}".`)
      if (challenge.has('error')) throw new Error('The challenge has an error code although no token came.')
    },
  },
  {
    rule: 'The challenge names the metadata by an absolute address',
    fix: 'Put the absolute URL, with the path inserted after the well-known part, into resource_metadata (RFC 9728 §5.1).',
    look: async ({ challenge }) => {
      const url = resourceMetadataUrl(challenge)
      if (!URL.canParse(url)) throw new Error(`resource_metadata is "${url}".`)
    },
  },
  {
    rule: 'GET is challenged, too, before any 405',
    fix: 'Check the token before the method: some clients begin with GET.',
    look: async ({ mcp }) => expectStatus(await get(mcp), 401),
  },
  {
    rule: 'A wrong token is answered with 401 and invalid_token',
    fix: 'Add error="invalid_token" to the challenge, so that clients refresh (RFC 6750 §3.1).',
    look: async ({ mcp }) => {
      const response = await get(mcp, { Authorization: 'Bearer wrong' })
      expectStatus(response, 401)
      const header = response.headers.get('WWW-Authenticate') ?? ''
      if (bearerChallenge(header)?.get('error') !== 'invalid_token')
        throw new Error(`WWW-Authenticate is "${header}".`)
    },
  },
  {
    rule: 'Protected resource metadata is where the challenge says',
    fix: 'Serve RFC 9728 metadata there, with authorization_servers.',
    look: async (patient) => {
      patient.resourceMetadata = await getJson(new URL(resourceMetadataUrl(patient.challenge)))
      const [issuer] = list(patient.resourceMetadata.authorization_servers)
      if (issuer === undefined) throw new Error('It names no authorization_servers.')
      patient.issuer = issuer
    },
  },
  {
    rule: 'Protected resource metadata names the address that people paste',
    fix: 'Set resource to exactly that address: clients compare it (RFC 9728 §3.3).',
    look: async ({ mcp, resourceMetadata }) => expectSame('resource', resourceMetadata.resource, mcp.href),
  },
  {
    rule: 'Protected resource metadata is at both well-known addresses',
    fix: 'Serve it with the path inserted and at the root: clients look at one or the other.',
    look: async ({ mcp }) => {
      const root = '/.well-known/oauth-protected-resource'
      for (const path of [root + mcp.pathname, root]) await getJson(new URL(path, mcp))
    },
  },
  {
    rule: 'Authorization server metadata is there',
    fix: 'Serve RFC 8414 metadata at /.well-known/oauth-authorization-server of the issuer.',
    look: async (patient) => {
      patient.serverMetadata = await firstJson(metadataUrls(new URL(patient.issuer)))
    },
  },
  {
    rule: 'The issuer is the same string everywhere, without a trailing slash',
    fix: 'Make issuer equal to the entry in authorization_servers, letter for letter (RFC 8414 §3.3).',
    look: async ({ issuer, serverMetadata }) => {
      expectSame('issuer', serverMetadata.issuer, issuer)
      if (issuer.endsWith('/')) throw new Error(`The issuer is ${issuer}`)
    },
  },
  {
    rule: 'The endpoints are at the root of the issuer',
    fix: 'Serve /authorize, /token and /register there: some clients make these addresses up.',
    look: async ({ issuer, serverMetadata }) => {
      for (const [name, path] of [
        ['authorization_endpoint', '/authorize'],
        ['token_endpoint', '/token'],
        ['registration_endpoint', '/register'],
      ] as const) {
        const isOff = name === 'registration_endpoint' && !offersRegistration(serverMetadata)
        if (!isOff) expectSame(name, serverMetadata[name], new URL(issuer).origin + path)
      }
    },
  },
  {
    rule: 'PKCE with S256 is advertised',
    fix: 'Add "S256" to code_challenge_methods_supported: clients refuse to begin without it.',
    look: async ({ serverMetadata }) =>
      expectListed(serverMetadata, 'code_challenge_methods_supported', 'S256'),
  },
  {
    rule: 'iss in authorization responses is advertised',
    fix: 'Send iss with every response and set authorization_response_iss_parameter_supported (RFC 9207).',
    look: async ({ serverMetadata }) =>
      expectSame(
        'authorization_response_iss_parameter_supported',
        serverMetadata.authorization_response_iss_parameter_supported,
        true,
      ),
  },
  {
    rule: 'Client metadata documents are supported, for public clients',
    fix: 'Set client_id_metadata_document_supported, and list none in token_endpoint_auth_methods_supported.',
    look: async ({ serverMetadata }) => {
      const name = 'client_id_metadata_document_supported'
      expectSame(name, serverMetadata[name], true)
      expectListed(serverMetadata, 'token_endpoint_auth_methods_supported', 'none')
    },
  },
  {
    rule: 'A client can register, where that is offered',
    fix: 'Answer RFC 7591 registration with 201, and leave out what is absent: null breaks clients. Take null, "" and [] for absent: some clients write each field that they know.',
    registers: true,
    look: async ({ serverMetadata }) => {
      if (!offersRegistration(serverMetadata)) return
      const endpoint = new URL(String(serverMetadata.registration_endpoint))
      const response = await post(endpoint, { ...REGISTRATION, ...ABSENT })
      // To tell which of the two it refuses.
      if (response.status >= 400 && (await post(endpoint, REGISTRATION)).status === 201)
        throw new Error(`It refuses absent fields that are null or empty: ${JSON.stringify(ABSENT)}`)
      expectStatus(response, 201)
      const registered = (await response.json()) as Json
      const nulls = Object.keys(registered).filter((name) => registered[name] === null)
      if (nulls.length > 0) throw new Error(`These are null: ${nulls.join(', ')}`)
      if (typeof registered.client_id !== 'string') throw new Error('There is no client_id.')
    },
  },
  {
    rule: 'An unknown client at the token endpoint is answered with 401 invalid_client',
    fix: 'Answer exactly that, and only when it is true: clients register again on it.',
    look: async ({ serverMetadata }) => {
      const body = { grant_type: 'refresh_token', refresh_token: 'none', client_id: 'unknown' }
      const response = await send(new URL(String(serverMetadata.token_endpoint)), {
        method: 'POST',
        body: new URLSearchParams(body),
      })
      expectStatus(response, 401)
      expectSame('error', ((await response.json()) as Json).error, 'invalid_client')
    },
  },
  {
    rule: 'Pages of other origins may call /mcp',
    fix: 'Answer preflights with Access-Control-Allow-Origin, and allow authorization, content-type and the mcp headers by name.',
    look: async ({ mcp }) => {
      const allowed = await preflight(mcp)
      const missing = ['authorization', 'content-type', 'mcp-protocol-version'].filter(
        (name) => !allowed.includes(name),
      )
      if (missing.length > 0) throw new Error(`Not allowed by name: ${missing.join(', ')}`)
    },
  },
  {
    rule: 'Pages of other origins may read the challenge',
    fix: 'Add WWW-Authenticate to Access-Control-Expose-Headers.',
    look: async ({ mcp }) => {
      const exposed =
        (await get(mcp, { Origin: ORIGIN_OF_A_PAGE })).headers.get('Access-Control-Expose-Headers') ?? ''
      if (!exposed.toLowerCase().includes('www-authenticate')) throw new Error(`Exposed is "${exposed}".`)
    },
  },
  {
    rule: 'Pages of other origins may use the endpoints and the metadata',
    fix: 'Send Access-Control-Allow-Origin there, too.',
    look: async ({ mcp, serverMetadata }) => {
      await preflight(new URL(String(serverMetadata.token_endpoint)))
      await preflight(new URL(resourceMetadataPath(mcp), mcp))
      for (const name of ['registration_endpoint', 'revocation_endpoint']) {
        if (serverMetadata[name] !== undefined) await preflight(new URL(String(serverMetadata[name])))
      }
    },
  },
  {
    rule: 'A well-known address that does not exist is 404',
    fix: 'Answer 404: anything in the 500s ends discovery in some clients, and a 200 misleads others.',
    look: async ({ mcp }) => expectStatus(await get(new URL('/.well-known/nothing-is-here', mcp)), 404),
  },
]

/** A server that accepts only metadata documents or known clients has no such endpoint. */
function offersRegistration(serverMetadata: Json): boolean {
  return serverMetadata.registration_endpoint !== undefined
}

function resourceMetadataUrl(challenge: Challenge['parameters']): string {
  return challenge.get('resource_metadata') ?? ''
}

/** The headers that a preflight allows, in lower case. */
async function preflight(url: URL): Promise<string> {
  const response = await send(url, {
    method: 'OPTIONS',
    headers: {
      Origin: ORIGIN_OF_A_PAGE,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization, content-type, mcp-protocol-version',
    },
  })
  if (!response.ok) throw new Error(`The preflight of ${url.pathname} is answered with ${response.status}.`)
  const origin = response.headers.get('Access-Control-Allow-Origin')
  if (origin !== '*' && origin !== ORIGIN_OF_A_PAGE)
    throw new Error(`${url.pathname} does not allow other origins.`)
  return (response.headers.get('Access-Control-Allow-Headers') ?? '').toLowerCase()
}

// A connection that breaks says nothing about the server, such as one that is being deployed anew. So it counts only when
// the next one breaks, too.
function send(url: URL, init: RequestInit = {}): Promise<Response> {
  const request = () => fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS), ...init })
  return request().catch((error: unknown) => {
    if (error instanceof TypeError) return request()
    throw error
  })
}

function get(url: URL, headers: Record<string, string> = {}): Promise<Response> {
  return send(url, { headers })
}

function post(url: URL, body: object): Promise<Response> {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' }
  return send(url, { method: 'POST', body: JSON.stringify(body), headers })
}

/** The first metadata that is found; otherwise the problem of the first address. */
async function firstJson([first, ...others]: readonly URL[]): Promise<Json> {
  if (!first) throw new Error('The issuer has no metadata address.')
  try {
    return await getJson(first)
  } catch (error) {
    for (const url of others) {
      const found = await getJson(url).catch(() => undefined)
      if (found) return found
    }
    throw error
  }
}

async function getJson(url: URL): Promise<Json> {
  const response = await get(url)
  if (response.status !== 200) throw new Error(`${url.href} answers ${response.status}.`)
  return (await response.json().catch(() => {
    throw new Error(`${url.href} is not JSON.`)
  })) as Json
}

function expectStatus(response: Response, status: number): void {
  if (response.status !== status) throw new Error(`It answers ${response.status} instead of ${status}.`)
}

function expectSame(name: string, found: unknown, expected: unknown): void {
  if (found !== expected)
    throw new Error(`${name} is ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}.`)
}

function expectListed(metadata: Json, name: string, value: string): void {
  if (!list(metadata[name]).includes(value)) throw new Error(`${name} is ${JSON.stringify(metadata[name])}.`)
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
