// A20: what a person may allow beside what an app asked for (RFC 6749 §3.3): offered, unticked, within their ceiling, and
// nothing that the page did not offer.
import { afterEach, describe, expect, it } from 'vitest'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { tokensOf } from '../support/outcome.ts'
import { expectPage } from '../support/refusals.ts'
import { type ConsentForm, Visitor } from '../support/visitor.ts'
import { configure, ORIGIN } from '../support/worker.ts'

const ADDRESS = 'ada@example.com'
const CEILING = { SCOPE_CEILINGS: '@example.com = notes:read; * = notes:read notes:write' }

afterEach(() => {
  configure()
})

/** An app asks, and a user reads the consent page. */
async function asked(scope: string | undefined, person = Visitor.signedIn()) {
  const app = await OAuthClient.registered()
  const visitor = await person
  const { url, verifier, redirectUri } = await app.authorizationRequest({ scope })
  const consent = await visitor.openConsent(url)
  const redeem = async (form: ConsentForm, ticked: readonly string[]) => {
    const answer = new URL((await form.submit({ scope: ticked })).headers.get('Location') as string)
    const code = answer.searchParams.get('code') as string
    const fields = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: redirectUri,
    }
    return tokensOf(app.token(fields))
  }
  return { app, visitor, consent, redeem }
}

const underCeiling = () =>
  Visitor.as('ada', { knownAs: [ADDRESS, '@example.com'], invited: true }, ORIGIN, CEILING as Partial<Env>)

describe('RFC 6749 §3.3 what a person can allow beside what was asked for', () => {
  it.each<[string, string | undefined, string[], string[]]>([
    ['one scope', 'notes:read', ['notes:read'], ['notes:write']],
    ['another', 'notes:write', ['notes:write'], ['notes:read']],
    ['everything', 'notes:read notes:write', ['notes:read', 'notes:write'], []],
    ['nothing in particular', undefined, ['notes:read'], ['notes:write']],
    ['to refresh, and no more', 'offline_access', [], ['notes:read', 'notes:write']],
  ])('is offered unticked to an app that asked for %s', async (_what, scope, ticked, further) => {
    const { consent } = await asked(scope)
    expect({ ticked: consent.scopes, further: consent.further }).toEqual({ ticked, further })
    expect(consent.html.includes('You can also allow')).toBe(further.length > 0)
  })

  it('is not granted unless it is ticked', async () => {
    const { consent, redeem } = await asked('notes:read')
    expect((await redeem(consent, consent.scopes)).scope).toBe('notes:read')
  })

  it('is granted when it is, and the token says so: no step-up is needed later', async () => {
    const { app, consent, redeem } = await asked('notes:read')
    const tokens = await redeem(consent, [...consent.scopes, ...consent.further])
    expect(tokens.scope).toBe('notes:read notes:write')
    expect((await callTool(tokens.access_token, 'add_note', { text: 'Milk' })).status).toBe(200)
    // It belongs to the grant, as what was asked for.
    expect((await tokensOf(app.refresh(tokens.refresh_token))).scope).toBe('notes:read notes:write')
  })

  it('can be all that is granted', async () => {
    const { consent, redeem } = await asked('notes:read')
    expect((await redeem(consent, consent.further)).scope).toBe('notes:write')
  })

  it('need not be ticked where the app asked for no scope that is a choice', async () => {
    const { consent, redeem } = await asked('offline_access')
    expect((await redeem(consent, [])).scope).toBe('offline_access')
  })

  it('is still offered when the page is shown again', async () => {
    const { visitor, consent, redeem } = await asked('notes:read')
    const again = new (consent.constructor as typeof ConsentForm)(
      visitor,
      await expectPage(await consent.submit({ scope: [] }), 200),
    )
    expect(again.further).toEqual(['notes:write'])
    expect((await redeem(again, ['notes:read', 'notes:write'])).scope).toBe('notes:read notes:write')
  })
})

describe('A20 a tick at what the person may not grant', () => {
  it('is not offered above their ceiling, and refused', async () => {
    configure(CEILING as Partial<Env>)
    const { consent, redeem } = await asked('notes:read', underCeiling())
    expect(consent.further).toEqual([])
    await expectPage(await consent.submit({ scope: ['notes:read', 'notes:write'] }), 403)
    expect((await redeem(consent, ['notes:read'])).scope).toBe('notes:read')
  })

  it('is refused when the ceiling comes down while they look at the page', async () => {
    const { consent, redeem } = await asked('notes:read', underCeiling())
    expect(consent.further).toEqual(['notes:write'])
    configure(CEILING as Partial<Env>)
    await expectPage(await consent.submit({ scope: ['notes:read', 'notes:write'] }), 403)
    expect((await redeem(consent, ['notes:read'])).scope).toBe('notes:read')
  })

  it('is refused when the ceiling goes up: the page did not offer it', async () => {
    configure(CEILING as Partial<Env>)
    const { consent } = await asked('notes:read', underCeiling())
    configure()
    await expectPage(await consent.submit({ scope: ['notes:read', 'notes:write'] }), 403)
  })
})

/** The scopes under each heading of the consent page. */
function listed(html: string): [string, string[]][] {
  const parts = html.split(/<p>(?=It |You already|You can)/).slice(1)
  return parts.map((part) => [
    part.split('</p>')[0] ?? '',
    [...part.matchAll(/name="scope" value="([^"]+)"/g)].map(([, name = '']) => name),
  ])
}

describe('A20 what the person has allowed the same app before', () => {
  it('is told apart from what is new, and both are asked for', async () => {
    const { app, visitor } = await asked('notes:read')
    await app.connect(visitor, { scope: 'notes:read' })
    const { url } = await app.authorizationRequest()
    const consent = await visitor.openConsent(url)
    expect(consent.html).toContain('to do more?')
    expect(listed(consent.html)).toEqual([
      ['It wants to also:', ['notes:write']],
      ['You already allowed it to:', ['notes:read']],
    ])
    expect(consent.scopes).toEqual(['notes:write', 'notes:read'])
    const again = await (await consent.submit({ scope: [] })).text()
    expect(listed(again)[0]).toEqual(['It wants to also:', ['notes:write']])
  })

  it('counts for the one app, the one person, and as long as it lives', async () => {
    const { app, visitor } = await asked('notes:read')
    await app.connect(visitor, { scope: 'notes:read' })
    const FIRST = [['It will know who you are here, and may:', ['notes:read', 'notes:write']]]
    const [other, stranger] = [await OAuthClient.registered(), await Visitor.as(crypto.randomUUID())]
    expect(listed((await visitor.openConsent((await other.authorizationRequest()).url)).html)).toEqual(FIRST)
    const { url } = await app.authorizationRequest()
    expect(listed((await stranger.openConsent(url)).html)).toEqual(FIRST)
    await visitor.post('/account/revoke', { client_id: app.id })
    expect(listed((await visitor.openConsent(url)).html)).toEqual(FIRST)
  })

  it('has its day where app, scopes and redirect URI are the same, and is asked for all the same', async () => {
    const redirect_uris = ['https://client.example/callback', 'https://client.example/other']
    const app = await OAuthClient.registered({ redirect_uris })
    const visitor = await Visitor.as(crypto.randomUUID())
    await app.connect(visitor)
    const open = async (changes: Record<string, string>) =>
      (await visitor.openConsent((await app.authorizationRequest(changes)).url)).html
    const same = await open({})
    expect(same).toMatch(/You allowed this on <time/)
    expect(same).toContain('value="allow"')
    for (const changes of [{ redirect_uri: redirect_uris[1] as string }, { scope: 'notes:read' }])
      expect(await open(changes)).not.toContain('You allowed this on')
  })

  it('has no day where the answer goes to this computer: any program can use the port', async () => {
    const redirect_uri = 'http://127.0.0.1:4711/callback'
    const app = await OAuthClient.registered({ redirect_uris: [redirect_uri] })
    const visitor = await Visitor.as(crypto.randomUUID())
    const { url } = await app.authorizationRequest({ redirect_uri })
    await (await visitor.openConsent(url)).allow()
    expect((await visitor.openConsent(url)).html).not.toContain('You allowed this on')
  })
})

describe('A12 the app that the sign-in page names', () => {
  it.each([
    ['Notes for Mac', 'Notes for Mac'],
    ['<b>"Bold"</b>', '&lt;b&gt;&quot;Bold&quot;&lt;/b&gt;'],
    ['تطبيق', 'تطبيق'],
  ])('is the one that asks, and chose its name: %s', async (client_name, shown) => {
    const { url } = await (await OAuthClient.registered({ client_name })).authorizationRequest()
    const person = new Visitor()
    const path = (await person.get(url)).headers.get('Location') as string
    const sentence = `An app that calls itself <strong><bdi>${shown}</bdi></strong> sent you here.`
    expect(await (await person.get(path)).text()).toContain(sentence)
    const returnTo = url.pathname + url.search
    expect(await (await person.signIn(returnTo, 'wrong')).text()).toContain(sentence)
  })

  it.each(['/account', '/authorize', '/authorize?client_id=unknown', '/other?client_id=unknown'])(
    'is left out on the way to %s',
    async (path) => {
      const page = await new Visitor().get(`/login?return_to=${encodeURIComponent(path)}`)
      expect(await expectPage(page, 200)).not.toContain('sent you here')
    },
  )
})
