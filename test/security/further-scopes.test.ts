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
