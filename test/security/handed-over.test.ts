// What belongs to one user never passes to another, and no user loses access to their own.
import '../support/every-login.ts'
import '../support/with-passkey.ts'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AccountObject } from '#engine/people/account-object.ts'
import { accountOf } from '#engine/people/account-store.ts'
import { login } from '../fixture/src/login.ts'
import { Authenticator } from '../support/authenticator.ts'
import { ACME, ACME_API, GOOGLE } from '../support/every-login.ts'
import { Internet } from '../support/internet.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { OpenIdProvider } from '../support/openid-provider.ts'
import {
  accountPage,
  addPasskey,
  expectDone,
  expectSignedIn,
  invite,
  join,
  signInWith,
  withPasskey,
} from '../support/passkeys.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, ORIGIN } from '../support/worker.ts'

const SIGN_IN = "The user has to sign in with acme on this server's /login page first."
const OK = '200 data of First'

const acme = await OpenIdProvider.make(ACME)
const google = await OpenIdProvider.make(GOOGLE)

beforeEach(() => {
  const internet = Internet.install()
  acme.open(internet)
  google.open(internet)
  internet.site(ACME_API, (request) =>
    acme.accepts(request) ? new Response('data of First') : new Response('who?', { status: 401 }),
  )
})

afterEach(() => {
  configure()
  vi.restoreAllMocks()
})

/** What a tool gets to see at Acme for this person. */
async function atAcme(person: Visitor): Promise<string | undefined> {
  const { access_token } = await (await OAuthClient.registered()).connect(person)
  return seenBy(access_token)
}

async function seenBy(token: string): Promise<string | undefined> {
  const answer = await (await callTool(token, 'ask_acme', { url: '/me' })).json<{
    result: { content: { text: string }[] }
  }>()
  return answer.result.content[0]?.text
}

describe('S6 the tools of the owner', () => {
  const ADDRESS = 'boss@acme.test'
  const boss = (sub: string) => ({ sub, name: 'Boss', email: ADDRESS, email_verified: true })

  it('act with the token of the owner, also when they sign in with the passphrase', async () => {
    configure({ OWNER: 'acme:first' })
    acme.person = { sub: 'first', name: 'First' }
    const first = new Visitor()
    expectSignedIn(await first.signInAt('acme', acme))
    expect(await atAcme(first)).toBe(OK)
    expect(await atAcme(await Visitor.signedIn())).toBe(OK)
  })

  it('have none of the one who was the owner before', async () => {
    configure({ OWNER: 'acme:first' })
    acme.person = { sub: 'first', name: 'First' }
    expectSignedIn(await new Visitor().signInAt('acme', acme))
    configure({ OWNER: 'acme:second' })
    // Before the new owner has signed in anywhere.
    expect(await atAcme(await Visitor.signedIn())).toBe(SIGN_IN)
    configure({ OWNER: 'second@gmail.com' })
    google.person = { sub: 'second', name: 'Second', email: 'second@gmail.com', email_verified: true }
    const second = new Visitor()
    expectSignedIn(await second.signInAt('google', google))
    expect(await atAcme(second)).toBe(SIGN_IN)
    configure({ OWNER: '' })
    expect(await atAcme(await Visitor.signedIn())).toBe(SIGN_IN)
  })

  it('have none of the one who had the address of the owner before', async () => {
    configure({ OWNER: ADDRESS })
    acme.person = boss('first')
    expectSignedIn(await new Visitor().signInAt('acme', acme))
    google.person = { ...boss('second'), hd: 'acme.test' }
    const second = new Visitor()
    expectSignedIn(await second.signInAt('google', google))
    expect(await atAcme(second)).toBe(SIGN_IN)
  })

  it('do nothing more upstream for a user that no rule means any more', async () => {
    configure({ ALLOWED_USERS: 'acme:guest-worker' })
    acme.person = { sub: 'guest-worker', name: 'First' }
    const person = new Visitor()
    expectSignedIn(await person.signInAt('acme', acme))
    const { access_token } = await (await OAuthClient.registered()).connect(person)
    expect(await seenBy(access_token)).toBe(OK)
    configure({ ALLOWED_USERS: '' })
    expect(await seenBy(access_token)).toBe(SIGN_IN)
  })
})

describe('S6 an invitation', () => {
  it.each([
    ['the new account', 'addFirstPasskey'],
    ['the sign-in', 'signIn'],
  ] as const)('is not spent by a join that fails at %s', async (_, method) => {
    const link = await invite(await Visitor.signedIn(), 'Ada')
    vi.spyOn(AccountObject.prototype, method).mockImplementationOnce(() => {
      throw new Error('storage is down')
    })
    const person = new Visitor()
    const key = await Authenticator.create(ORIGIN)
    await expectPage(await join(person, link, key), 503)
    expect(await person.isSignedIn()).toBe(false)
    if (method === 'addFirstPasskey') expectSignedIn(await join(person, link, key))
    // The account is there, and so is the key to it.
    else expectSignedIn(await signInWith(person, key))
    expect(await person.isSignedIn()).toBe(true)
    await expectPage(await new Visitor().get(link), 410)
  })

  it('makes one account for however many join at once', async () => {
    const link = await invite(await Visitor.signedIn(), 'Ada')
    const joins = Array.from({ length: 10 }, async () => {
      const person = new Visitor()
      const answer = await join(person, link, await Authenticator.create(ORIGIN)).catch(() => undefined)
      return { person, status: answer?.status }
    })
    const winners = (await Promise.all(joins)).filter(({ status }) => status === 303)
    expect(winners).toHaveLength(1)
    const { access_token } = await (await OAuthClient.registered()).connect(winners[0]?.person)
    const { userId } = await structured<{ userId: string }>(callTool(access_token, 'whoami'))
    expect(await accountOf(env, userId).passkeys()).toHaveLength(1)
  })

  it('that is withdrawn during a join gives no account', async () => {
    const link = await invite(await Visitor.signedIn(), 'Ada')
    const { redeemInvitation } = AccountObject.prototype
    vi.spyOn(AccountObject.prototype, 'redeemInvitation').mockImplementationOnce(function (
      this: AccountObject,
      id,
      name,
    ) {
      this.withdrawInvitation(id)
      return redeemInvitation.call(this, id, name)
    })
    const person = new Visitor()
    await expectPage(await join(person, link, await Authenticator.create(ORIGIN)), 410)
    expect(await person.isSignedIn()).toBe(false)
  })

  it('that was withdrawn during a failing join gives no account', async () => {
    const owner = await Visitor.signedIn()
    const link = await invite(owner, 'Half way')
    vi.spyOn(AccountObject.prototype, 'addFirstPasskey').mockImplementationOnce(() => {
      throw new Error('storage is down')
    })
    const key = await Authenticator.create(ORIGIN)
    await expectPage(await join(new Visitor(), link, key), 503)
    const section = (await accountPage(owner)).split('Half way')[1] ?? ''
    const id = /name="id" value="([^"]+)"/.exec(section)?.[1]
    expectDone(await owner.post('/login/passkey/withdraw', { id }), 'invitation-withdrawn')
    await expectPage(await new Visitor().get(link), 410)
  })
})

describe('S6 the last passkey', () => {
  it.each(['acme', 'passphrase'])(
    'stays where %s is off and nothing else lets its person in',
    async (off) => {
      configure({ ALLOWED_USERS: 'acme:*' })
      acme.person = { sub: crypto.randomUUID(), name: 'First' }
      const person = new Visitor()
      if (off === 'acme') expectSignedIn(await person.signInAt('acme', acme))
      else await person.signIn()
      for (const id of await passkeysOf(person)) await person.post('/login/passkey/remove', { id })
      await withPasskey(person)
      const at = login.findIndex(({ id }) => id === off)
      const [method] = login.splice(at, 1)
      try {
        expect(await accountPage(person)).toContain('your only way in')
        const [id] = await passkeysOf(person)
        await expectPage(await person.post('/login/passkey/remove', { id }), 409)
        expectDone(await addPasskey(person, await Authenticator.create(ORIGIN)), 'passkey-added')
        expectDone(await person.post('/login/passkey/remove', { id }), 'passkey-removed')
      } finally {
        if (method) login.splice(at, 0, method)
      }
      const [last] = await passkeysOf(person)
      expectDone(await person.post('/login/passkey/remove', { id: last }), 'passkey-removed')
    },
  )

  it('stays beside one that opens nothing any more', async () => {
    configure({ OWNER: 'acme:first' })
    acme.person = { sub: 'first', name: 'First' }
    const first = new Visitor()
    expectSignedIn(await first.signInAt('acme', acme))
    for (const id of await passkeysOf(first)) await first.post('/login/passkey/remove', { id })
    await withPasskey(first)
    configure({ OWNER: '' })
    const { visitor } = await withPasskey(await Visitor.signedIn())
    const at = login.findIndex(({ id }) => id === 'passphrase')
    const [method] = login.splice(at, 1)
    try {
      const [, own] = await passkeysOf(visitor)
      await expectPage(await visitor.post('/login/passkey/remove', { id: own }), 409)
    } finally {
      if (method) login.splice(at, 0, method)
    }
  })
})

/** Their ids, the oldest first, as the account page has them. */
async function passkeysOf(person: Visitor): Promise<string[]> {
  const html = await accountPage(person)
  return [...html.matchAll(/passkey\/rename"><input type="hidden" name="id" value="([^"]+)"/g)].map(
    ([, id]) => id as string,
  )
}
