// What every page and endpoint may take, in counts that are the same on each machine. The free plan allows a request 10 ms
// of CPU: `npm run bench -- requests` has the CPU of each.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OAuthClient, register } from '../support/oauth-client.ts'
import { OperationCounter } from '../support/operations.ts'
import { Visitor } from '../support/visitor.ts'

interface Budget {
  /** Signatures and MACs that are made, and those that are checked. */
  readonly signed: number
  readonly verified: number
  readonly kv: number
  readonly objects: number
  /** Of the answer, in KiB: a little above what it is. */
  readonly kibibytes: number
}

type Taken = Budget & { readonly formatters: number }

let counter: OperationCounter
let app: OAuthClient
let person: Visitor

beforeEach(async () => {
  counter = await OperationCounter.install()
  // Counted, so that nothing of it goes on while a request is counted.
  await counter.count(async () => {
    app = await OAuthClient.registered()
    person = await Visitor.signedIn()
  })
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** What one request takes. */
async function taken(request: () => Promise<Response>): Promise<Taken> {
  const [sign, verify] = [vi.spyOn(crypto.subtle, 'sign'), vi.spyOn(crypto.subtle, 'verify')]
  const formatters = [
    ...(
      [
        'DateTimeFormat',
        'NumberFormat',
        'PluralRules',
        'RelativeTimeFormat',
        'DisplayNames',
        'Collator',
      ] as const
    ).map((name) => vi.spyOn(Intl, name)),
    vi.spyOn(Date.prototype, 'toLocaleString'),
    vi.spyOn(Number.prototype, 'toLocaleString'),
  ]
  const { result, cost } = await counter.count(request)
  const { kvReads, kvWrites, kvDeletes, kvLists, objectRequests } = cost
  const bytes = (await result.arrayBuffer()).byteLength
  expect(result.status).toBeLessThan(400)
  return {
    signed: sign.mock.calls.length,
    verified: verify.mock.calls.length,
    formatters: formatters.flatMap(({ mock }) => mock.calls).length,
    kv: kvReads + kvWrites + kvDeletes + kvLists,
    objects: objectRequests,
    kibibytes: bytes / 1024,
  }
}

const page = (path: string) => () => person.get(path)

const none = { signed: 0, verified: 0, kv: 0, objects: 0 }
/** A page for a user who is signed in: their session is opened, and their account says that it lives. */
const signedIn = { signed: 0, verified: 1, kv: 0, objects: 1 }
const nextToken = async (answer: Response) =>
  ((await answer.clone().json()) as { refresh_token: string }).refresh_token

const REQUESTS: readonly (readonly [string, Budget, () => Promise<Response>])[] = [
  ['the health check', { ...none, kibibytes: 0.1 }, page('/healthz')],
  ['the resource metadata', { ...none, kibibytes: 0.6 }, page('/.well-known/oauth-protected-resource/mcp')],
  ['the server metadata', { ...none, kibibytes: 2 }, page('/.well-known/oauth-authorization-server')],
  ['the public keys', { ...none, kibibytes: 0.4 }, page('/jwks')],
  ['the home page', { ...none, kibibytes: 14 }, page('/')],
  ['the sign-in page', { ...none, kibibytes: 12 }, () => new Visitor().get('/login?return_to=%2Faccount')],
  ['a registration', { ...none, objects: 2, kibibytes: 0.7 }, () => register()],
  [
    'the consent page',
    { ...signedIn, signed: 1, objects: 2, kibibytes: 14 },
    async () => person.get((await app.authorizationRequest()).url),
  ],
  ['the device page', { ...signedIn, kibibytes: 11 }, page('/device')],
  ['the account page', { ...signedIn, objects: 4, kibibytes: 20 }, page('/account')],
  ['the page of the export', { ...signedIn, kibibytes: 11 }, page('/account/export')],
  ['the people of the admin page', { ...signedIn, objects: 4, kibibytes: 13 }, page('/admin')],
  ['a search for people', { ...signedIn, objects: 4, kibibytes: 13 }, page('/admin?q=owner')],
  ['the apps of the admin page', { ...signedIn, kv: 2, kibibytes: 12 }, page('/admin/apps')],
  ['the events of the admin page', { ...signedIn, kv: 1, objects: 2, kibibytes: 20 }, page('/admin/events')],
  ['the events as CSV', { ...signedIn, kv: 1, objects: 2, kibibytes: 6 }, page('/admin/events/csv')],
]

describe('a request makes no formatter, and stays within its budget:', () => {
  it.each(REQUESTS)('%s', async (_name, budget, request) => {
    expectWithin(await taken(request), budget)
  })

  it('an exchange of a code, and a refresh', async () => {
    const { result: redemption } = await counter.count(() => app.authorize(person))
    let refreshToken = ''
    const exchange = async () => {
      const answer = await app.token(redemption)
      refreshToken = await nextToken(answer)
      return answer
    }
    const budget = { ...none, kv: 1, objects: 1, kibibytes: 1.2 }
    expectWithin(await taken(exchange), { ...budget, signed: 1 })
    // The access token, and the refresh token that the object derives.
    expectWithin(await taken(() => app.refresh(refreshToken)), { ...budget, signed: 4 })
  })
})

function expectWithin({ formatters, ...found }: Taken, budget: Budget): void {
  expect(formatters).toBe(0)
  for (const [name, most] of Object.entries(budget)) {
    expect(found[name as keyof Budget], name).toBeLessThanOrEqual(most)
  }
}
