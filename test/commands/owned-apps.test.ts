// Apps that the owner registers for people, where no app can introduce itself: `npm run client` as a program, an
// unmodified MCP client that was given its id, a real browser.
import { hostname } from 'node:os'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { App } from '../support/app.ts'
import { launchBrowser } from '../support/browser.ts'
import { runScript } from '../support/fixture.ts'
import { LocalServer } from '../support/local-server.ts'

let server: LocalServer
let browser: Browser
let page: Page

beforeAll(async () => {
  const closed = { REGISTRATION: 'off', CLIENT_DOCUMENT_HOSTS: '' }
  ;[server, browser] = await Promise.all([LocalServer.start(undefined, closed), launchBrowser()])
  page = await browser.newPage()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

function client(...args: string[]): Promise<{ code: number; output: string; complaint: string }> {
  return runScript('client', ...args, '--persist-to', server.storage)
}

function add(...args: string[]) {
  return client('add', '--name', 'Desk & Co', ...args)
}

async function allow(url: URL): Promise<void> {
  await page.goto(url.href)
  if (page.url().includes('/login')) {
    await page.getByLabel('Passphrase').fill(server.passphrase)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  const button = page.getByRole('button', { name: 'Allow' })
  await button.click()
  await page.getByText('You can close this page').waitFor()
}

describe('an app that the owner has registered for people', () => {
  it.each([
    ['public', []],
    ['with a secret', ['--secret']],
  ])('calls a tool, refreshes, and is removed: %s', async (_, kind) => {
    // Its port is another each time (RFC 8252 §7.3).
    const added = await add('--redirect-uri', 'http://127.0.0.1/callback', '--json', ...kind)
    const information = JSON.parse(added.output)
    expect(information).toMatchObject({
      client_name: 'Desk & Co',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['http://127.0.0.1/callback'],
    })
    expect('client_secret' in information).toBe(kind.length > 0)
    const app = await App.start(server.mcpUrl, { pin: '2026-07-28' }, allow)
    app.saveClientInformation({ ...information, issuer: server.origin })
    await app.connect()
    expect((await app.call('whoami')).structuredContent).toMatchObject({
      name: 'Owner',
      clientId: information.client_id,
    })
    app.loseAccessToken()
    expect((await app.call('list_notes')).structuredContent).toHaveProperty('notes')
    expect((await client('list')).output).toContain(
      `${information.client_id}  Desk & Co  (for people, at http://127.0.0.1/callback)`,
    )
    expect((await client('remove', information.client_id)).output).toContain('what people gave it')
    app.loseAccessToken()
    await expect(app.call('whoami')).rejects.toThrow()
    await app.stop()
  })

  it('leaves a line on the owner’s page for each thing that a script does with it', async () => {
    const { client_id } = JSON.parse(
      (await add('--redirect-uri', 'https://a.example/cb', '--secret', '--json')).output,
    )
    await client('rotate-secret', client_id)
    await client('remove', client_id)
    await page.goto(`${server.origin}/admin/events`)
    const told = await page.locator('#events li').allTextContents()
    const byScript = told.filter((line) => line.startsWith('npm run client'))
    const [removed, changed, registered] = byScript
    expect(removed).toContain('removed Desk & Co')
    expect(changed).toContain('changed Desk & Co')
    expect(registered).toContain(`${hostname()}) registered Desk & Co`)
  })

  it.each([
    [['--redirect-uri', 'https://a.example/cb', '--scope', 'notes:read'], '--scope is for clients that act'],
    [['--redirect-uri', 'https://a.example/cb', '--enterprise'], '--enterprise is for clients that act'],
    [
      ['--redirect-uri', 'https://a.example/cb', '--introspection'],
      '--introspection is for clients that act',
    ],
    [['--redirect-uri', 'http://a.example/cb'], 'is http on a host that is not loopback'],
    [['--redirect-uri', 'https://a.example/cb', '--redirect-uri', 'javascript:alert(1)'], 'dangerous scheme'],
    [
      ['--redirect-uri', 'https://a.example/cb', '--redirect-uri', 'desk://cb'],
      'APP_REDIRECT_URIS in wrangler.toml',
    ],
    [
      ['--redirect-uri', 'https://a.example/cb', '--secret', '--jwks-uri', 'https://a.example/keys'],
      'or a key',
    ],
  ])('is refused with %s', async (args, complaint) => {
    const done = await add(...args)
    expect(done.code).toBe(1)
    expect(done.complaint).toContain(complaint)
    expect(done.output).toBe('')
  })
})
