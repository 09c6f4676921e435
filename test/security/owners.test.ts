// Several owners: who is one, what they can do, and that each is named in what they did.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OWNER, userIdOf } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { SettingsError } from '#engine/settings/setting.ts'
import { AdminPage, press } from '../support/admin.ts'
import { listenToLog } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import '../support/with-passkey.ts'
import { configure } from '../support/worker.ts'

afterEach(() => {
  configure()
  vi.restoreAllMocks()
})

const BY_GROUP = { method: 'acme', issuer: 'https://acme.example', invited: false } as const

/** From now on these are owners. */
function own(rules: string): void {
  configure({ OWNERS: rules })
}

async function idOf(name: string): Promise<string> {
  const identity = { method: 'passkey', issuer: '', subject: name, name, knownAs: [] }
  return userIdOf(loadSettings(env), identity)
}

describe('A29 an owner by OWNERS', () => {
  it.each([
    ['a name at GitHub', 'github:octocat', { knownAs: ['github:octocat'] }],
    ['an address', 'Alice@Example.com', { knownAs: ['alice@example.com', '@example.com'] }],
    ['an organization', 'github:org/acme', { knownAs: ['github:org/acme'] }],
    ['a group', 'acme:group/admins', { knownAs: ['acme:group/admins'] }],
  ])('is a user that %s names, also without a rule of ALLOWED_USERS', async (_what, rule, identity) => {
    own(`someone@example.com ${rule}`)
    const person = await Visitor.as('Grace', { ...BY_GROUP, subject: rule, ...identity })
    expect((await person.get('/admin')).status).toBe(200)
    expect(await (await person.get('/account')).text()).toContain('href="/admin"')
    own('someone@example.com')
    expect((await person.get('/admin')).status).not.toBe(200)
  })

  it('is a user by their id, who keeps their own account', async () => {
    const id = await idOf('Invited')
    own(id)
    const person = await Visitor.as('Invited')
    expect((await person.get('/admin')).status).toBe(200)
    expect(await (await person.post('/login/passkey/invite', { name: 'Eve' })).text()).toContain(
      'invitation?token=',
    )
    expect(id).not.toBe(await userIdOf(loadSettings(env), OWNER))
    expect((await (await Visitor.as('Not invited')).get('/admin')).status).toBe(404)
  })

  it.each([
    ['what the sign-in could not prove', { knownAs: [], open: ['acme:group/'] }],
    ['another group', { knownAs: ['acme:group/admins-of-printers'] }],
    ['the same group elsewhere', { knownAs: ['other:group/admins'] }],
    ['the group in other letters', { knownAs: ['acme:group/Admins'] }],
    ['the name that they chose', { name: 'acme:group/admins', knownAs: [] }],
    ['a subject that looks like it', { subject: 'group/admins', knownAs: [] }],
    ['the account of a guest', { knownAs: ['acme:group/admins'], expiresAt: Date.now() + 3_600_000 }],
  ])('is no user by %s', async (_what, identity) => {
    own('acme:group/admins')
    const person = await Visitor.as('Mallory', { ...BY_GROUP, invited: true, ...identity })
    expect((await person.get('/admin')).status).toBe(404)
    expect((await person.get('/admin/events/csv')).status).toBe(404)
    expect((await person.post('/login/passkey/invite', { name: 'Eve' })).status).toBe(403)
    expect(await (await person.get('/account')).text()).not.toContain('href="/admin"')
  })

  it('is no longer one, once the rule is gone', async () => {
    own('acme:group/admins')
    const person = await Visitor.as('Grace', { ...BY_GROUP, invited: true, knownAs: ['acme:group/admins'] })
    expect((await person.get('/admin')).status).toBe(200)
    own('')
    expect((await person.get('/admin')).status).toBe(404)
  })

  it.each(['*', 'github:*', 'guest:*', '@example.com', 'alice@example.com @gmail.com'])(
    'cannot be everyone that %s means: the server does not start',
    (rules) => {
      const read = () => loadSettings({ ...env, OWNERS: rules })
      expect(read).toThrow(SettingsError)
      expect(read).toThrow('means too many')
    },
  )

  it('cannot be what is no rule', () => {
    for (const rules of ['octocat', 'user_123']) {
      expect(() => loadSettings({ ...env, OWNERS: rules })).toThrow('is no rule')
    }
  })

  it('is named in what they did, by id and name', async () => {
    const [grace, dave] = [await idOf('Grace'), await idOf('Dave')]
    own(grace)
    const owner = await Visitor.as('Grace')
    const victim = await Visitor.as('Dave')
    await victim.get('/account')
    const lines = listenToLog()
    expect(await press(owner, 'sign-out', { user: dave })).toContain('signed out everywhere')
    expect(lines()).toContainEqual({ event: 'signout.everywhere', user: dave, by: 'owner', actor: grace })
    await env.DIRECTORY.getByName('people').signedIn({ userId: grace, name: 'Grace', method: 'passkey' })
    const root = await Visitor.signedIn()
    await vi.waitFor(async () => {
      const events = (await AdminPage.of(root, '/events')).part('events')
      expect(events).toContain(`The owner Grace ${grace.slice(0, 13)}…`)
    })
    expect((await AdminPage.of(owner, '/events')).part('events')).toContain('You signed')
  })

  it('disables another owner, and neither themselves nor the holder of the passphrase', async () => {
    const [grace, linus] = [await idOf('Grace H.'), await idOf('Linus')]
    const root = await userIdOf(loadSettings(env), OWNER)
    own(`${grace}, ${linus}`)
    const owner = await Visitor.as('Grace H.')
    for (const user of [grace, root]) {
      expect((await owner.post('/admin/disable', { user })).status).toBe(409)
    }
    expect((await owner.post('/admin/erase', { user: root, sure: 'yes' })).status).toBe(409)
    expect(await press(owner, 'disable', { user: linus })).toContain('Disabled')
    expect((await (await Visitor.as('Linus')).get('/admin')).status).toBe(303)
  })
})
