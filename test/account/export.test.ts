// A user downloads what this server keeps about them: all of it, without a secret, and no other user's.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { AccountObject, Notebook } from '#worker'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { listenToLog, pass } from '../support/outcome.ts'
import { secretsIn, seenSecrets } from '../support/secrets.ts'
import { Visitor } from '../support/visitor.ts'

const EXPORT = '/account/export'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

interface Data {
  readonly account: { readonly id: string }
  readonly [part: string]: unknown
}

async function download(person: Visitor): Promise<{ text: string; data: Data }> {
  const response = await person.post(EXPORT, {})
  expect(response.status).toBe(200)
  const text = await response.text()
  return { text, data: JSON.parse(text) as Data }
}

/** Somebody with an app and a note. */
async function personWith(name: string, note: string): Promise<Visitor> {
  const person = await Visitor.as(name)
  const app = await OAuthClient.registered({ client_name: `${name}’s app` })
  const { access_token } = await app.connect(person)
  await callTool(access_token, 'add_note', { text: note })
  return person
}

describe('a download', () => {
  it('has everything that is kept about the person', async () => {
    const ada = await personWith('Ada', 'Buy a kettle')
    await ada.post('/account/tokens/make', { name: 'Nightly', days: '7', scope: 'notes:read' })
    const account = env.ACCOUNTS.getByName((await download(ada)).data.account.id)
    const passkey = { id: 'credential-id', publicKey: 'public-key', algorithm: 'ES256', counter: 0 } as const
    const identity = {
      method: 'passkey',
      issuer: '',
      subject: 'Ada',
      name: 'Ada',
      knownAs: [],
      invited: true,
    }
    await account.addFirstPasskey({ ...passkey, name: 'Phone', identity }, 'challenge', '')
    await vi.waitFor(async () => {
      const { data, text } = await download(ada)
      expect(data).toMatchObject({
        exported_at: expect.any(String),
        server: 'https://gatehouse.test',
        account: {
          id: expect.stringMatching(/^user_/),
          name: 'Ada',
          signs_in_with: 'passkey',
          subject: 'Ada',
        },
        apps: [{ name: 'Ada’s app', scopes: ['notes:read', 'notes:write'] }],
        activity: expect.arrayContaining([
          expect.objectContaining({ kind: 'allowed', about: 'Ada’s app' }),
          expect.objectContaining({ kind: 'exported' }),
        ]),
        security_events: expect.arrayContaining([expect.objectContaining({ event: 'consent.allowed' })]),
        open_sessions: [],
        signed_in_for_tools_at: [],
        passkeys: [{ name: 'Phone' }],
        personal_access_tokens: [{ name: 'Nightly', scopes: ['notes:read'] }],
        open_invitations: [],
        tools: { notes: [{ id: 1, text: 'Buy a kettle' }] },
      })
      expect(text).not.toMatch(/credential-id|public-key/)
    })
  })

  it('has what the directory knows, after a sign-in', async () => {
    const owner = await Visitor.signedIn()
    await vi.waitFor(async () => {
      const { data } = await download(owner)
      expect(data.directory).toMatchObject({ method: 'passphrase', joined_at: expect.stringMatching(/Z$/) })
      expect(data.open_sessions).toContainEqual(
        expect.objectContaining({ signed_in_with: 'passphrase', began_at: expect.stringMatching(/Z$/) }),
      )
    })
  })

  it('leaves a line in the log, and in the activity of the person', async () => {
    const ada = await Visitor.as('Ada of the log')
    const lines = listenToLog()
    const { data } = await download(ada)
    expect(lines()).toContainEqual({ event: 'account.exported', user: data.account.id })
    expect(await (await ada.get('/account')).text()).toContain('Downloaded your data')
  })

  it('is linked on the account page', async () => {
    const ada = await Visitor.as('Ada')
    expect(await (await ada.get('/account')).text()).toContain(`href="${EXPORT}"`)
    expect(await (await ada.get(EXPORT)).text()).toContain('>Download</button>')
  })
})

describe('L2 the data of a user', () => {
  it('is theirs alone: no other user’s is in it, and no secret', async () => {
    const ada = await personWith('Ada L.', 'The note of Ada')
    const bob = await personWith('Bob', 'The note of Bob')
    const { text } = await download(ada)
    expect(text).toContain('The note of Ada')
    expect(text).not.toMatch(/Bob/)
    expect((await download(bob)).text).not.toContain('Ada')
    expect(secretsIn(text)).toEqual([])
    expect([...seenSecrets].filter((secret) => text.includes(secret))).toEqual([])
  })

  it('goes out as a file that nothing keeps or shows', async () => {
    const { headers } = await (await Visitor.as('Ada')).post(EXPORT, {})
    expect(headers.get('Content-Type')).toBe('application/json; charset=utf-8')
    expect(headers.get('Content-Disposition')).toMatch(
      /^attachment; filename="my-data-\d{4}-\d\d-\d\d\.json"$/,
    )
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
  })

  it('stays here ten minutes after a sign-in, until the next one', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const owner = await Visitor.signedIn()
    pass(10 * 60 - 1)
    await download(owner)
    pass(1)
    for (const response of [await owner.get(EXPORT), await owner.post(EXPORT, {})]) {
      expect(response.headers.get('Content-Disposition')).toBeNull()
      expect(await response.text()).toContain('Sign in again')
    }
    const out = await owner.post('/logout', { return_to: EXPORT })
    expect(out.headers.get('Location')).toBe(`/login?return_to=${encodeURIComponent(EXPORT)}`)
    await owner.signIn(EXPORT)
    await download(owner)
  })

  it('stays here for a session of an older version, which does not say when it began', async () => {
    const old = await Visitor.as('Old', {}, undefined, {}, { signedInAt: undefined })
    expect((await old.post(EXPORT, {})).headers.get('Content-Disposition')).toBeNull()
  })

  it('goes to a guest as long as they are here: they cannot sign in again', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const guest = await Visitor.as('Guest', { method: 'guest', expiresAt: Date.now() + 3_600_000 })
    pass(3000)
    await download(guest)
    pass(601)
    expect((await guest.post(EXPORT, {})).headers.get('Location')).toContain('/login')
  })

  it('stays here without a session, after its end, and for another site', async () => {
    expect((await new Visitor().post(EXPORT, {})).headers.get('Location')).toContain('/login')
    const ada = await Visitor.as('Ada of two tabs')
    const foreign = await ada.post(EXPORT, {}, { 'Sec-Fetch-Site': 'cross-site' })
    expect(foreign.status).toBe(403)
    const copy = new Visitor()
    for (const [name, value] of ada.cookies) copy.cookies.set(name, value)
    await ada.post('/account/sign-out-everywhere', {})
    expect((await copy.post(EXPORT, {})).headers.get('Location')).toContain('/login')
  })

  it.each([
    ['an account', () => vi.spyOn(AccountObject.prototype, 'passkeys')],
    ['a tool', () => vi.spyOn(Notebook.prototype, 'list')],
  ])('stays here while %s fails, and the page says what to do', async (_what, method) => {
    const ada = await Visitor.as('Ada')
    const lines = listenToLog()
    method().mockImplementation(() => {
      throw new Error('storage is down')
    })
    const response = await ada.post(EXPORT, {})
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('Your data could not be collected')
    expect(lines()).toContainEqual(expect.objectContaining({ event: 'error' }))
    expect(lines().map(({ event }) => event)).not.toContain('account.exported')
  })
})
