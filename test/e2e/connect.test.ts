// The whole way as people go it: `npm run dev`, an unmodified MCP client, a real browser.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App } from '../support/app.ts'
import { launchBrowser } from '../support/browser.ts'
import { DevServer } from '../support/dev-server.ts'

let server: DevServer
let browser: Browser
let context: BrowserContext
let page: Page
let app: App

beforeAll(async () => {
  ;[server, browser] = await Promise.all([DevServer.start(), launchBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

beforeEach(async () => {
  // Nothing on any page may need a script.
  context = await browser.newContext({ javaScriptEnabled: false })
  page = await context.newPage()
})

afterEach(async () => {
  await app?.stop()
  await context.close()
})

/** What the person does when the app opens a browser: signs in where asked, reads, allows. */
async function allow(url: URL): Promise<void> {
  await page.goto(url.href)
  if (page.url().includes('/login')) {
    await page.getByLabel('Passphrase').fill(server.passphrase)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(
    /^Allow Desk & Co to (use your account|do more)\?$/,
  )
  expect(await page.getByText('this computer (127.0.0.1:').count()).toBe(1)
  const button = page.getByRole('button', { name: 'Allow' })
  await button.click()
  await page.getByText('You can close this page').waitFor()
}

describe.each([
  ['the 2026-07-28 protocol', { pin: '2026-07-28' }],
  ['the initialize era', 'legacy'],
] as const)('an MCP client in %s', (_name, era) => {
  it('connects, steps up, refreshes, and is revoked', async () => {
    app = await App.start(server.mcpUrl, era, allow)
    await app.connect()
    const whoami = await app.call('whoami')
    expect(whoami.structuredContent).toMatchObject({
      name: 'Owner',
      scopes: ['notes:read', 'offline_access'],
    })

    const text = `Written by ${JSON.stringify(era)}`
    const added = await app.call('add_note', { text })
    expect(added.structuredContent).toMatchObject({ text })

    app.loseAccessToken()
    const found = await app.call('search_notes', { text })
    expect(found.structuredContent).toMatchObject({ notes: [{ text }] })

    await page.goto(`${server.origin}/account`)
    expect(await page.getByRole('heading', { name: 'Desk & Co' }).count()).toBe(1)
    await page.getByRole('button', { name: 'Revoke Desk & Co' }).click()
    await page.getByText('No app is connected').waitFor()
    // The access token is known to this server for up to a minute; the refresh token is over at once, so that the
    // app must ask the person again.
    app.loseAccessToken()
    let asked = 0
    const deny = async (url: URL) => {
      asked++
      await page.goto(url.href)
      await page.getByRole('button', { name: 'Deny' }).click()
      await page.getByText('You can close this page').waitFor()
    }
    app.redirectToAuthorization = deny
    await expect(app.call('whoami')).rejects.toThrow('The person said no.')
    expect(asked).toBe(1)
  })
})

describe('a person', () => {
  it('deletes whatever is kept of them, and begins anew', async () => {
    app = await App.start(server.mcpUrl, { pin: '2026-07-28' }, allow)
    await app.connect()
    await app.call('add_note', { text: 'Soon gone' })

    await page.goto(`${server.origin}/account`)
    await page.getByRole('link', { name: 'Delete my data…' }).click()
    const question = page.getByRole('heading', { name: 'Delete your data?' })
    await question.waitFor()
    // The browser itself holds the form back until its box is ticked.
    await page.getByRole('button', { name: 'Delete it' }).click()
    await question.waitFor()
    await page.getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Delete it' }).click()
    await page.getByRole('heading', { name: 'Your data is deleted' }).waitFor()
    await page.goto(`${server.origin}/account`)
    expect(page.url()).toContain('/login')

    app.loseAccessToken()
    const found = await app.call('list_notes')
    expect(found.structuredContent).toEqual({ notes: [] })
    await page.goto(`${server.origin}/account`)
    expect(await page.getByText('Signed in with passphrase').count()).toBe(1)
  })
})
