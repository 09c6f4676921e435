// A person with a browser, as far as HTTP goes: keeps cookies, sends what browsers send, fills in forms.
import { env } from 'cloudflare:workers'
import { seal } from '#engine/crypto/seal.ts'
import { type Identity, userIdOf } from '#engine/people/identity.ts'
import type { Session } from '#engine/people/session.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { form, ORIGIN, randomAddress, send } from './worker.ts'

type Fields = Record<string, string | readonly string[] | undefined>
type SentHeaders = Record<string, string | undefined>

interface SignInSite {
  /** What a person meets at the address, and agrees to. Returns where they are sent. */
  authorize(location: string | null): URL
}

export class Visitor {
  readonly cookies = new Map<string, string>()
  readonly origin: string
  readonly address = randomAddress()

  constructor(origin: string = ORIGIN) {
    this.origin = origin
  }

  get(path: string | URL, headers: SentHeaders = {}): Promise<Response> {
    return this.#send(path, {}, { Accept: 'text/html', ...headers })
  }

  /** Submits a form from one of the server's own pages; `headers` say otherwise, undefined ones are not sent. */
  post(path: string | URL, fields: Fields, headers: SentHeaders = {}): Promise<Response> {
    const own = { Origin: this.origin, 'Sec-Fetch-Site': 'same-origin', Accept: 'text/html' }
    return this.#send(path, { method: 'POST', body: form(fields) }, { ...own, ...headers })
  }

  /** A person who has signed in. */
  static async signedIn(origin: string = ORIGIN): Promise<Visitor> {
    const visitor = new Visitor(origin)
    await visitor.signIn()
    return visitor
  }

  /** A signed-in user other than the owner, or the user of an identity. @param of their session */
  static async as(
    name: string,
    changes: Partial<Identity> = {},
    origin: string = ORIGIN,
    settings: Partial<Env> = {},
    of: { readonly [name in keyof Session]?: Session[name] | undefined } = {},
  ): Promise<Visitor> {
    const config = loadSettings({ ...env, ...settings })
    const known: Identity = { method: 'passkey', issuer: '', subject: name, name, knownAs: [], invited: true }
    const identity = { ...known, ...changes }
    const userId = await userIdOf(config, identity)
    const session = {
      id: crypto.randomUUID(),
      userId,
      identity,
      epoch: 0,
      method: identity.method,
      signedInAt: Date.now(),
      ...of,
    }
    const visitor = new Visitor(origin)
    visitor.cookies.set('__Host-session', await seal(config, 'session', origin, session, 3600))
    return visitor
  }

  /** Whether the account page lists an app. */
  async hasConnected(clientId: string): Promise<boolean> {
    return (await (await this.get('/account')).text()).includes(`value="${clientId}"`)
  }

  signIn(returnTo?: string, passphrase: string = env.OWNER_PASSPHRASE): Promise<Response> {
    return this.post('/login/passphrase', { passphrase, return_to: returnTo })
  }

  /** Sets out to sign in at another site. Returns the address there. */
  async leaveFor(method: string, returnTo = '/account'): Promise<string | null> {
    const response = await this.get(`/login/${method}?return_to=${encodeURIComponent(returnTo)}`)
    return response.headers.get('Location')
  }

  /** Signs in at another site and comes back. */
  async signInAt(method: string, site: SignInSite, returnTo?: string): Promise<Response> {
    return this.get(site.authorize(await this.leaveFor(method, returnTo)))
  }

  async isSignedIn(): Promise<boolean> {
    return (await this.get('/account')).status === 200
  }

  /** Opens an authorization URL, signs in where asked to, and returns the consent page. */
  async openConsent(url: string | URL): Promise<ConsentForm> {
    let response = await this.get(url)
    if (response.status === 303) {
      const login = new URL(response.headers.get('Location') as string, this.origin)
      response = await this.signIn(login.searchParams.get('return_to') ?? undefined)
      response = await this.get(response.headers.get('Location') as string)
    }
    const html = await response.text()
    if (response.status !== 200) throw new Error(`No consent page but ${response.status}: ${html}`)
    return new ConsentForm(this, html)
  }

  async #send(path: string | URL, init: RequestInit, sent: SentHeaders): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = new Headers({ 'CF-Connecting-IP': this.address })
    for (const [name, value] of Object.entries(sent)) if (value !== undefined) headers.set(name, value)
    if (cookie) headers.set('Cookie', cookie)
    const response = await send(new URL(path, this.origin), { ...init, headers })
    for (const set of response.headers.getSetCookie()) this.#keep(set)
    return response
  }

  #keep(setCookie: string): void {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(setCookie) as RegExpExecArray
    // RFC 6265bis §5.6: a browser ignores one that is longer.
    if (`${name}${value}`.length > 4096) return
    if (/max-age=0/i.test(setCookie)) this.cookies.delete(name as string)
    else this.cookies.set(name as string, value as string)
  }
}

/** The form of a consent page. */
export class ConsentForm {
  readonly html: string
  readonly #visitor: Visitor

  constructor(visitor: Visitor, html: string) {
    this.#visitor = visitor
    this.html = html
  }

  get seal(): string {
    return /name="seal" value="([^"]+)"/.exec(this.html)?.[1] as string
  }

  /** Those that are ticked: a browser sends these, if the person changes nothing. */
  get scopes(): string[] {
    return this.#boxes().flatMap(({ name, ticked }) => (ticked ? name : []))
  }

  /** Those that the person could tick. */
  get further(): string[] {
    return this.#boxes().flatMap(({ name, ticked }) => (ticked ? [] : name))
  }

  #boxes(): { name: string; ticked: boolean }[] {
    return [...this.html.matchAll(/name="scope" value="([^"]+)"( checked)?/g)].map(([, name, checked]) => ({
      name: name as string,
      ticked: checked !== undefined,
    }))
  }

  submit(changes: Fields = {}, headers: SentHeaders = {}): Promise<Response> {
    const fields = { seal: this.seal, scope: this.scopes, decision: 'allow', ...changes }
    const action = /<form method="post" action="([^"]+)"/.exec(this.html)?.[1] as string
    return this.#visitor.post(action, fields, headers)
  }

  async allow(): Promise<URL> {
    return new URL((await this.submit()).headers.get('Location') as string)
  }

  async deny(): Promise<URL> {
    return new URL((await this.submit({ decision: 'deny' })).headers.get('Location') as string)
  }
}
