// S20: an app at another origin signs a person in by popup. It keeps its window, and learns nothing from it.
import { createHash, randomBytes } from 'node:crypto'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { LocalServer } from '../support/local-server.ts'
import { LocalSite } from '../support/local-sites.ts'

const CALLBACK = `<script>
  if (window.opener) window.opener.postMessage(location.search, location.origin)
  else document.title = 'no opener'
</script>`

let server: LocalServer
let browser: Browser
let site: LocalSite
let context: BrowserContext
let app: Page
let authorizationUrl: string

beforeAll(async () => {
  ;[server, browser, site] = await Promise.all([
    LocalServer.start(),
    launchBrowser(),
    // 127.0.0.1 and localhost are different sites.
    LocalSite.start(({ url = '' }, answer) => {
      answer.setHeader('Content-Type', 'text/html').end(url.startsWith('/callback') ? CALLBACK : appPage())
    }),
  ])
  const redirect_uri = `${site.origin}/callback`
  const registered = await fetch(`${server.origin}/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Web app',
      redirect_uris: [redirect_uri],
      token_endpoint_auth_method: 'none',
    }),
  })
  const { client_id } = (await registered.json()) as { client_id: string }
  const query = new URLSearchParams({
    client_id,
    redirect_uri,
    response_type: 'code',
    scope: 'notes:read',
    state: 'a state',
    code_challenge: createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url'),
    code_challenge_method: 'S256',
  })
  authorizationUrl = `${server.origin}/authorize?${query}`
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  site?.stop()
})

beforeEach(async () => {
  context = await browser.newContext()
  app = await context.newPage()
  await app.goto(site.origin)
})

afterEach(() => context.close())

function appPage(): string {
  return `<button>Connect</button><script>
    window.received = null
    addEventListener('message', ({ data, origin }) => { if (origin === location.origin) window.received = data })
    document.querySelector('button').onclick = () => {
      window.popup = window.open(${JSON.stringify(authorizationUrl)}, 'oauth', 'width=500,height=700')
    }
  </script>`
}

async function openPopup(): Promise<Page> {
  const [popup] = await Promise.all([context.waitForEvent('page'), app.getByRole('button').click()])
  await popup.getByLabel('Passphrase').waitFor()
  return popup
}

/** What the app reads from its window; an error by its name. */
function read(what: string): Promise<unknown> {
  return app.evaluate(`(() => { try { return ${what} } catch ({ name }) { return name } })()`)
}

async function signIn(popup: Page, passphrase = server.passphrase): Promise<void> {
  await popup.getByLabel('Passphrase').fill(passphrase)
  await popup.getByRole('button', { name: 'Sign in', exact: true }).click()
}

async function openConsent(): Promise<Page> {
  const popup = await openPopup()
  await signIn(popup)
  await popup.getByRole('button', { name: 'Allow' }).waitFor()
  return popup
}

describe('S20 a popup whose opener is of another origin', () => {
  it('tells the opener in its callback, by window.opener', async () => {
    const popup = await openPopup()
    // A page with a notice is on the way, too.
    await signIn(popup, 'wrong')
    await popup.getByRole('alert').waitFor()
    await signIn(popup)
    const allow = popup.getByRole('button', { name: 'Allow' })
    await allow.click()
    await app.waitForFunction('window.received !== null')
    const answer = new URLSearchParams((await read('window.received')) as string)
    expect(answer.get('state')).toBe('a state')
    expect(answer.get('code')).toMatch(/^[0-9a-f]{64}\./)
  })

  it('is open for an opener that polls `closed`, until the person closes it', async () => {
    const popup = await openPopup()
    expect(await read('window.popup.closed')).toBe(false)
    await signIn(popup)
    await popup.getByRole('button', { name: 'Allow' }).waitFor()
    expect(await read('window.popup.closed')).toBe(false)
    await popup.close()
    await app.waitForFunction('window.popup.closed')
  })

  it('tells the opener nothing but that', async () => {
    const popup = await openConsent()
    expect(await read('window.popup.closed')).toBe(false)
    for (const what of ['document', 'location.href', 'name', 'innerWidth', 'history.length']) {
      expect([what, await read(`window.popup.${what}`)]).toEqual([what, 'SecurityError'])
    }
    expect(await read('window.popup.length')).toBe(0)
    // Nothing there listens, and nothing there can be pressed from here.
    await read(`window.popup.postMessage('allow', '*')`)
    await read('window.popup.focus()')
    expect(await popup.getByRole('button', { name: 'Allow' }).isVisible()).toBe(true)
    expect(await read('window.received')).toBe(null)
  })

  it('is not the account page: that is in a window of its own', async () => {
    const popup = await openConsent()
    await popup.goto(`${server.origin}/account`)
    await app.waitForFunction('window.popup.closed')
  })
})
