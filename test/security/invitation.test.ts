// A24: invitations. Each refusal begins with what is right in every way, and changes one thing.
import '../support/with-passkey.ts'
import { env } from 'cloudflare:workers'
import { base64url } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { seal } from '#engine/crypto/seal.ts'
import { OWNER, userIdOf } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { Authenticator, type Changes } from '../support/authenticator.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { listenToLog, pass } from '../support/outcome.ts'
import {
  accountPage,
  expectDone,
  expectSignedIn,
  invite,
  join,
  optionsOf,
  signInWith,
  tokenIn,
} from '../support/passkeys.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { ORIGIN } from '../support/worker.ts'

const COOKIE = '__Host-passkey'
const ACTION = '/login/passkey/invitation'

let owner: Visitor
let link: string
let authenticator: Authenticator
let visitor: Visitor

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  owner = await Visitor.signedIn()
  await withdrawAll()
  link = await invite(owner)
  authenticator = await Authenticator.create(ORIGIN)
  visitor = new Visitor()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

async function openInvitations(): Promise<string[]> {
  const html = await accountPage(owner)
  return [...html.matchAll(/withdraw"><input type="hidden" name="id" value="([^"]+)"/g)].map(
    ([, id]) => id as string,
  )
}

async function withdrawAll(): Promise<void> {
  for (const id of await openInvitations()) await owner.post('/login/passkey/withdraw', { id })
}

async function expectOver(response: Response): Promise<void> {
  expect(await expectPage(response, 410)).toContain('This invitation is over')
}

/** The refused request gave no account; the invitation still gives one. */
async function expectStillOpen(): Promise<void> {
  expect(visitor.cookies.has('__Host-session')).toBe(false)
  expect(await openInvitations()).toHaveLength(1)
  expectSignedIn(await join(new Visitor(), link, await Authenticator.create(ORIGIN)))
  expect(await openInvitations()).toHaveLength(0)
}

describe('A24 an invitation', () => {
  it('gives its user an account of their own, and a passkey for it', async () => {
    expectSignedIn(await join(visitor, link, authenticator, {}, { name: ' Ada <b> ' }))
    const again = new Visitor()
    expectSignedIn(await signInWith(again, authenticator))
    const app = await OAuthClient.registered()
    const users = await Promise.all(
      [visitor, again, owner].map(async (one) => {
        const { access_token } = await app.connect(one)
        return structured<{ name: string; userId: string }>(callTool(access_token, 'whoami'))
      }),
    )
    expect(users.map(({ name }) => name)).toEqual(['Ada <b>', 'Ada <b>', 'Owner'])
    expect(users[0]?.userId).toBe(users[1]?.userId)
    expect(users[2]?.userId).toBe(await userIdOf(loadSettings(env), OWNER))
    expect(users[0]?.userId).not.toBe(users[2]?.userId)
    expect(await accountPage(again)).toContain('your only way in')
    expect(await accountPage(again)).not.toContain('Invite someone')
    expect(await accountPage(owner)).toContain('<bdi>Ada &lt;b&gt;</bdi> accepted your invitation')
  })

  it('is asked for with a user handle that leads to the new account', async () => {
    const options = await optionsOf(visitor, ACTION, { token: tokenIn(link), name: 'Ada' })
    const handle = new TextDecoder().decode(base64url.decode(options.user?.id as string))
    expect(handle).toMatch(/^user_[\w-]{43}$/)
    expect(handle).not.toBe(await userIdOf(loadSettings(env), OWNER))
    expect(options.user?.name).toBe('Ada')
    const other = await optionsOf(new Visitor(), ACTION, { token: tokenIn(link), name: 'A\u202Eda' })
    expect(other.user?.name).toBe('A da')
    // One invitation leads to one account.
    expect(other.user?.id).toBe(options.user?.id)
  })

  it('is not used up by looking at it', async () => {
    for (let look = 0; look < 3; look++) {
      expect(await expectPage(await visitor.get(link), 200)).toContain('You are invited')
      await optionsOf(visitor, ACTION, { token: tokenIn(link) })
    }
    await expectStillOpen()
  })

  it('warns a user who is signed in already', async () => {
    expect(await expectPage(await owner.get(link), 200)).toContain('You are signed in as <bdi>Owner</bdi>')
    expect(await expectPage(await visitor.get(link), 200)).not.toContain('You are signed in')
  })

  it('works once', async () => {
    expectSignedIn(await join(visitor, link, authenticator))
    await expectOver(await visitor.get(link))
    const token = tokenIn(link)
    await expectOver(await visitor.post(`${ACTION}/options`, { token, name: 'Eve' }))
    await expectOver(await visitor.post(ACTION, { token, name: 'Eve' }))
  })

  it('gives an account to one of fifty who accept it at the same time', async () => {
    const token = tokenIn(link)
    const crowd = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const one = new Visitor()
        const device = await Authenticator.create(ORIGIN)
        const attestation = await device.attest(await optionsOf(one, ACTION, { token }))
        return { one, device, attestation }
      }),
    )
    const answers = await Promise.all(
      crowd.map(async (member) => {
        const { one, attestation } = member
        return { ...member, response: await one.post(ACTION, { token, name: 'Ada', ...attestation }) }
      }),
    )
    expect(answers.filter(({ response }) => response.status === 303)).toHaveLength(1)
    expect(answers.filter(({ response }) => response.status === 410)).toHaveLength(49)
    for (const { device, response } of answers) {
      expect((await signInWith(new Visitor(), device)).status).toBe(response.status === 303 ? 303 : 403)
    }
  })

  it('is over when it is withdrawn', async () => {
    const [id] = await openInvitations()
    expectDone(await owner.post('/login/passkey/withdraw', { id }), 'invitation-withdrawn')
    await expectOver(await visitor.get(link))
    await expectOver(await visitor.post(ACTION, { token: tokenIn(link), name: 'Eve' }))
  })

  it('ends when it is withdrawn while its user creates a passkey', async () => {
    const token = tokenIn(link)
    const attestation = await authenticator.attest(await optionsOf(visitor, ACTION, { token }))
    await withdrawAll()
    await expectOver(await visitor.post(ACTION, { token, name: 'Ada', ...attestation }))
    expect((await signInWith(new Visitor(), authenticator)).status).toBe(403)
  })

  it('lasts seven days', async () => {
    pass(7 * 24 * 60 * 60 - 1)
    expect((await visitor.get(link)).status).toBe(200)
    pass(1)
    await expectOver(await visitor.get(link))
    owner = await Visitor.signedIn()
    expect(await openInvitations()).toEqual([])
  })

  const link_ = async () => ({ owner: await userIdOf(loadSettings(env), OWNER), id: crypto.randomUUID() })
  const FORGED: Record<string, (token: string) => Promise<string>> = {
    'no token': async () => '',
    'a token whose seal is broken': async (token) => `${token.slice(0, -2)}AA`,
    'a token without its seal': async (token) => token.split('.')[0] as string,
    'a token of another kind': async () => seal(loadSettings(env), 'passkey', ORIGIN, await link_(), 3600),
    'a token of another hostname': async () =>
      seal(loadSettings(env), 'invitation', 'https://other.test', await link_(), 3600),
    'the id of no invitation': async () => seal(loadSettings(env), 'invitation', ORIGIN, await link_(), 3600),
    'a session': async () => owner.cookies.get('__Host-session') as string,
  }

  it.each(Object.entries(FORGED))('is refused with %s', async (_, forge) => {
    const token = await forge(tokenIn(link))
    await expectOver(await visitor.get(`${ACTION}?token=${token}`))
    await expectOver(await visitor.post(`${ACTION}/options`, { token: token || undefined }))
    const attestation = await authenticator.attest(
      await optionsOf(visitor, ACTION, { token: tokenIn(link), name: 'Eve' }),
    )
    const response = await visitor.post(ACTION, { token: token || undefined, name: 'Eve', ...attestation })
    expect([400, 410]).toContain(response.status)
    await expectStillOpen()
  })

  const WRONG: Record<string, Changes> = {
    'a challenge that this browser was not given': { challenge: base64url.encode(new Uint8Array(32)) },
    'another origin': { origin: 'https://evil.test' },
    'another RP id': { rpId: 'evil.test' },
    'the type of a sign-in': { type: 'webauthn.get' },
    'no user verification': { without: ['UV'] },
    'no public key': { publicKey: new Uint8Array(0) },
  }

  it.each(Object.entries(WRONG))('is not used up by a passkey with %s', async (_, changes) => {
    const response = await join(visitor, link, authenticator, changes, { name: 'Ada Lovelace' })
    const html = await expectPage(response, 403)
    expect(html).toContain('could not be verified')
    expect(html).toContain('value="Ada Lovelace"')
    await expectStillOpen()
  })

  const ELSEWHERE: Record<string, () => Promise<unknown>> = {
    'no challenge': async () => visitor.cookies.delete(COOKIE),
    'the challenge of another browser': async () => {
      const other = new Visitor()
      await optionsOf(other, ACTION, { token: tokenIn(link) })
      visitor.cookies.set(COOKIE, other.cookies.get(COOKIE) as string)
    },
    'a challenge that has expired': async () => pass(301),
  }

  it.each(Object.entries(ELSEWHERE))('is not used up by a passkey with %s', async (_, change) => {
    const token = tokenIn(link)
    const attestation = await authenticator.attest(await optionsOf(visitor, ACTION, { token }))
    await change()
    await expectPage(await visitor.post(ACTION, { token, name: 'Ada', ...attestation }), 403)
    await expectStillOpen()
  })

  it.each(['/login/passkey', '/login/passkey/add'])(
    'is not used up with a challenge that was given at %s',
    async (action) => {
      const { challenge } = await optionsOf(owner, action)
      visitor.cookies.set(COOKIE, owner.cookies.get(COOKIE) as string)
      const rp = { id: 'gatehouse.test' }
      const attestation = await authenticator.attest({ challenge, rp })
      await expectPage(await visitor.post(ACTION, { token: tokenIn(link), name: 'Eve', ...attestation }), 403)
      await expectStillOpen()
    },
  )

  it('is not used up with the challenge of another invitation', async () => {
    const other = await invite(owner, 'Eve')
    const attestation = await authenticator.attest(
      await optionsOf(visitor, ACTION, { token: tokenIn(other) }),
    )
    await expectPage(await visitor.post(ACTION, { token: tokenIn(link), name: 'Eve', ...attestation }), 403)
    expect(await openInvitations()).toHaveLength(2)
  })

  it('does not come back by a replay', async () => {
    const token = tokenIn(link)
    const attestation = await authenticator.attest(await optionsOf(visitor, ACTION, { token }))
    const cookie = visitor.cookies.get(COOKIE) as string
    expectSignedIn(await visitor.post(ACTION, { token, name: 'Ada', ...attestation }))
    const thief = new Visitor()
    thief.cookies.set(COOKIE, cookie)
    await expectOver(await thief.post(ACTION, { token, name: 'Ada', ...attestation }))
  })
})

describe('A24 who invites', () => {
  it.each(['/login/passkey/invite', '/login/passkey/withdraw'])('is not a guest: %s', async (path) => {
    const guest = await Visitor.as('Mallory')
    const [id] = await openInvitations()
    const response = await guest.post(path, { name: 'Eve', id })
    expect(await expectPage(response, 403)).toContain('Only the owner invites')
    await expectStillOpen()
  })

  it.each(['/login/passkey/invite', '/login/passkey/withdraw'])('is a signed-in owner: %s', async (path) => {
    const [id] = await openInvitations()
    await expectPage(await visitor.post(path, { name: 'Eve', id }), 403)
    await expectStillOpen()
  })

  it('names the user, and shows the link in that one answer', async () => {
    const refused = await owner.post('/login/passkey/invite', { name: ' ' })
    expect(await expectPage(refused, 400)).toContain('Enter a name for the person that you invite')
    const response = await owner.post('/login/passkey/invite', { name: '<i>Grace</i>' })
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await response.text()).toContain('&lt;i&gt;Grace&lt;/i&gt;')
    const html = await accountPage(owner)
    expect(html).toContain('&lt;i&gt;Grace&lt;/i&gt;')
    expect(html).not.toContain('/login/passkey/invitation?')
  })

  it('has twenty open invitations at most', async () => {
    for (let count = 1; count < 20; count++) await invite(owner)
    const refused = await owner.post('/login/passkey/invite', { name: 'One more' })
    expect(await expectPage(refused, 409)).toContain('Too many are open')
    await withdrawAll()
    await invite(owner)
  })

  it('finds in the log who invited, who came, and no link', async () => {
    const log = listenToLog()
    const second = await invite(owner)
    expectSignedIn(await join(visitor, second, authenticator))
    const userId = await userIdOf(loadSettings(env), OWNER)
    const invitation = expect.stringMatching(/^[0-9a-f-]{36}$/)
    expect(log()).toContainEqual({ event: 'invitation.created', user: userId, invitation })
    expect(log()).toContainEqual({
      event: 'invitation.redeemed',
      user: expect.stringMatching(/^user_/),
      invitation,
    })
    expect(JSON.stringify(log())).not.toContain(tokenIn(second))
  })
})
