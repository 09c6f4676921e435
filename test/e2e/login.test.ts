// Every login method as people go it: a real browser, a real OpenID provider, an unmodified MCP client, and tools that
// act upstream. GitHub alone is a stand-in.
import { base64url, exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import type { Browser, BrowserContext, Page, Response } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App } from '../support/app.ts'
import { launchBrowser } from '../support/browser.ts'
import { GITHUB, GITHUB_CLIENT, GitHub } from '../support/github.ts'
import { LocalServer } from '../support/local-server.ts'
import { LocalSite } from '../support/local-sites.ts'
import { secretsIn } from '../support/secrets.ts'

const CLIENT = {
  client_id: 'gatehouse',
  client_secret: base64url.encode(crypto.getRandomValues(new Uint8Array(32))),
}

let server: LocalServer
let browser: Browser
let context: BrowserContext
let page: Page
const apps: App[] = []
const github = new GitHub()
let gitHubSite: LocalSite
let acme: LocalSite
/** How often Acme has taken a refresh token, and for each time given another. */
let rotations = 0

beforeAll(async () => {
  ;[gitHubSite, acme] = await Promise.all([LocalSite.inPlaceOf(github.answer), LocalSite.start()])
  const settings = {
    ACME_ISSUER: acme.origin,
    ACME_CLIENT_ID: CLIENT.client_id,
    ACME_CLIENT_SECRET: CLIENT.client_secret,
    STAND_INS: JSON.stringify({ 'github.com': gitHubSite.origin, 'api.github.com': gitHubSite.origin }),
    GITHUB_CLIENT_ID: GITHUB_CLIENT.id,
    GITHUB_CLIENT_SECRET: GITHUB_CLIENT.secret,
    ALLOWED_USERS: '@acme.test github:octocat',
  }
  ;[server, browser] = await Promise.all([
    LocalServer.start('test/support/login-worker.ts', settings),
    launchBrowser(),
  ])
  const provider = await newProvider(acme.origin, `${server.origin}/login/acme/callback`)
  provider.on('refresh_token.consumed', () => rotations++)
  acme.on(provider.callback())
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  gitHubSite?.stop()
  acme?.stop()
})

beforeEach(async () => {
  context = await newContext()
  page = await context.newPage()
})

afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop()
  await context.close()
})

/** What this server has shown to any browser, headers and all. */
const shown: Promise<string>[] = []

/** A person's browser. Nothing on any page may need a script. */
async function newContext(): Promise<BrowserContext> {
  const context = await browser.newContext({ javaScriptEnabled: false })
  await context.route(`${GITHUB}/**`, async (route) => {
    const response = await github.answer(new Request(route.request().url()))
    await route.fulfill({ status: response.status, contentType: 'text/html', body: await response.text() })
  })
  // The provider's own pages ask for it.
  await context.route('https://fonts.googleapis.com/**', (route) => route.abort())
  context.on('response', (response) => {
    if (response.url().startsWith(server.origin)) shown.push(textOf(response))
  })
  return context
}

async function textOf(response: Response): Promise<string> {
  const headers = await response.allHeaders().catch(() => ({}))
  // A redirect has no body.
  const body = await response.text().catch(() => '')
  return `${response.url()} ${JSON.stringify(headers)} ${body}`
}

async function newProvider(issuer: string, redirectUri: string): Promise<Provider> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return new Provider(issuer, {
    clients: [
      {
        ...CLIENT,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'one', alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [CLIENT.client_secret] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    rotateRefreshToken: true,
    // Over before a tool can use it, so that each use is a refresh.
    ttl: { AccessToken: 30, Grant: 3600, IdToken: 300, Interaction: 300, RefreshToken: 3600, Session: 3600 },
    findAccount: async (_context, id) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        name: `${id} of Acme`,
        email: id === 'mallory' ? 'mallory@elsewhere.test' : `${id}@acme.test`,
        email_verified: true,
      }),
    }),
  })
}

/** An app whose browser is this page; `signIn` begins at the sign-in page and ends at the consent page. */
async function newApp(on: Page, signIn: (page: Page) => Promise<void>): Promise<App> {
  const app = await App.start(server.mcpUrl, { pin: '2026-07-28' }, async (url) => {
    await on.goto(url.href)
    if (new URL(on.url()).pathname === '/login') await signIn(on)
    await on.getByRole('heading', { name: 'Allow Desk & Co to' }).waitFor()
    const button = on.getByRole('button', { name: 'Allow' })
    await button.click()
    await on.getByText('You can close this page').waitFor()
  })
  apps.push(app)
  await app.connect()
  return app
}

const viaAcme = (login: string) => async (page: Page) => {
  await page.getByRole('link', { name: 'Continue with Acme' }).click()
  await page.getByPlaceholder('Enter any login').fill(login)
  await page.getByPlaceholder('and password').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

async function viaGitHub(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Continue with GitHub' }).click()
  await page.getByRole('link', { name: 'Authorize Gatehouse' }).click()
}

async function asGuest(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Look around as a guest' }).click()
}

describe('signing in with an OpenID provider', () => {
  it('leads to tools that act as this person, here and there', async () => {
    const app = await newApp(page, viaAcme('alice'))
    const whoami = await app.call('whoami')
    expect(whoami.structuredContent).toMatchObject({ name: 'alice of Acme' })
    const before = rotations
    // All at once: the provider ends everything if a refresh token comes twice.
    const answers = await Promise.all(Array.from({ length: 5 }, () => app.call('ask_acme')))
    answers.push(await app.call('ask_acme'))
    for (const { content } of answers) {
      expect((content as { text: string }[])[0]?.text).toMatch(/^200 \{"sub":"alice"/)
    }
    expect(rotations - before).toBeGreaterThanOrEqual(2)
    await page.goto(`${server.origin}/account`)
    expect(await page.getByText('Signed in as alice of Acme with acme').count()).toBe(1)
  })
})

describe('signing in with GitHub', () => {
  it('leads to tools that act as this person, and the token goes to GitHub alone', async () => {
    github.person = {
      id: 42,
      login: 'Octocat',
      name: 'Mona',
      repositories: ['octocat/hello', 'octocat/world'],
    }
    const app = await newApp(page, viaGitHub)
    const whoami = await app.call('whoami')
    expect(whoami.structuredContent).toMatchObject({ name: 'Mona (Octocat)' })
    const listed = await app.call('list_repositories')
    expect(listed.content).toEqual([{ type: 'text', text: 'octocat/hello\noctocat/world' }])
    await page.goto(`${server.origin}/account`)
    await page.getByText('Signed in as Mona (Octocat)').waitFor()

    const [token, ...others] = github.tokens.keys()
    expect(others).toEqual([])
    expect(github.asked).toContainEqual({ path: '/user/repos', token })
    const secrets = [token as string, GITHUB_CLIENT.secret]
    const said = [JSON.stringify([whoami, listed]), ...(await Promise.all(shown))]
    expect(said.some((one) => one.includes('Mona (Octocat)</bdi>'))).toBe(true)
    for (const secret of secrets) expect(said.filter((one) => one.includes(secret))).toEqual([])
    // No code, state, verifier or session either.
    expect(
      server.output.filter((line) => line.includes(token as string) || secretsIn(line).length > 0),
    ).toEqual([])
    expect(server.output.some((line) => line.includes('list_repositories'))).toBe(true)
  })
})

describe('looking around as a guest', () => {
  it('is an account for each, with notes of their own', async () => {
    const other = await newContext()
    const [first, second] = [await newApp(page, asGuest), await newApp(await other.newPage(), asGuest)]
    const [one, two] = [await first.call('whoami'), await second.call('whoami')]
    expect(one.structuredContent).toMatchObject({ name: expect.stringMatching(/^Guest \w{4}$/) })
    const userOf = ({ structuredContent }: typeof one) => (structuredContent as { userId: string }).userId
    expect(userOf(one)).not.toBe(userOf(two))
    await first.call('add_note', { text: 'mine' })
    const [mine, theirs] = [await first.call('list_notes'), await second.call('list_notes')]
    expect(mine.structuredContent).toMatchObject({ notes: [{ text: 'mine' }] })
    expect(theirs.structuredContent).toEqual({ notes: [] })
    await other.close()
  })
})

describe('the sign-in page', () => {
  it('offers every method, one below the other', async () => {
    await page.goto(`${server.origin}/login`)
    const ways = page.locator('.methods').getByRole('button').or(page.locator('.methods').getByRole('link'))
    expect((await ways.allTextContents()).map((text) => text.trim())).toEqual([
      'Continue with GitHub',
      'Continue with Acme',
      'Look around as a guest',
      'Sign in as a reviewer',
    ])
  })

  async function refusedAs(signIn: (page: Page) => Promise<void>): Promise<string | null> {
    await page.goto(`${server.origin}/login?return_to=${encodeURIComponent('/account?on=my-way')}`)
    await signIn(page)
    const refusal = await page.getByRole('alert').textContent()
    await asGuest(page)
    await page.getByText('Signed in as Guest').waitFor()
    expect(page.url()).toBe(`${server.origin}/account?on=my-way`)
    return refusal
  }

  it('tells who was refused and what the owner can do, and leads on by another way', async () => {
    expect(await refusedAs(viaAcme('mallory'))).toBe(
      'You signed in as mallory of Acme, who may not come in here. No rule with an email address counts for you: this server takes no addresses of that domain from Acme (emailDomains). The owner of this server can add acme:mallory to ALLOWED_USERS.',
    )
  })

  it('tells who does not answer, and leads on by another way', async () => {
    github.person = { id: 42, login: 'Octocat', name: 'Mona' }
    const refusal = await refusedAs(async () => {
      await page.getByRole('link', { name: 'Continue with GitHub' }).click()
      gitHubSite.stop()
      await page.getByRole('link', { name: 'Authorize Gatehouse' }).click()
    })
    expect(refusal).toContain('GitHub does not answer.')
  })
})

describe('A23 in a browser', () => {
  it('two sign-ins in two tabs both finish, each where it was going, however long the way', async () => {
    const places = ['one', 'two'].map((tab) => `/account?tab=${tab}&state=${'s'.repeat(2048)}`)
    const tabs = [page, await context.newPage()]
    const eachTab = (act: (tab: Page, place: string) => Promise<unknown>) =>
      Promise.all(tabs.map((tab, index) => act(tab, places[index] as string)))
    await eachTab(async (tab, place) => {
      await tab.goto(`${server.origin}/login?return_to=${encodeURIComponent(place)}`)
      await tab.getByRole('link', { name: 'Continue with Acme' }).click()
      await tab.getByPlaceholder('Enter any login').fill('alice')
      await tab.getByPlaceholder('and password').fill('any')
    })
    for (const [index, tab] of tabs.entries()) {
      await tab.getByRole('button', { name: 'Sign-in' }).click()
      await tab.getByRole('button', { name: 'Continue' }).click()
      await tab.getByText('Signed in as alice of Acme').waitFor()
      expect(tab.url()).toBe(`${server.origin}${places[index]}`)
    }
  })
})
