// S20: which pages may cut the window of an app that has opened them as a popup. None of the authorization flow.
import { describe, expect, it } from 'vitest'
import '../support/login-worker-lists.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { Visitor } from '../support/visitor.ts'

const COOP = 'Cross-Origin-Opener-Policy'

async function authorizationUrl(changes = {}): Promise<URL> {
  return (await (await OAuthClient.registered()).authorizationRequest(changes)).url
}

describe('S20 no page of the authorization flow cuts the window of the app that opened it', () => {
  const stranger = () => new Visitor()
  const PAGES: Record<string, () => Promise<Response>> = {
    'the way to the sign-in page': async () => stranger().get(await authorizationUrl()),
    'the sign-in page': () => stranger().get('/login'),
    'the sign-in page after a wrong passphrase': () => stranger().signIn('/', 'wrong'),
    'a sign-in': () => stranger().signIn(),
    'a sign-in elsewhere that failed': () => stranger().get('/login/acme/callback?error=access_denied'),
    'a form from another site': () => stranger().post('/login/passphrase', {}, { 'Sec-Fetch-Site': 'none' }),
    'the consent page': async () => (await Visitor.signedIn()).get(await authorizationUrl()),
    'the consent page again, with a notice': async () =>
      (await stranger().openConsent(await authorizationUrl())).submit({ scope: [] }),
    'the way back to the app': async () =>
      (await stranger().openConsent(await authorizationUrl())).submit({ decision: 'deny' }),
    'a consent form that is too old': async () => (await Visitor.signedIn()).post('/authorize', {}),
    'a request that is incomplete': () => stranger().get('/authorize'),
    'a request of an unknown app': async () => stranger().get(await authorizationUrl({ client_id: 'x' })),
    'a request that cannot be done': async () =>
      stranger().get(await authorizationUrl({ response_type: 'token' })),
    'a sign-out': async () => (await Visitor.signedIn()).post('/logout', {}),
    'an invitation to a passkey': () => stranger().get('/login/passkey/invitation?token=x'),
    'a page that does not exist': () => stranger().get('/login/nowhere'),
  }

  it.each(Object.entries(PAGES))('%s', async (_page, open) => {
    const { headers, status } = await open()
    expect(status).toBeLessThan(500)
    expect(headers.get(COOP)).toBeNull()
  })

  it.each(['/account', '/account/erase', '/admin'])('%s, which is no part of it, does', async (path) => {
    const page = await (await Visitor.signedIn()).get(path)
    expect(page.status).toBe(200)
    expect(page.headers.get(COOP)).toBe('same-origin')
  })
})
