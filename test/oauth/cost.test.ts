// What each step costs, as docs/cost.md says.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LIFETIME } from '#config'
import page from '../../docs/cost.md?raw'
import { McpSession } from '../support/mcp-session.ts'
import { callTool, OAuthClient, register } from '../support/oauth-client.ts'
import { OperationCounter, type Operations } from '../support/operations.ts'
import { grantIdOf, pass, tokensOf } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { send } from '../support/worker.ts'

const COLUMNS: readonly (keyof Operations)[] = [
  'requests',
  'kvReads',
  'kvWrites',
  'kvDeletes',
  'objectRequests',
  'rowsWritten',
]

/** The columns of the second table. Those of the tools and of sessions are not in it. */
const PLACES = ['GRANTS', 'ACCOUNTS', 'CLIENTS', 'AUDIT', 'DIRECTORY']

let counter: OperationCounter

beforeEach(async () => {
  counter = await OperationCounter.install()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** The rows of the page whose cells are numbers. */
const rows = [...page.matchAll(/^\| (.+?) +((?:\| +\d+ +)+)\|$/gm)].map(([, step, cells = '']) => [
  step,
  ...(cells.match(/\d+/g) ?? []).map(Number),
])
const told = rows.filter(({ length }) => length === 1 + COLUMNS.length)
const toldPlaces = rows.filter(({ length }) => length === 1 + PLACES.length)

describe('docs/cost.md', () => {
  it('tells what each step costs', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const counted: unknown[] = []
    const placed: unknown[][] = []
    const step = async <T>(name: string, take: () => Promise<T>): Promise<T> => {
      const { result, cost } = await counter.count(take)
      counted.push([name, ...COLUMNS.map((column) => cost[column])])
      placed.push([name, ...PLACES.map((binding) => cost.byBinding[binding] ?? 0)])
      return result
    }
    const person = new Visitor()
    const app = await step('An app discovers the server, and registers', async () => {
      await callTool(undefined, 'whoami')
      await send('/.well-known/oauth-protected-resource/mcp')
      return OAuthClient.registered()
    })
    await step('A user opens its link, and signs in', async () => {
      const signIn = await person.get((await app.authorizationRequest()).url)
      await person.get(signIn.headers.get('Location') as string)
      await person.signIn()
    })
    const allow = () => app.authorize(person)
    const redemption = await step('They approve it, as its first user', allow)
    const second = await step('They approve it again: on another device, or for more', allow)
    const fetchTokens = async () => tokensOf(app.token(redemption))
    let tokens = await step('It exchanges the code for tokens', fetchTokens)
    await app.token(second)
    const call = (tool = 'whoami', args = {}) => callTool(tokens.access_token, tool, args)
    await step('Its first call with a new access token', () => call())
    await step('Each further call', () => call())
    pass(61)
    await step('The first call after a minute', () => call())
    await call('add_note', { text: 'Milk' })
    await step('A call that adds a note', () => call('add_note', { text: 'Bread' }))
    await step('A call that lists notes', () => call('list_notes'))
    const session = await step('An app of the `initialize` era begins a session', () =>
      McpSession.open(tokens.access_token),
    )
    await step('Each call in the session', () => session.read('whoami'))
    pass(3600)
    tokens = await step('It refreshes its tokens, once an hour', () =>
      tokensOf(app.refresh(tokens.refresh_token)),
    )
    await call()
    await step('A user opens their account page, with one app', () => person.get('/account'))
    await step('They revoke it, with its two approvals', () =>
      person.post('/account/revoke', { client_id: app.id }),
    )
    const { refresh_token } = await app.connect(person)
    pass(LIFETIME.grant)
    await step('A client that no grant needs is deleted', () =>
      counter.wake(env.GRANTS, grantIdOf(refresh_token)),
    )
    // The events of all that went before are too old by now, and go with the next one.
    await counter.count(() => register())
    await step('A user tries a wrong passphrase', () => new Visitor().signIn('/account', 'wrong'))
    await step('A registration that no user approves, deleted after a day', async () => {
      const { client_id } = (await (await register()).json()) as { client_id: string }
      await counter.wake(env.CLIENTS, client_id)
    })
    expect(told).toEqual(counted)
    expect(toldPlaces).toEqual(placed.filter(([, ...counts]) => counts.some(Boolean)))
  })
})
