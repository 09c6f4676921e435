// Every endpoint and page, also the rare ones: CPU as a multiple of one ES256 verification, and operations on storage.
import { createHash, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { oursMeasured } from '../build.ts'
import { type Client, type Consent, signIn, type Tokens } from '../client.ts'
import { type Contender, newClient, PASSPHRASE, withContenders } from '../contender.ts'
import { ISSUER, type Received, type Sent } from '../load.ts'
import { toolCall } from '../mcp.ts'
import type { Section } from '../report.ts'
import { control, type Kind, type Units, unitsOf } from './units.ts'

const ROUNDS = 4
/** Requests in a round: that any client may send, and that one user may send only so often in a day. */
const [MANY, FEW] = [15, 5]
const PEOPLE = 1_000
/** What the free plan allows a request, in milliseconds of CPU. */
const FREE_PLAN = 10

const PAGES: Readonly<Record<string, string>> = {
  'health check': '/healthz',
  'resource metadata': '/.well-known/oauth-protected-resource/mcp',
  'authorization server metadata': '/.well-known/oauth-authorization-server',
  'public keys': '/jwks',
  'home page': '/',
  'sign-in page': '/login?return_to=%2Faccount',
  'device page': '/device',
  'account page': '/account',
  'data export, the page': '/account/export',
  'admin: people': '/admin',
  'admin: search': '/admin?q=person',
  'admin: apps': '/admin/apps',
  'admin: events': '/admin/events',
  'admin: events as CSV': '/admin/events/csv',
  'admin: events as JSON Lines': '/admin/events/jsonl',
}

export async function measureRequests(): Promise<Section> {
  return withContenders({ ours: oursMeasured }, async ({ ours }) => {
    const client = ours.client as Client
    await control(ours, `people?count=${PEOPLE}`)
    await control(ours, `events?count=${PEOPLE}`)
    const kinds = { ...pages(ours, client), ...(await steps(ours, client)) }
    const found: [string, Units][] = []
    for (const [name, kind] of Object.entries(kinds)) found.push([name, await unitsOf(ours, kind, ROUNDS)])
    found.sort(([, a], [, b]) => a.verifications - b.verifications)
    const most = found.at(-1) as [string, Units]
    return {
      title: 'Every request',
      tables: [
        {
          columns: ['request', '× one ES256 verification', 'operations on storage'],
          rows: found.map(([name, { verifications, operations }]) => [
            name,
            verifications.toFixed(0),
            operations,
          ]),
        },
      ],
      goals: [
        {
          rule: `no request above the ${FREE_PLAN} ms of CPU that the free plan allows, its objects included`,
          reached: found.every(([, { milliseconds }]) => milliseconds <= FREE_PLAN),
          measured: `at most ${most[1].milliseconds.toFixed(1)} ms: ${most[0]}, ${most[1].verifications.toFixed(0)} verifications`,
        },
      ],
      drawn: [],
    }
  })
}

function pages({ connection }: Contender, client: Client): Record<string, Kind<unknown>> {
  const headers = { Cookie: client.cookie, Accept: 'text/html' }
  const kinds = Object.entries(PAGES).map(([name, path]) => {
    // Who is signed in already sees no sign-in page.
    const sent = path.startsWith('/login') ? { path } : { path, headers }
    const send = async () => expectSuccess(await connection.send(sent), path)
    return [name, { send, count: MANY }]
  })
  return Object.fromEntries(kinds)
}

async function steps(one: Contender, client: Client): Promise<Record<string, Kind>> {
  const { connection } = one
  const post = async (path: string, fields: Record<string, string>, headers = {}) =>
    expectSuccess(await connection.send(formOf(path, fields, headers)), path)
  const granted = async () => {
    const consent = await client.ask()
    return { consent, code: await client.allow(consent) }
  }
  const key = await proofKey()
  let tokens = await client.connect()
  const { access_token: bound } = await (async () => {
    const { consent, code } = await granted()
    return client.exchange(code, consent, { DPoP: await key.proof('POST', `${ISSUER}/token`) })
  })()
  const another = await newClient(connection, 'ours')
  const device = await register(one, {
    client_name: 'Device',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  })
  const secret = await register(one, {
    client_name: 'Server',
    redirect_uris: ['https://client.example/callback'],
    token_endpoint_auth_method: 'client_secret_post',
  })
  return {
    'tools/call': {
      send: async () => expectSuccess(await connection.send(one.call('whoami')), '/mcp'),
      count: MANY,
    },
    'tools/call with a proof of a key (DPoP)': {
      prepare: async (): Promise<Sent> => {
        const call = toolCall('whoami', {}, bound)
        const proof = await key.proof('POST', `${ISSUER}/mcp`, bound)
        return { ...call, headers: { ...call.headers, Authorization: `DPoP ${bound}`, DPoP: proof } }
      },
      send: async (call: Sent) => expectSuccess(await connection.send(call), '/mcp'),
      count: MANY,
    },
    'sign-in by passphrase': { send: () => signIn(connection, PASSPHRASE), count: FEW },
    register: { send: () => another.register(), count: MANY },
    'consent page': { send: () => client.ask(), count: MANY },
    allow: { prepare: () => client.ask(), send: (consent: Consent) => client.allow(consent), count: FEW },
    'exchange a code': {
      prepare: granted,
      send: ({ code, consent }: { code: string; consent: Consent }) => client.exchange(code, consent),
      count: FEW,
    },
    refresh: {
      send: async () => {
        tokens = await client.refresh(tokens)
      },
      count: MANY,
    },
    revoke: {
      prepare: async () => {
        const { code, consent } = await granted()
        return client.exchange(code, consent)
      },
      send: (spent: Tokens) => client.revoke(spent),
      count: FEW,
    },
    introspect: {
      send: () =>
        post('/introspect', {
          client_id: secret.client_id as string,
          client_secret: secret.client_secret as string,
          token: tokens.access_token,
        }),
      count: MANY,
    },
    'device authorization': {
      send: () => post('/device_authorization', { client_id: device.client_id as string }),
      count: MANY,
    },
    'device: the code typed': {
      prepare: async () => {
        const { body } = await post('/device_authorization', { client_id: device.client_id as string })
        return JSON.parse(body).user_code
      },
      send: (user_code: string) =>
        post('/device', { user_code }, { Cookie: client.cookie, 'Sec-Fetch-Site': 'same-origin' }),
      count: MANY,
    },
    'data export, the file': {
      send: () => post('/account/export', {}, { Cookie: client.cookie, 'Sec-Fetch-Site': 'same-origin' }),
      count: MANY,
    },
  }
}

async function register({ connection }: Contender, metadata: object): Promise<Record<string, unknown>> {
  const headers = { 'Content-Type': 'application/json' }
  const sent = { method: 'POST', path: '/register', headers, body: JSON.stringify(metadata) }
  return JSON.parse(expectSuccess(await connection.send(sent), '/register').body)
}

function formOf(path: string, fields: Record<string, string>, headers: Record<string, string>): Sent {
  const body = new URLSearchParams(fields).toString()
  return {
    method: 'POST',
    path,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body,
  }
}

function expectSuccess(received: Received, path: string): Received {
  if (received.status >= 400 || received.status === 303)
    throw new Error(`${path} answers ${received.status}: ${received.headers.location ?? received.body}`)
  return received
}

/** A key of a client, and proofs of it (RFC 9449 §4). */
async function proofKey() {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  const proof = (htm: string, htu: string, token?: string) => {
    const ath = token && createHash('sha256').update(token).digest('base64url')
    return new SignJWT({
      jti: randomUUID(),
      htm,
      htu,
      iat: Math.floor(Date.now() / 1000),
      ...(ath && { ath }),
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .sign(privateKey)
  }
  return { proof }
}
