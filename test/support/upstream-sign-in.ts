// Signing in by way of another site, for tests: providers that answer, a clock that never goes back, and what is expected
// of who comes in and who does not. It needs every login method: the imports of a test begin with every-login.ts.
import { env } from 'cloudflare:workers'
import { base64url } from 'jose'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { type SealKind, seal } from '#engine/crypto/seal.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { ACME, GOOGLE } from './every-login.ts'
import { GITHUB, GITHUB_API, GITHUB_CLIENT, GitHub } from './github.ts'
import { Internet } from './internet.ts'
import { callTool, OAuthClient, structured } from './oauth-client.ts'
import { CLIENT_SECRET, OpenIdProvider } from './openid-provider.ts'
import { expectPage } from './refusals.ts'
import { seenSecrets } from './secrets.ts'
import { Visitor } from './visitor.ts'
import { configure, ORIGIN } from './worker.ts'

export const SESSION_COOKIE = '__Host-session'
export const ALICE = { sub: 'alice', name: 'Alice Liddell', email: 'alice@acme.test', email_verified: true }

export const acme = await OpenIdProvider.make(ACME)
export const google = await OpenIdProvider.make(GOOGLE)
export let github: GitHub
export let internet: Internet
/** Never goes back between tests, because the Worker keeps what it knows of a provider for a time. */
let clock = Date.now()

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: clock })
  internet = Internet.install()
  acme.open(internet)
  acme.person = ALICE
  google.open(internet)
  google.person = ALICE
  github = new GitHub()
  for (const origin of [GITHUB, GITHUB_API]) internet.site(origin, github.answer)
  configure({ ALLOWED_USERS: '*' })
  for (const secret of [CLIENT_SECRET, GITHUB_CLIENT.secret]) seenSecrets.add(secret)
})

afterEach(() => {
  configure()
  clock = Date.now()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** The sign-in page, with the reason; the browser has no session. Returns its HTML. */
export async function expectRefused(person: Visitor, response: Response, status = 403): Promise<string> {
  const html = await expectPage(response, status)
  expect(html).toContain('role="alert"')
  expect(html).toContain('Continue with GitHub')
  expect(person.cookies.has(SESSION_COOKIE)).toBe(false)
  return html
}

export async function expectSignedIn(person: Visitor, response: Response, where = '/account'): Promise<void> {
  expect(`${response.status} ${await response.text()}`).toBe('303 ')
  expect(response.headers.get('Location')).toBe(where)
  expect(await person.isSignedIn()).toBe(true)
}

/** How often a provider was asked to redeem a code. */
export function redemptions(): number {
  return internet.requests.filter(({ method }) => method === 'POST').length
}

export function cookieNames(person: Visitor, kind: 'flow' | 'return'): string[] {
  return [...person.cookies.keys()].filter((name) => name.startsWith(`__Host-${kind}-`))
}

/** Has gone to Acme and agreed there, and comes back with this. */
export async function onTheWayBack(person = new Visitor(), returnTo?: string) {
  const callback = acme.authorize(await person.leaveFor('acme', returnTo))
  const flow = cookieNames(person, 'flow').at(-1) as string
  return { person, callback, flow, sealed: person.cookies.get(flow) as string }
}

/** What was sealed, under the signature of another kind. */
export function sealedAs(kind: SealKind, sealed: string, changes: object = {}): Promise<string> {
  const { value } = JSON.parse(new TextDecoder().decode(base64url.decode(sealed.split('.')[0] as string)))
  return seal(loadSettings(env), kind, ORIGIN, { ...value, ...changes }, 600)
}
export async function signedIn(method: 'acme' | 'google' | 'github', returnTo?: string): Promise<Visitor> {
  const person = new Visitor()
  await expectSignedIn(
    person,
    await person.signInAt(method, { acme, google, github }[method], returnTo),
    returnTo,
  )
  return person
}

/** The user that the tools act for after this user approves an app. */
export async function userOf(person: Visitor): Promise<string> {
  const { access_token } = await (await OAuthClient.registered()).connect(person)
  return (await structured<{ userId: string }>(callTool(access_token, 'whoami'))).userId
}
