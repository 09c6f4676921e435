// A24: passkeys. Each refusal begins with what is right in every way, and changes one thing.
import '../support/with-github.ts'
import '../support/with-passkey.ts'
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { base64url } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { verifyAssertion } from '#engine/login/passkey/assertion.ts'
import { padded } from '#engine/login/passkey/signature.ts'
import { AccountObject } from '#engine/people/account-object.ts'
import { accountOf } from '#engine/people/account-store.ts'
import { type Identity, OWNER, userIdOf } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { Authenticator, type Changes, der, type Options } from '../support/authenticator.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { listenToLog, pass } from '../support/outcome.ts'
import {
  accountPage,
  addPasskey,
  expectDone,
  expectSignedIn,
  invite,
  optionsOf,
  signInWith,
  tokenIn,
  withPasskey,
} from '../support/passkeys.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, ORIGIN } from '../support/worker.ts'

const COOKIE = '__Host-passkey'
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

let n = 0
/** A new user. */
const newPerson = (changes: Partial<Identity> = {}) => Visitor.as(`Person ${n++}`, changes)

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))

/** Tools know who the person is by what their browser's session says. */
async function whoami(visitor: Visitor) {
  const { access_token } = await (await OAuthClient.registered()).connect(visitor)
  return structured<{ userId: string; name: string }>(callTool(access_token, 'whoami'))
}

/** The refusals of sign-in since the log was listened to. */
const reasons = (log: ReturnType<typeof listenToLog>) =>
  log().flatMap(({ event, reason }) => (event === 'signin.failed' ? [reason] : []))

async function expectRefusedSignIn(response: Response): Promise<void> {
  const html = await expectPage(response, 403)
  expect(html).toContain('Sign in to')
  expect(response.headers.getSetCookie().filter((cookie) => cookie.startsWith('__Host-session'))).toEqual([])
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})

afterEach(() => {
  configure()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

// Only the signed data says which account these belong to.
const WRONG_IN_EITHER: Record<string, Changes> = {
  'a challenge that this browser was not given': { challenge: base64url.encode(new Uint8Array(32)) },
  'the origin of another site': { origin: 'https://evil.test' },
  'the origin of a subdomain': { origin: 'https://www.gatehouse.test' },
  'the origin over http': { origin: ORIGIN.replace('https:', 'http:') },
  'the origin at another port': { origin: `${ORIGIN}:8443` },
  'another RP id': { rpId: 'evil.test' },
  'the RP id of a parent domain': { rpId: 'test' },
  'a page in a frame of another site': { crossOrigin: true },
  'no user presence': { without: ['UP'] },
  'no user verification': { without: ['UV'] },
}

describe('A24 a passkey that a user adds', () => {
  it('signs them in as who they were when they added it', async () => {
    const { visitor, authenticator } = await withPasskey()
    const again = new Visitor()
    expectSignedIn(await signInWith(again, authenticator))
    const owner = { name: 'Owner', userId: await userIdOf(loadSettings(env), OWNER) }
    expect(await whoami(again)).toMatchObject(owner)
    expect(await whoami(visitor)).toMatchObject(owner)
  })

  it('goes on to where the person was going, and says how they came in', async () => {
    const { authenticator } = await withPasskey()
    const log = listenToLog()
    const visitor = new Visitor()
    const assertion = await authenticator.sign(await optionsOf(visitor, '/login/passkey'))
    expectSignedIn(
      await visitor.post('/login/passkey', { ...assertion, return_to: '/account?x=1' }),
      '/account?x=1',
    )
    expect(log()).toContainEqual(expect.objectContaining({ event: 'signin.succeeded', method: 'passkey' }))
    const html = await accountPage(visitor)
    expect(html).toMatch(/with passkey/)
    expect(html).toContain('Signed in with <bdi>passkey</bdi>')
  })

  it('may be of RS256', async () => {
    const authenticator = await Authenticator.create(ORIGIN, 'RS256')
    expectDone(await addPasskey(await newPerson(), authenticator), 'passkey-added')
    expectSignedIn(await signInWith(new Visitor(), authenticator))
  })

  it('is called after its authenticator where it has no name', async () => {
    const authenticator = await Authenticator.create(ORIGIN)
    // iCloud Keychain
    const aaguid = hex('fbfc3007154e4ecc8c0b6e020557d7bd')
    const visitor = await newPerson()
    expectDone(await addPasskey(visitor, authenticator, { aaguid }, ''), 'passkey-added')
    expect(await accountPage(visitor)).toContain('<bdi>Apple Passwords</bdi>')
  })

  it('is kept as earlier versions kept it, so that theirs sign in as well', async () => {
    const visitor = await newPerson()
    const authenticator = await Authenticator.create(ORIGIN)
    expectDone(await addPasskey(visitor, authenticator), 'passkey-added')
    const { userId } = await whoami(visitor)
    const rows = await runInDurableObject(accountOf(env, userId), (_, { storage }) =>
      storage.sql.exec('SELECT id, public_key, algorithm, counter FROM passkeys').toArray(),
    )
    expect(rows).toEqual([
      {
        id: base64url.encode(authenticator.credentialId),
        public_key: base64url.encode(await authenticator.publicKey()),
        algorithm: 'ES256',
        counter: 0,
      },
    ])
  })

  it('is asked for with what it will be held to', async () => {
    const { visitor, authenticator } = await withPasskey(await newPerson())
    expect(await optionsOf(visitor, '/login/passkey/add')).toMatchObject({
      rp: { id: 'gatehouse.test' },
      pubKeyCredParams: [
        { type: 'public-key', alg: -7 },
        { type: 'public-key', alg: -257 },
      ],
      excludeCredentials: [{ type: 'public-key', id: base64url.encode(authenticator.credentialId) }],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    })
    expect(await optionsOf(visitor, '/login/passkey')).toMatchObject({
      rpId: 'gatehouse.test',
      userVerification: 'required',
    })
  })

  const attestation = async (visitor: Visitor, changes: Changes = {}) => {
    const authenticator = await Authenticator.create(ORIGIN)
    return authenticator.attest(await optionsOf(visitor, '/login/passkey/add'), changes)
  }

  const expectNotAdded = async (visitor: Visitor, response: Response) => {
    expect(await expectPage(response, 403)).toContain('The passkey was not added')
    expect(await accountPage(visitor)).not.toContain('not used yet')
    expectDone(await addPasskey(visitor, await Authenticator.create(ORIGIN)), 'passkey-added')
  }

  const WRONG: Record<string, Changes> = {
    ...WRONG_IN_EITHER,
    'the type of a sign-in': { type: 'webauthn.get' },
    'no attested credential data, by its flags': { without: ['AT'] },
    'no credential id': { credentialId: new Uint8Array(0) },
    'a credential id that is too long': { credentialId: new Uint8Array(1024) },
    'the id of another passkey beside the authenticator data': { namedId: new Uint8Array(16) },
    'a part of its id': { namedId: new Uint8Array(15) },
    'authenticator data that are cut off': { authenticatorData: new Uint8Array(54) },
    'no authenticator data': { authenticatorData: new Uint8Array(0) },
    'no public key': { publicKey: new Uint8Array(0) },
    'a public key that is none': { publicKey: new TextEncoder().encode('a key') },
    'the algorithm EdDSA': { publicKeyAlgorithm: -8 },
    'the algorithm ES384': { publicKeyAlgorithm: -35 },
    'the algorithm of another key': { publicKeyAlgorithm: -257 },
    'no algorithm': { publicKeyAlgorithm: Number.NaN },
  }

  it.each(Object.entries(WRONG))('is refused with %s', async (_, changes) => {
    const visitor = await newPerson()
    await expectNotAdded(
      visitor,
      await visitor.post('/login/passkey/add', await attestation(visitor, changes)),
    )
  })

  const spki = async (key: CryptoKey) =>
    new Uint8Array((await crypto.subtle.exportKey('spki', key)) as ArrayBuffer)
  const generated = async (params: SubtleCryptoGenerateKeyAlgorithm) =>
    spki(((await crypto.subtle.generateKey(params, true, ['sign', 'verify'])) as CryptoKeyPair).publicKey)
  const rsa = async (bytes: number) => {
    const n = base64url.encode(new Uint8Array(bytes).fill(0xc1))
    return spki(await crypto.subtle.importKey('jwk', { kty: 'RSA', n, e: 'AQAB' }, RSA, true, ['verify']))
  }

  const WRONG_KEY: Record<string, () => Promise<Changes>> = {
    'on another curve': async () => ({ publicKey: await generated({ name: 'ECDSA', namedCurve: 'P-384' }) }),
    'beside its curve': async () => ({
      publicKey: (await (await Authenticator.create(ORIGIN)).publicKey()).fill(7, -32),
    }),
    'of the other algorithm': async () => ({ publicKey: await rsa(256) }),
    'of RSA that is too short': async () => ({ publicKey: await rsa(128), publicKeyAlgorithm: -257 }),
    'of RSA that is too long': async () => ({ publicKey: await rsa(513), publicKeyAlgorithm: -257 }),
    'of Ed25519': async () => ({ publicKey: await generated({ name: 'Ed25519' }), publicKeyAlgorithm: -8 }),
  }

  it.each(Object.entries(WRONG_KEY))('is refused with a key %s', async (_, change) => {
    const visitor = await newPerson()
    await expectNotAdded(
      visitor,
      await visitor.post('/login/passkey/add', await attestation(visitor, await change())),
    )
  })

  it('is refused with a key that is padded with spaces, which its reader skips', async () => {
    const visitor = await newPerson()
    const fields = await attestation(visitor)
    const publicKey = `${fields.publicKey}${' '.repeat(1000)}`
    await expectNotAdded(visitor, await visitor.post('/login/passkey/add', { ...fields, publicKey }))
  })

  it('may have an RSA key of 4,096 bits', async () => {
    const changes = { publicKey: await rsa(512), publicKeyAlgorithm: -257 }
    expectDone(
      await addPasskey(await newPerson(), await Authenticator.create(ORIGIN), changes),
      'passkey-added',
    )
  })

  it('is nobody’s with the public key of another', async () => {
    const visitor = await newPerson()
    const [one, other] = [await Authenticator.create(ORIGIN), await Authenticator.create(ORIGIN)]
    expectDone(await addPasskey(visitor, one, { publicKey: await other.publicKey() }), 'passkey-added')
    await expectRefusedSignIn(await signInWith(new Visitor(), one))
  })

  const ELSEWHERE: Record<string, (visitor: Visitor, fields: Record<string, string>) => Promise<unknown>> = {
    'the challenge of another browser': async (visitor) => {
      const other = await newPerson()
      await optionsOf(other, '/login/passkey/add')
      visitor.cookies.set(COOKIE, other.cookies.get(COOKIE) as string)
    },
    'no challenge': async (visitor) => visitor.cookies.delete(COOKIE),
    'a challenge whose seal is broken': async (visitor) =>
      visitor.cookies.set(COOKIE, `${visitor.cookies.get(COOKIE)?.slice(0, -2)}AA`),
    'a challenge that has expired': async () => pass(301),
    'a second challenge in its place': async (visitor) => optionsOf(visitor, '/login/passkey/add'),
  }

  it.each(Object.entries(ELSEWHERE))('is refused with %s', async (_, change) => {
    const visitor = await newPerson()
    const fields = await attestation(visitor)
    await change(visitor, fields)
    await expectNotAdded(visitor, await visitor.post('/login/passkey/add', fields))
  })

  it.each(['/login/passkey', '/login/passkey/invitation'])(
    'is refused with a challenge that was given at %s',
    async (action) => {
      const visitor = await newPerson()
      const token = tokenIn(await invite(await Visitor.signedIn()))
      const { challenge } = await optionsOf(visitor, action, { token, name: 'Ada' })
      const cookie = visitor.cookies.get(COOKIE) as string
      const fields = await attestation(visitor, { challenge })
      visitor.cookies.set(COOKIE, cookie)
      await expectNotAdded(visitor, await visitor.post('/login/passkey/add', fields))
    },
  )

  it('is refused by an account that its challenge was not given to, in the same browser', async () => {
    const visitor = await newPerson()
    const fields = await attestation(visitor)
    const next = await newPerson()
    next.cookies.set(COOKIE, visitor.cookies.get(COOKIE) as string)
    await expectNotAdded(next, await next.post('/login/passkey/add', fields))
  })

  it('does not come back by a replay once it is removed', async () => {
    const visitor = await newPerson({ method: 'github', subject: `replay ${n++}` })
    const fields = await attestation(visitor)
    const cookie = visitor.cookies.get(COOKIE) as string
    expectDone(await visitor.post('/login/passkey/add', fields), 'passkey-added')
    visitor.cookies.set(COOKIE, cookie)
    expect((await visitor.post('/login/passkey/add', fields)).status).toBe(403)
    await visitor.post('/login/passkey/remove', { id: fields.credentialId as string })
    visitor.cookies.set(COOKIE, cookie)
    pass(299)
    await expectNotAdded(visitor, await visitor.post('/login/passkey/add', fields))
  })

  it.each([
    '/login/passkey/add',
    '/login/passkey/add/options',
    '/login/passkey/rename',
    '/login/passkey/remove',
  ])('needs a signed-in user: %s', async (path) => {
    const { visitor, authenticator } = await withPasskey(await newPerson())
    const id = base64url.encode(authenticator.credentialId)
    visitor.cookies.delete('__Host-session')
    expect(await expectPage(await visitor.post(path, { id, name: 'x' }), 403)).toContain('You are signed out')
    expectSignedIn(await signInWith(visitor, authenticator))
    expect(await accountPage(visitor)).toContain('<bdi>Key</bdi>')
  })

  it.each([
    '/login/passkey',
    '/login/passkey/options',
    '/login/passkey/add',
    '/login/passkey/add/options',
    '/login/passkey/rename',
    '/login/passkey/remove',
    '/login/passkey/invite',
    '/login/passkey/withdraw',
    '/login/passkey/invitation',
    '/login/passkey/invitation/options',
  ])('is not touched from another site: %s', async (path) => {
    const { visitor, authenticator } = await withPasskey()
    const id = base64url.encode(authenticator.credentialId)
    const token = tokenIn(await invite(visitor))
    const before = await accountPage(visitor)
    const response = await visitor.post(path, { id, token, name: 'x' }, { 'Sec-Fetch-Site': 'cross-site' })
    expect(await expectPage(response, 403)).toContain('This did not come from here')
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await accountPage(visitor)).toBe(before)
  })

  it('is in the list once', async () => {
    const { visitor, authenticator } = await withPasskey(await newPerson())
    const again = await addPasskey(visitor, authenticator)
    expect(await expectPage(again, 403)).toContain('in the list already')
    expectSignedIn(await signInWith(new Visitor(), authenticator))
  })

  it('is one of twenty at most', async () => {
    const visitor = await newPerson()
    for (let count = 0; count < 20; count++) await withPasskey(visitor)
    const refused = await addPasskey(visitor, await Authenticator.create(ORIGIN))
    expect(await expectPage(refused, 403)).toContain('twenty passkeys')
  })

  it('can be asked for by an open page more often than anyone may sign in', async () => {
    const { authenticator } = await withPasskey()
    const visitor = new Visitor()
    for (let times = 0; times < 12; times++) await optionsOf(visitor, '/login/passkey')
    expectSignedIn(await signInWith(visitor, authenticator))
  })

  it('keeps its challenge from scripts and other hosts', async () => {
    const response = await new Visitor().post('/login/passkey/options', {})
    const [cookie] = response.headers.getSetCookie()
    expect(cookie).toMatch(/^__Host-passkey=/)
    const attributes = ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/', 'Max-Age=300']
    expect(cookie?.split('; ')).toEqual(expect.arrayContaining(attributes))
    const { challenge } = (await response.json()) as Options
    expect(base64url.decode(challenge).length).toBe(32)
  })
})

describe('A24 a sign-in with a passkey', () => {
  let visitor: Visitor
  let authenticator: Authenticator

  beforeEach(async () => {
    ;({ authenticator } = await withPasskey(await newPerson()))
    visitor = new Visitor()
  })

  async function signedInWith(one: Authenticator): Promise<Visitor> {
    const person = new Visitor()
    expectSignedIn(await signInWith(person, one))
    return person
  }

  /** The request signed no user in; the passkey still signs its owner in. */
  async function expectRefused(response: Response): Promise<void> {
    await expectRefusedSignIn(response)
    expectSignedIn(await signInWith(new Visitor(), authenticator))
  }

  const flipped = (signature: Uint8Array) => signature.with(-1, (signature.at(-1) as number) ^ 1)

  const WRONG: Record<string, Changes> = {
    ...WRONG_IN_EITHER,
    'the type of a registration': { type: 'webauthn.create' },
    'a signature with one bit changed': { signature: flipped },
    'a signature that is no DER': { signature: (signature) => signature.subarray(1) },
    'a signature with more behind it': { signature: (signature) => new Uint8Array([...signature, 0]) },
    'a signature of zeros': { signature: () => der(new Uint8Array(64)) },
  }

  it.each(Object.entries(WRONG))('is refused with %s', async (_, changes) => {
    const log = listenToLog()
    const response = await signInWith(visitor, authenticator, changes)
    expect(reasons(log)).toEqual(['invalid'])
    await expectRefused(response)
  })

  it('is refused with the signature of another passkey', async () => {
    const other = await Authenticator.create(ORIGIN)
    const options = await optionsOf(visitor, '/login/passkey')
    const fields = {
      ...(await authenticator.sign(options)),
      signature: (await other.sign(options)).signature,
    }
    await expectRefused(await visitor.post('/login/passkey', fields))
  })

  it.each(['ES256', 'RS256'] as const)(
    'is refused with a key of the other kind than %s',
    async (algorithm) => {
      const [one, other] = await Promise.all([
        Authenticator.create(ORIGIN, algorithm),
        Authenticator.create(ORIGIN, algorithm === 'ES256' ? 'RS256' : 'ES256'),
      ])
      expectDone(await addPasskey(await newPerson(), one), 'passkey-added')
      const options = await optionsOf(visitor, '/login/passkey')
      const fields = {
        ...(await one.sign(options)),
        signature: (await other.sign(options)).signature as string,
      }
      await expectRefused(await visitor.post('/login/passkey', fields))
    },
  )

  it('is refused with a passkey of another user under this account', async () => {
    const { authenticator: other } = await withPasskey(await newPerson())
    const options = await optionsOf(visitor, '/login/passkey')
    const { userHandle } = await authenticator.sign(options)
    const log = listenToLog()
    const fields = await other.sign(options, { userHandle: userHandle as string })
    const response = await visitor.post('/login/passkey', fields)
    expect(reasons(log)).toEqual(['unknown'])
    await expectRefused(response)
  })

  it('is refused with the id of this passkey and the key of another', async () => {
    const { authenticator: other } = await withPasskey(await newPerson())
    const options = await optionsOf(visitor, '/login/passkey')
    const { userHandle } = await authenticator.sign(options)
    const { credentialId } = authenticator
    const fields = await other.sign(options, { userHandle: userHandle as string, credentialId })
    await expectRefused(await visitor.post('/login/passkey', fields))
  })

  it('is refused with a passkey that was registered with the id of this one, by another user', async () => {
    const thief = await Authenticator.create(ORIGIN)
    const { credentialId } = authenticator
    const thiefs = await newPerson()
    expectDone(await addPasskey(thiefs, thief, { credentialId }), 'passkey-added')
    const options = await optionsOf(visitor, '/login/passkey')
    const { userHandle } = await authenticator.sign(options)
    const fields = await thief.sign(options, { userHandle: userHandle as string, credentialId })
    await expectRefused(await visitor.post('/login/passkey', fields))
  })

  it.each([
    ['a user that does not exist', `user_${'A'.repeat(43)}`, 1],
    ['something that is no user id', 'admin', 0],
    ['a user id with more behind it', `user_${'A'.repeat(43)}\n`, 0],
    ['a client id', 'a'.repeat(64), 0],
  ])('is refused with the user handle of %s', async (_, name, questions) => {
    const userHandle = base64url.encode(new TextEncoder().encode(name))
    const log = listenToLog()
    const objects = vi.spyOn(Object.getPrototypeOf(env.ACCOUNTS), 'getByName')
    const response = await signInWith(visitor, authenticator, { userHandle })
    expect(reasons(log)).toEqual(['unknown'])
    expect(objects).toHaveBeenCalledTimes(questions)
    await expectRefused(response)
  })

  it.each(['credentialId', 'clientDataJSON', 'authenticatorData', 'signature', 'userHandle'])(
    'is refused without %s, and with something else than base64url in its place',
    async (name) => {
      for (const value of ['', '%', 'AAAA', base64url.encode('null')]) {
        const fields = await authenticator.sign(await optionsOf(visitor, '/login/passkey'))
        await expectRefusedSignIn(await visitor.post('/login/passkey', { ...fields, [name]: value }))
      }
      expectSignedIn(await signInWith(new Visitor(), authenticator))
    },
  )

  it('is remembered for as long as its challenge could come back, and not longer', async () => {
    const { userId } = await whoami(await signedInWith(authenticator))
    pass(301)
    await signedInWith(authenticator)
    const remembered = await runInDurableObject(
      accountOf(env, userId),
      (_, { storage }) => storage.sql.exec('SELECT * FROM used_challenges').toArray().length,
    )
    expect(remembered).toBe(1)
  })

  it('leaves nothing behind at an account that does not exist', async () => {
    const name = `user_${'B'.repeat(43)}`
    const userHandle = base64url.encode(new TextEncoder().encode(name))
    await expectRefusedSignIn(await signInWith(visitor, authenticator, { userHandle }))
    const tables = await runInDurableObject(
      accountOf(env, name),
      (_, { storage }) => storage.sql.exec('SELECT name FROM sqlite_master').toArray().length,
    )
    expect(tables).toBe(0)
  })

  it('is refused the second time, in the same browser and within the five minutes', async () => {
    const fields = await authenticator.sign(await optionsOf(visitor, '/login/passkey'))
    const cookie = visitor.cookies.get(COOKIE) as string
    expectSignedIn(await visitor.post('/login/passkey', fields))
    const thief = new Visitor()
    const log = listenToLog()
    for (const seconds of [0, 150, 149]) {
      pass(seconds)
      thief.cookies.set(COOKIE, cookie)
      await expectRefusedSignIn(await thief.post('/login/passkey', fields))
    }
    expect(reasons(log)).toEqual(['replayed', 'replayed', 'replayed'])
    expectSignedIn(await signInWith(new Visitor(), authenticator))
  })

  it('succeeds once of fifty that come at the same time', async () => {
    const fields = await authenticator.sign(await optionsOf(visitor, '/login/passkey'))
    const crowd = Array.from({ length: 50 }, () => new Visitor())
    for (const one of crowd) one.cookies.set(COOKIE, visitor.cookies.get(COOKIE) as string)
    const responses = await Promise.all(crowd.map((one) => one.post('/login/passkey', fields)))
    expect(responses.filter(({ status }) => status === 303).length).toBe(1)
    expect(responses.filter(({ status }) => status === 403).length).toBe(49)
  })

  const ELSEWHERE: Record<string, () => Promise<unknown>> = {
    'no challenge': async () => visitor.cookies.delete(COOKIE),
    'the challenge of another browser': async () => {
      const other = new Visitor()
      await optionsOf(other, '/login/passkey')
      visitor.cookies.set(COOKIE, other.cookies.get(COOKIE) as string)
    },
    'a challenge whose seal is broken': async () =>
      visitor.cookies.set(COOKIE, `${visitor.cookies.get(COOKIE)?.slice(0, -2)}AA`),
    'a challenge that has expired': async () => pass(301),
  }

  it.each(Object.entries(ELSEWHERE))('is refused with %s', async (_, change) => {
    const fields = await authenticator.sign(await optionsOf(visitor, '/login/passkey'))
    await change()
    await expectRefused(await visitor.post('/login/passkey', fields))
  })

  it('may take almost five minutes', async () => {
    const fields = await authenticator.sign(await optionsOf(visitor, '/login/passkey'))
    pass(299)
    expectSignedIn(await visitor.post('/login/passkey', fields))
  })

  it.each(['/login/passkey/add', '/login/passkey/invitation'])(
    'is refused with a challenge that was given at %s',
    async (action) => {
      const person = await newPerson()
      const token = tokenIn(await invite(await Visitor.signedIn()))
      const { challenge } = await optionsOf(person, action, { token, name: 'Ada' })
      visitor.cookies.set(COOKIE, person.cookies.get(COOKIE) as string)
      const fields = await authenticator.sign({ challenge, rpId: 'gatehouse.test' })
      const log = listenToLog()
      const response = await visitor.post('/login/passkey', fields)
      expect(reasons(log)).toEqual(['no_challenge'])
      await expectRefused(response)
    },
  )

  it('is refused at another hostname of the same Worker, which is another RP', async () => {
    const elsewhere = new Visitor('https://other.test')
    const own = { origin: elsewhere.origin, rpId: 'gatehouse.test' }
    await expectRefused(await signInWith(elsewhere, authenticator, own))
    const fields = await authenticator.sign(await optionsOf(visitor, '/login/passkey'))
    elsewhere.cookies.set(COOKIE, visitor.cookies.get(COOKIE) as string)
    await expectRefused(await elsewhere.post('/login/passkey', fields))
  })

  it('is refused once the passkey is removed', async () => {
    const person = await newPerson({ method: 'github', subject: `removing ${n++}` })
    const { authenticator: removed } = await withPasskey(person)
    const id = base64url.encode(removed.credentialId)
    expectDone(await person.post('/login/passkey/remove', { id }), 'passkey-removed')
    const log = listenToLog()
    await expectRefusedSignIn(await signInWith(visitor, removed))
    expect(reasons(log)).toEqual(['unknown'])
  })

  it('is slowed for an address that tries too often, and for no other', async () => {
    const statuses: number[] = []
    for (let count = 0; count < 30; count++) {
      statuses.push((await visitor.post('/login/passkey', { return_to: '/account?x=1' })).status)
    }
    expect(statuses).toContain(429)
    expect((await signInWith(visitor, authenticator)).headers.get('Retry-After')).toBe('60')
    expectSignedIn(await signInWith(new Visitor(), authenticator))
  })

  it('keeps where the person was going when it is refused', async () => {
    const response = await visitor.post('/login/passkey', { return_to: '/account?x=1' })
    expect(await expectPage(response, 403)).toContain('value="/account?x=1"')
  })
})

describe('A24 the counter of an authenticator', () => {
  const counting = async (counter: number) => {
    const authenticator = await Authenticator.create(ORIGIN)
    authenticator.counter = counter
    expectDone(await addPasskey(await newPerson(), authenticator), 'passkey-added')
    return authenticator
  }

  it.each([
    ['below', 4],
    ['at', 5],
    ['gone from', 0],
  ])('is refused when it is %s what it was', async (_, counter) => {
    const authenticator = await counting(5)
    const log = listenToLog()
    await expectRefusedSignIn(await signInWith(new Visitor(), authenticator, { counter }))
    expect(reasons(log)).toEqual(['counted_back'])
    expectSignedIn(await signInWith(new Visitor(), authenticator, { counter: 6 }))
    await expectRefusedSignIn(await signInWith(new Visitor(), authenticator, { counter: 6 }))
  })

  it('may begin later, and leap', async () => {
    const authenticator = await counting(0)
    for (const counter of [0, 0, 1, 7]) {
      expectSignedIn(await signInWith(new Visitor(), authenticator, { counter }))
    }
  })

  it('accepts one of two with the same counter', async () => {
    const authenticator = await counting(5)
    const two = await Promise.all(
      [new Visitor(), new Visitor()].map((one) => signInWith(one, authenticator, { counter: 6 })),
    )
    expect(two.map(({ status }) => status).sort()).toEqual([303, 403])
  })
})

describe('A24 who signs in with a passkey', () => {
  const octocat: Partial<Identity> = {
    method: 'github',
    issuer: 'https://github.com',
    knownAs: ['github:octocat'],
    invited: false,
  }

  /** A passkey that the octocat adds while the settings are these. */
  async function octocatsPasskey(settings: Partial<Env>): Promise<Authenticator> {
    configure(settings)
    const visitor = await Visitor.as('octocat', { ...octocat, subject: String(n++) }, ORIGIN, settings)
    const { authenticator } = await withPasskey(visitor)
    expectSignedIn(await signInWith(new Visitor(), authenticator))
    return authenticator
  }

  it('is refused when no rule means them any more', async () => {
    const authenticator = await octocatsPasskey({ ALLOWED_USERS: 'github:octocat' })
    configure({ ALLOWED_USERS: 'github:hubot' })
    const log = listenToLog()
    const response = await signInWith(new Visitor(), authenticator)
    expect(reasons(log)).toEqual(['not_allowed'])
    expect(await expectPage(response.clone(), 403)).toContain('add github:octocat to ALLOWED_USERS')
    await expectRefusedSignIn(response)
    configure({ ALLOWED_USERS: 'github:octocat' })
    expectSignedIn(await signInWith(new Visitor(), authenticator))
  })

  it('is refused when the account is the owner’s and they are not the owner any more', async () => {
    const authenticator = await octocatsPasskey({ OWNER: 'github:octocat' })
    configure({ ALLOWED_USERS: 'github:octocat' })
    const log = listenToLog()
    await expectRefusedSignIn(await signInWith(new Visitor(), authenticator))
    expect(reasons(log)).toEqual(['other_user'])
  })

  it('is refused when their time is over', async () => {
    const guest = await newPerson({ expiresAt: Date.now() + 60_000 })
    const { authenticator } = await withPasskey(guest)
    expectSignedIn(await signInWith(new Visitor(), authenticator))
    pass(60)
    await expectRefusedSignIn(await signInWith(new Visitor(), authenticator))
  })
})

describe('A24 an account that does not answer', () => {
  it('is 503 with a page, and no refusal', async () => {
    const { visitor, authenticator } = await withPasskey(await newPerson())
    const id = base64url.encode(authenticator.credentialId)
    const assertion = await authenticator.sign(await optionsOf(visitor, '/login/passkey'))
    for (const method of ['passkey', 'passkeys', 'renamePasskey', 'removePasskey'] as const) {
      vi.spyOn(AccountObject.prototype, method).mockImplementation(() => {
        throw new Error('The account is away.')
      })
    }
    for (const path of ['', '/add/options', '/rename', '/remove']) {
      const response = await visitor.post(`/login/passkey${path}`, { ...assertion, id, name: 'x' })
      expect(await expectPage(response, 503)).toContain('One moment')
    }
    await expectPage(await visitor.get('/account'), 503)
    vi.restoreAllMocks()
    expectSignedIn(await visitor.post('/login/passkey', assertion))
  })
})

describe('A24 passkeys on the account page', () => {
  it('are not offered to a guest, whose account will be gone', async () => {
    expect(await accountPage(await newPerson())).toContain('Add a passkey')
    const guest = await newPerson({ method: 'guest', expiresAt: Date.now() + 60_000 })
    expect(await accountPage(guest)).not.toContain('Add a passkey')
  })

  const idOf = ({ credentialId }: Authenticator) => base64url.encode(credentialId)

  it('are listed with their names, renamed and removed by their owner alone', async () => {
    const visitor = await newPerson({ method: 'github', subject: `listing ${n++}` })
    const { authenticator } = await withPasskey(visitor)
    const id = idOf(authenticator)
    const stranger = await newPerson()
    const log = listenToLog()
    await stranger.post('/login/passkey/rename', { id, name: 'Mine now' })
    expectDone(await stranger.post('/login/passkey/remove', { id }), 'passkey-removed')
    expect(log()).toEqual([])
    expect(await accountPage(visitor)).toContain('<bdi>Key</bdi>')
    expectDone(
      await visitor.post('/login/passkey/rename', { id, name: '<b>Desk</b>\u202E' }),
      'passkey-renamed',
    )
    expect(await accountPage(visitor)).toContain('<bdi>&lt;b&gt;Desk&lt;/b&gt;</bdi>')
    expectDone(await visitor.post('/login/passkey/remove', { id }), 'passkey-removed')
    const html = await accountPage(visitor)
    expect(html).not.toContain(id)
    expect(html).toContain('Added the passkey <bdi>Key</bdi>')
    expect(html).toContain('Removed the passkey')
  })

  it('have a name that people can read, also when their authenticator is of no known make', async () => {
    const visitor = await newPerson()
    const authenticator = await Authenticator.create(ORIGIN)
    const attested = await authenticator.attest(await optionsOf(visitor, '/login/passkey/add'))
    expectDone(await visitor.post('/login/passkey/add', attested), 'passkey-added')
    expect(await accountPage(visitor)).toContain('<bdi>This device</bdi>')
    const other = await Authenticator.create(ORIGIN)
    const named = await other.attest(await optionsOf(visitor, '/login/passkey/add'))
    await visitor.post('/login/passkey/add', { ...named, name: 'My\u202Ekey' })
    expect(await accountPage(visitor)).toContain('<bdi>My key</bdi>')
  })

  it('keep their name when a new one is empty', async () => {
    const { visitor, authenticator } = await withPasskey(await newPerson())
    const refused = await visitor.post('/login/passkey/rename', { id: idOf(authenticator), name: ' ' })
    expect(await expectPage(refused, 400)).toContain('A name is missing')
    expect(await accountPage(visitor)).toContain('<bdi>Key</bdi>')
  })

  it('keep the last one of a user without another way to sign in', async () => {
    const { visitor, authenticator } = await withPasskey(await newPerson())
    expect(await accountPage(visitor)).toContain('your only way in')
    const refused = await visitor.post('/login/passkey/remove', { id: idOf(authenticator) })
    expect(await expectPage(refused, 409)).toContain('your only way in')
    const { authenticator: second } = await withPasskey(visitor)
    const ids = [authenticator, second].map(idOf)
    const removals = await Promise.all(ids.map((id) => visitor.post('/login/passkey/remove', { id })))
    expect(removals.map(({ status }) => status).sort()).toEqual([303, 409])
  })

  it('say nothing of invitations to those who cannot make any', async () => {
    expect(await accountPage(await Visitor.signedIn())).toContain('Invite someone')
    expect(await accountPage(await newPerson())).not.toContain('Invite someone')
  })
})

describe('A24 WebAuthn §6.5.5 the form of ES256 signatures', () => {
  const raw = (r: readonly number[], s: readonly number[]) => {
    const bytes = new Uint8Array(64)
    bytes.set(r, 32 - r.length)
    bytes.set(s, 64 - s.length)
    return bytes
  }
  const full = Array.from({ length: 32 }, (_, index) => 0x40 + index)

  it.each([
    ['both at full length', full, full],
    ['a sign before r', full.with(0, 0x80), full],
    ['a sign before s', full, full.with(0, 0xff)],
    ['a short r', full.slice(1), full],
    ['a short s', full, full.slice(1)],
    ['both short, by several bytes', full.slice(3), full.slice(7)],
    ['a short r with a sign', full.slice(1).with(0, 0x90), full],
    ['one byte each', [1], [2]],
  ])('puts %s where the library looks for it', (_, r, s) => {
    const bytes = base64url.decode(padded(base64url.encode(der(raw(r, s)))))
    expect([...bytes.subarray(0, 5)]).toEqual([0x30, 70, 2, 33, 0])
    expect([...bytes.subarray(5, 37), ...bytes.subarray(40)]).toEqual([...raw(r, s)])
    expect([...bytes.subarray(37, 40)]).toEqual([2, 33, 0])
  })

  it.each([
    ['nothing', []],
    ['no sequence', [0x31, 6, 2, 1, 1, 2, 1, 1]],
    ['a length that is too short', [0x30, 5, 2, 1, 1, 2, 1, 1]],
    ['a length that is too long', [0x30, 7, 2, 1, 1, 2, 1, 1]],
    ['a missing s', [0x30, 3, 2, 1, 1]],
    ['an empty r', [0x30, 5, 2, 0, 2, 1, 1]],
    ['something else than an integer', [0x30, 6, 2, 1, 1, 4, 1, 1]],
    ['an r that is too long', [0x30, 38, 2, 33, ...Array(33).fill(1), 2, 1, 1]],
    ['bytes behind it', [0x30, 6, 2, 1, 1, 2, 1, 1, 0]],
  ])('refuses %s', (_, bytes) => {
    expect(() => padded(base64url.encode(new Uint8Array(bytes)))).toThrow()
  })

  it('accepts every one of hundreds of genuine signatures', async () => {
    const authenticator = await Authenticator.create(ORIGIN)
    const credential = {
      id: 'x',
      publicKey: base64url.encode(await authenticator.publicKey()),
      algorithm: 'ES256',
    } as const
    const challenge = base64url.encode(new Uint8Array(32))
    let short = 0
    // One in 128 numbers is shorter than the others: enough of them, and not only by luck.
    for (let count = 0; count < 600 || short < 5; count++) {
      const fields = await authenticator.sign({ challenge, rpId: 'gatehouse.test' })
      const signature = base64url.decode(fields.signature as string)
      if (signature[3] === 31 || signature[5 + (signature[3] as number)] === 31) short++
      const assertion = { clientDataJSON: '', authenticatorData: '', signature: '', ...fields }
      expect(await verifyAssertion(assertion, credential, { issuer: ORIGIN, challenge })).toBe(0)
    }
  })
})
