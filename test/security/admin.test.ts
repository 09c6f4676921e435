// A25: the owner's page in other hands, and what can be sent to it.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isUserId, OWNER, userIdOf } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { press } from '../support/admin.ts'
import { callTool, OAuthClient, structured, type Tokens } from '../support/oauth-client.ts'
import { expectLive } from '../support/outcome.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'

let owner: Visitor
let app: OAuthClient
/** Of the owner, then of another user. */
let tokens: Tokens
let others: Tokens
let user: string
let other: string
let buttons: (readonly [string, Record<string, string>])[]

beforeEach(async () => {
  owner = await Visitor.signedIn()
  app = await OAuthClient.registered()
  tokens = await app.connect(owner)
  const bob = await Visitor.as('Bob')
  others = await app.connect(bob)
  other = (await structured<{ userId: string }>(callTool(others.access_token, 'whoami'))).userId
  user = await userIdOf(loadSettings(env), OWNER)
  buttons = [
    ['/admin/revoke', { user, client_id: app.id }],
    ['/admin/revoke-all', { user }],
    ['/admin/sign-out', { user }],
    ['/admin/remove-passkeys', { user }],
    ['/admin/disable', { user: other }],
    ['/admin/enable', { user: other }],
    ['/admin/remove', { registration: `client:${app.id}` }],
  ]
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** Everything is as it was. */
async function expectUntouched(): Promise<void> {
  tokens = await expectLive(app, tokens.refresh_token)
  others = await expectLive(app, others.refresh_token)
  expect(await env.RECORDS.get(`client:${app.id}`)).not.toBeNull()
}

describe('A25 the admin page', () => {
  it.each([
    ['a user with a passkey', {}],
    ['a user that a rule names', { method: 'github', knownAs: ['github:octocat'], invited: false }],
    ['who is called Owner', { name: 'Owner', subject: 'owner' }],
    ['a guest', { method: 'guest', expiresAt: Date.now() + 3_600_000 }],
  ])('is not there for %s, and neither are its buttons', async (_, identity) => {
    // `as` knows no rules, so that this one holds for everybody of GitHub.
    const person = await Visitor.as('Mallory', { ...identity, invited: true })
    const nowhere = await expectPage(await person.get('/nowhere'), 404)
    const pages = [
      '',
      '/',
      '/apps',
      '/events',
      `/person?user=${user}`,
      `/ask?do=disable&user=${other}`,
      '/erase',
    ]
    for (const path of pages.map((rest) => `/admin${rest}`))
      expect(await expectPage(await person.get(path), 404)).toBe(nowhere)
    for (const [path, fields] of buttons) {
      expect(await expectPage(await person.post(path, fields), 404)).toBe(nowhere)
    }
    await expectUntouched()
  })

  it('asks who is signed out to sign in, comes back, and does nothing meanwhile', async () => {
    const person = new Visitor()
    const page = await person.get('/admin')
    expect([page.status, page.headers.get('Location')]).toEqual([303, '/login?return_to=%2Fadmin'])
    for (const [path, fields] of buttons) {
      const answer = await person.post(path, fields)
      expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/login?return_to=%2Fadmin'])
    }
    await expectUntouched()
    expect((await person.signIn('/admin')).headers.get('Location')).toBe('/admin')
    expect((await person.get('/admin')).status).toBe(200)
  })

  it.each([
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['another host of this domain', { 'Sec-Fetch-Site': 'same-site' }],
    ['a page without an origin', { 'Sec-Fetch-Site': undefined, Origin: 'null' }],
  ])('refuses a form of %s', async (_, headers) => {
    for (const [path, fields] of buttons) {
      await expectPage(await owner.post(path, fields, headers), 403)
    }
    await expectUntouched()
  })

  it('is over with the session that was signed out everywhere', async () => {
    const thief = new Visitor()
    for (const [name, value] of owner.cookies) thief.cookies.set(name, value)
    await owner.post('/account/sign-out-everywhere', {})
    expect((await thief.get('/admin')).status).toBe(303)
    for (const [path, fields] of buttons) {
      expect((await thief.post(path, fields)).headers.get('Location')).toBe('/login?return_to=%2Fadmin')
    }
    await expectUntouched()
  })

  it('ends nothing for ids that are garbage, or of something else', async () => {
    const grant = tokens.refresh_token.split('.')[0] as string
    const accounts = vi.spyOn(Object.getPrototypeOf(env.ACCOUNTS), 'getByName')
    for (const id of ['', 'user_', 'unknown', `${user} `, user.toLowerCase(), '../account', grant, app.id]) {
      accounts.mockClear()
      const answers = [
        press(owner, 'revoke', { user: id, client_id: app.id }),
        press(owner, 'revoke-all', { user: id }),
        ...(isUserId(id) ? [] : ['sign-out', 'remove-passkeys', 'disable', 'enable']).map((button) =>
          press(owner, button, { user: id }),
        ),
      ]
      if (id === '') for (const answer of answers) await expect(answer).rejects.toThrow()
      else for (const answer of answers) expect(await answer).toContain('over already')
      // No object is made under a name that is no user's.
      const named = accounts.mock.calls.map(([name]) => name)
      if (!isUserId(id)) expect(named).not.toContain(id)
    }
    const stranger = `user_${'A'.repeat(43)}`
    expect(await press(owner, 'revoke', { user: stranger, client_id: app.id })).toContain('over already')
    expect(await press(owner, 'revoke-all', { user: stranger })).toContain('over already')
    expect(await press(owner, 'revoke', { user, client_id: 'another' })).toContain('over already')
    for (const registration of [
      'nothing',
      `grant:${grant}`,
      'client:',
      `client:${'0'.repeat(64)}`,
      `cimd:${'A'.repeat(43)}`,
      `client:${app.id}x`,
    ]) {
      expect(await press(owner, 'remove', { registration })).toContain('over already')
    }
    await expectUntouched()
  })

  it('does the same thing once, however often it is pressed at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => owner.post('/admin/revoke', { user, client_id: app.id })),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(303))
    expect((await app.refresh(tokens.refresh_token)).status).toBe(400)
    await expectLive(app, others.refresh_token)
    const again = await Promise.all(
      Array.from({ length: 5 }, () => owner.post('/admin/remove', { registration: `client:${app.id}` })),
    )
    expect(again.map(({ status }) => status)).toEqual(Array(5).fill(303))
    expect((await app.refresh(others.refresh_token)).status).toBe(401)
  })
})
