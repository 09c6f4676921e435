// The recent security events on the owner's page: which are kept, how many, and what each costs.
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { KeptEvent } from '#engine/log/audit-object.ts'
import type { Event } from '#engine/log/events.ts'
import { AuditObject } from '#worker'
import { callTool, OAuthClient, register } from '../support/oauth-client.ts'
import { expectLive, listenToLog, pass } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'

const DAY = 24 * 60 * 60

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** A ring that no other test has. */
function newAudit() {
  return env.AUDIT.getByName(crypto.randomUUID())
}

function event(event: Event, changes: Partial<KeptEvent> = {}): KeptEvent {
  const fields = JSON.stringify({ client: crypto.randomUUID() })
  return { event, fields, person: null, app: null, strangers: false, ...changes }
}

const recent = () => env.AUDIT.getByName('audit').recent(1000)

/** What was kept meanwhile. */
async function keptBy(act: () => Promise<unknown>): Promise<string[]> {
  const keep = vi.spyOn(AuditObject.prototype, 'keep')
  const kept = () => keep.mock.calls.map(([one]) => one.event)
  // Whatever is on its way comes before this one.
  const mark = async () => {
    const before = kept().length
    await (await Visitor.signedIn()).post('/account/sign-out-everywhere', {})
    await vi.waitFor(() => expect(kept().slice(before)).toContain('signout.everywhere'))
    return kept().lastIndexOf('signout.everywhere')
  }
  const from = await mark()
  await act()
  await mark()
  const meanwhile = kept().slice(from + 1, -2)
  keep.mockRestore()
  return meanwhile
}

describe('what is kept', () => {
  it('has each approval and what ended it, with the names of that time', async () => {
    const app = await OAuthClient.registered({ client_name: 'Notes for Mac' })
    const person = await Visitor.as('Ada')
    await app.connect(person)
    await person.post('/account/revoke', { client_id: app.id })
    const names = { person: 'Ada', app: 'Notes for Mac', times: 1 }
    await vi.waitFor(async () => {
      const { known, strangers } = await recent()
      expect(known).toContainEqual(expect.objectContaining({ ...names, event: 'consent.allowed' }))
      expect(known).toContainEqual(expect.objectContaining({ ...names, event: 'grant.revoked' }))
      expect(strangers).toContainEqual(
        expect.objectContaining({ event: 'client.registered', app: 'Notes for Mac', person: null }),
      )
    })
  })

  it('is nothing of a redemption, a refresh or a call', async () => {
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    const quiet = async () => {
      const tokens = (await (await app.token(redemption)).json()) as Record<string, string>
      const { access_token } = await expectLive(app, tokens.refresh_token as string)
      for (const tool of ['whoami', 'add_note', 'no_such_tool']) await callTool(access_token, tool)
    }
    expect(await keptBy(quiet)).toEqual([])
    expect(await keptBy(() => OAuthClient.registered().then((other) => other.authorize()))).toContain(
      'consent.allowed',
    )
  })

  it('is, of guests, among what strangers did; and of the owner never', async () => {
    const app = await OAuthClient.registered({ client_name: 'Passing by' })
    const expiresAt = Date.now() + 3_600_000
    const guest = await Visitor.as('Guest 1234', { method: 'guest', expiresAt })
    await app.connect(guest)
    const owner = await Visitor.signedIn()
    await owner.post('/admin/remove', { registration: `client:${app.id}` })
    await vi.waitFor(async () => {
      const { known, strangers } = await recent()
      expect(strangers).toContainEqual(
        expect.objectContaining({ event: 'consent.allowed', person: 'Guest 1234' }),
      )
      expect(known.map(({ person }) => person)).not.toContain('Guest 1234')
      expect(known).toContainEqual(expect.objectContaining({ event: 'client.removed', app: 'Passing by' }))
    })
    const deleted = await guest.post('/account/erase', { sure: 'yes' })
    expect(await deleted.text()).toContain('As a guest, you cannot come back')
    await vi.waitFor(async () => {
      const { known, strangers } = await recent()
      expect(strangers).toContainEqual(expect.objectContaining({ event: 'account.erased', person: null }))
      expect(strangers.map(({ person }) => person)).not.toContain('Guest 1234')
      expect(known.map(({ event }) => event)).not.toContain('account.erased')
    })
  })

  it('is the same after the object was out of memory', async () => {
    const audit = newAudit()
    await audit.keep(event('consent.denied'))
    await evictDurableObject(audit)
    expect((await audit.recent(9)).known).toHaveLength(1)
  })

  it('is gone from storage after 90 days, also of a kind that never happens again', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const audit = newAudit()
    const kept = () =>
      runInDurableObject(audit, (_, { storage }) =>
        storage.sql
          .exec('SELECT event FROM events ORDER BY rowid')
          .toArray()
          .map((row) => row.event),
      )
    await audit.keep(event('passkey.removed', { person: 'Ada' }))
    await audit.keep(event('client.registered', { strangers: true }))
    pass(89 * DAY)
    await audit.keep(event('signin.succeeded'))
    expect(await kept()).toEqual(['passkey.removed', 'client.registered', 'signin.succeeded'])
    pass(DAY)
    await audit.keep(event('signin.succeeded'))
    expect(await kept()).toEqual(['signin.succeeded', 'signin.succeeded'])
  })

  it('is one row for what happens again on the same day, and no more than 90 days', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 20, 12) })
    const audit = newAudit()
    const same = event('signin.failed', { strangers: true })
    for (let times = 0; times < 3; times++) {
      pass(60)
      await audit.keep(same)
    }
    pass(DAY)
    await audit.keep(same)
    expect((await audit.recent(9)).strangers.map(({ times }) => times)).toEqual([1, 3])
    pass(89.5 * DAY)
    expect((await audit.recent(9)).strangers.map(({ times }) => times)).toEqual([1])
    pass(DAY)
    expect((await audit.recent(9)).strangers).toEqual([])
  })
})

describe('W8 a flood', () => {
  it('pushes out nothing but events of its own kind, and stays small', async () => {
    const audit = newAudit()
    await audit.keep(event('consent.allowed'))
    await audit.keep(event('signin.failed', { strangers: true }))
    for (let n = 0; n < 210; n++) await audit.keep(event('client.registered', { strangers: true }))
    for (let n = 0; n < 210; n++) await audit.keep(event('consent.denied'))
    for (let n = 0; n < 210; n++) await audit.keep(event('consent.allowed', { strangers: true }))
    const { known, strangers } = await audit.recent(10_000)
    const count = (rows: readonly { event: string }[]) =>
      Object.fromEntries(
        [...Map.groupBy(rows, (row) => row.event)].map(([name, { length }]) => [name, length]),
      )
    expect(count(known)).toEqual({ 'consent.allowed': 1, 'consent.denied': 200 })
    expect(count(strangers)).toEqual({ 'signin.failed': 1, 'client.registered': 200, 'consent.allowed': 200 })
  })

  it('of strangers from everywhere is written down a few times a minute, and the others still are', async () => {
    const keep = vi.spyOn(AuditObject.prototype, 'keep')
    const of = (name: string) => keep.mock.calls.filter(([one]) => one.event === name).length
    for (let n = 0; n < 80; n++) expect((await register()).status).toBe(201)
    await new Visitor().signIn()
    await vi.waitFor(() => expect(of('signin.succeeded')).toBe(1))
    expect(of('client.registered')).toBeGreaterThan(0)
    // The limit counts by the clock's minute, of which these can touch two.
    expect(of('client.registered')).toBeLessThanOrEqual(60)
  })
})

describe('W8 an audit object that fails', () => {
  it('fails no request, and says so in the log', async () => {
    vi.spyOn(AuditObject.prototype, 'keep').mockImplementation(() => {
      throw new Error('storage is down')
    })
    const lines = listenToLog()
    const person = new Visitor()
    expect((await person.signIn()).status).toBe(303)
    const { access_token } = await (await OAuthClient.registered()).connect(person)
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    await vi.waitFor(() =>
      expect(lines()).toContainEqual(expect.objectContaining({ event: 'error', part: 'audit' })),
    )
  })

  it('delays no request', async () => {
    let answer = () => {}
    const silent = new Promise<void>((resolve) => {
      answer = resolve
    })
    vi.spyOn(AuditObject.prototype, 'keep').mockImplementation(() => silent as never)
    expect((await new Visitor().signIn()).status).toBe(303)
    answer()
  })
})

describe('S13 one person', () => {
  it('pushes out nothing but their own events, however often they cause them', async () => {
    const audit = newAudit()
    const by = (user: string, n: number) =>
      event('token.replayed', {
        fields: JSON.stringify({ user, client: `client ${n}`, grant: `grant ${n}` }),
      })
    await audit.keep(by('user_victim', 0))
    for (let n = 1; n <= 201; n++) await audit.keep(by('user_attacker', n))
    const { known } = await audit.recent(1000)
    const users = known.map(({ fields }) => JSON.parse(fields).user)
    expect(users.filter((user) => user === 'user_victim')).toHaveLength(1)
    expect(users.filter((user) => user === 'user_attacker')).toHaveLength(20)
  })
})
