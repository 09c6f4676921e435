// S22 and W4: what other sites, long requests and made-up codes can do to a sign-in by way of another site.
import '../support/every-login.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ACME } from '../support/every-login.ts'
import { Internet } from '../support/internet.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { OpenIdProvider } from '../support/openid-provider.ts'
import { Visitor } from '../support/visitor.ts'
import { configure } from '../support/worker.ts'

const acme = await OpenIdProvider.make(ACME)
let internet: Internet

beforeEach(() => {
  internet = Internet.install()
  acme.open(internet)
  acme.person = { sub: 'ada', name: 'Ada', email: 'ada@acme.test' }
  configure({ ALLOWED_USERS: '*' })
})
afterEach(() => {
  configure()
  vi.restoreAllMocks()
})

const cookieHeader = ({ cookies }: Visitor) =>
  [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
const begin = (person: Visitor, path: string, site: string) =>
  person.get(`/login/acme?return_to=${encodeURIComponent(path)}`, { 'Sec-Fetch-Site': site })

describe('S22 sign-ins that other sites begin', () => {
  it.each(['cross-site', 'same-site'])('leave no cookie, and end at our page: %s', async (site) => {
    const person = new Visitor()
    for (let n = 0; n < 40; n++) {
      const response = await begin(person, `/authorize?state=${'x'.repeat(2500)}`, site)
      expect(response.status).toBe(303)
      expect(response.headers.get('Location')).toMatch(/^\/login\?return_to=%2Fauthorize/)
    }
    expect(person.cookies.size).toBe(0)
    expect((await begin(person, '/account', 'same-origin')).headers.get('Location')).toMatch(ACME)
  })
})

describe('S22 forty sign-ins in one browser', () => {
  it('keep the cookies of five, and each of these five ends where it should', async () => {
    const person = new Visitor()
    const left: [string | null, string][] = []
    for (let n = 0; n < 40; n++) {
      const path = `/account?n=${n}&state=${'x'.repeat(7000)}`
      left.push([await person.leaveFor('acme', path), path])
    }
    expect(person.cookies.size).toBe(5 * 4)
    expect(cookieHeader(person).length).toBeLessThan(60_000)
    for (const [location, path] of left.slice(-5)) {
      const back = await person.get(acme.authorize(location))
      expect(back.headers.get('Location')).toBe(path)
    }
    expect([...person.cookies.keys()]).toEqual(['__Host-session'])
    const old = await person.get(acme.authorize(left[0]?.[0] as string))
    expect(old.status).toBe(403)
  })
})

describe('S22 a long request', () => {
  it.each([10, 2_800, 5_000, 11_400])(
    'with a state of %i characters comes back to the consent page',
    async (length) => {
      const app = await OAuthClient.registered()
      const state = 'aZ09-_.x'.repeat(length / 8 + 1).slice(0, length)
      const { url } = await app.authorizationRequest({ state })
      const person = new Visitor()
      const asked = await person.get(url)
      expect(asked.status).toBe(303)
      const returnTo = new URL(asked.headers.get('Location') as string, url).searchParams.get(
        'return_to',
      ) as string
      const back = await person.signInAt('acme', acme, returnTo)
      expect(back.headers.get('Location')).toBe(returnTo)
      const consent = await person.openConsent(new URL(returnTo, url))
      expect((await consent.allow()).searchParams.get('state')).toBe(state)
    },
  )

  it('that is too long to come back is refused at once, signed in or not', async () => {
    const { url } = await (await OAuthClient.registered()).authorizationRequest({ state: 'x'.repeat(12_000) })
    for (const person of [new Visitor(), await Visitor.signedIn()]) {
      const refused = await person.get(url)
      expect(refused.status).toBe(414)
      expect(await refused.text()).toContain('too long')
    }
  })
})

describe('W4 made-up codes at the callback', () => {
  it('are limited for one address, and cause no more requests to the provider', async () => {
    const stranger = new Visitor()
    const asked = () => internet.to(ACME).filter(({ url }) => url.endsWith('/token')).length
    const before = asked()
    let last = await stranger.get('/account')
    for (let n = 0; n < 40; n++) {
      const url = acme.authorize(await stranger.leaveFor('acme'))
      url.searchParams.set('code', 'made-up')
      last = await stranger.get(url)
    }
    expect(last.status).toBe(429)
    expect(last.headers.get('Retry-After')).toBe('60')
    // Ten in a minute of the clock, and a run can meet two of them.
    expect(asked() - before).toBeLessThanOrEqual(20)
    expect((await new Visitor().signInAt('acme', acme)).status).toBe(303)
  })
})
