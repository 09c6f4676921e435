// A24 with a real browser, which has an authenticator of its own: adding a passkey, coming back with it, inviting
// another user, and what the page says when it fails.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App } from '../support/app.ts'
import { launchBrowser } from '../support/browser.ts'
import { type Device, giveDevice } from '../support/device.ts'
import { LocalServer } from '../support/local-server.ts'
import { Remote } from '../support/remote.ts'

interface Person {
  readonly page: Page
  readonly device: Device
}

let server: LocalServer
let browser: Browser
let owner: Person
/** The owner, by HTTP. Signing in anew only where a test has signed out keeps the tests within the limit of sign-ins. */
let remote: Remote
const contexts: BrowserContext[] = []
let contextsMade = 0
const apps: App[] = []
const complaints: string[] = []

beforeAll(async () => {
  ;[server, browser] = await Promise.all([LocalServer.start('test/support/login-worker.ts'), launchBrowser()])
  remote = new Remote(server.origin)
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

beforeEach(async () => {
  owner = await newPerson()
  // Signing out ends a session on the server, for every browser that has its cookie.
  const account = await remote.fetch('/account', { headers: { Cookie: remote.cookie } })
  if (account.status !== 200) await remote.signIn(server.passphrase)
  const [name, value] = remote.cookie.split('=') as [string, string]
  await owner.page.context().addCookies([{ name, value, url: server.origin }])
  await owner.page.goto(`${server.origin}/account`)
})

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()))
  await Promise.all(contexts.splice(0).map((context) => context.close()))
  // The policy of a page stopped nothing that the page wanted.
  expect(complaints.splice(0).filter((text) => text.includes('Content Security Policy'))).toEqual([])
})

/** Each at an address of their own, since one address has only so many sign-ins a minute. */
async function newPerson(): Promise<Person> {
  const context = await browser.newContext({
    permissions: ['clipboard-read', 'clipboard-write'],
    extraHTTPHeaders: { 'CF-Connecting-IP': `10.0.0.${contextsMade++}` },
  })
  contexts.push(context)
  const page = await context.newPage()
  page.on('console', (message) => complaints.push(message.text()))
  return { page, device: await giveDevice(page) }
}

async function addPasskey(page: Page, name: string): Promise<void> {
  await page.getByLabel('Passkey name').fill(name)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('heading', { name, exact: true }).waitFor()
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('heading', { name: 'Sign in to' }).waitFor()
}

async function invite(page: Page, name: string): Promise<string> {
  await page.getByLabel('Who is it?').fill(name)
  await page.getByRole('button', { name: 'Make an invitation' }).click()
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  return page.evaluate('navigator.clipboard.readText()') as Promise<string>
}

/** Connects an app from the sign-in page on, and asks it who it acts for. */
async function whoami({ page }: Person): Promise<{ name: string; userId: string }> {
  const app = await App.start(server.mcpUrl, 'legacy', async (url) => {
    await page.goto(url.href)
    if (page.url().includes('/login')) {
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    }
    await page.getByRole('heading', { name: 'Allow Desk & Co to use your account?' }).waitFor()
    await page.getByRole('button', { name: 'Allow' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('You can close this page').waitFor()
  })
  apps.push(app)
  await app.connect()
  return (await app.call('whoami')).structuredContent as { name: string; userId: string }
}

describe('the sign-in page', () => {
  const ways = (page: Page) => page.locator('.methods').first().locator('button:visible, a:visible')

  it('shows the passkey first, then the providers, and the passphrase behind Owner sign-in', async () => {
    const { page } = await newPerson()
    await page.goto(`${server.origin}/login`)
    expect(await ways(page).allInnerTexts()).toEqual([
      'Sign in with a passkey',
      'Continue with GitHub',
      'Continue with Acme',
      'Look around as a guest',
      'Sign in as a reviewer',
    ])
    expect(await page.getByLabel('Passphrase').isVisible()).toBe(false)
    await page.getByText('Owner sign-in').click()
    await page.getByLabel('Passphrase').fill('not the one')
    await page.getByRole('button', { name: 'Show' }).click()
    expect(await page.getByLabel('Passphrase').getAttribute('type')).toBe('text')
    await page.getByRole('button', { name: 'Hide' }).click()
    expect(await page.getByLabel('Passphrase').getAttribute('type')).toBe('password')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByText('That passphrase is not right').waitFor()
    // It stays open for the next try.
    expect(await page.getByLabel('Passphrase').isVisible()).toBe(true)
  })

  it('opens for the owner without a script', async () => {
    const context = await browser.newContext({
      javaScriptEnabled: false,
      extraHTTPHeaders: { 'CF-Connecting-IP': `10.0.0.${contextsMade++}` },
    })
    contexts.push(context)
    const page = await context.newPage()
    await page.goto(`${server.origin}/login`)
    expect(await page.getByText('Show', { exact: true }).isVisible()).toBe(false)
    await page.getByText('Owner sign-in').click()
    await page.getByLabel('Passphrase').fill(server.passphrase)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
  })
})

describe('A24 a passkey', () => {
  it('lets the owner back in, through consent to a tool call', async () => {
    const byPassphrase = await whoami(owner)
    await owner.page.goto(`${server.origin}/account`)
    await addPasskey(owner.page, 'My laptop')
    expect(await owner.page.getByText('not used yet').count()).toBe(1)
    await signOut(owner.page)
    const byPasskey = await whoami(owner)
    expect(byPasskey).toMatchObject({ name: 'Owner', userId: byPassphrase.userId })

    await owner.page.goto(`${server.origin}/account`)
    expect(await owner.page.getByText('with passkey').count()).toBeGreaterThan(0)
    expect(await owner.page.getByText('not used yet').count()).toBe(0)
    await owner.page.getByRole('button', { name: 'Remove My laptop' }).click()
    await owner.page.getByText('The passkey is removed.').waitFor()
    await signOut(owner.page)
    await owner.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await owner.page.getByText('This passkey is not known here').waitFor()
  })

  it('needs a keyboard and nothing else', async () => {
    const { page } = owner
    const tabTo = async (name: string) => {
      for (let press = 0; press < 40; press++) {
        if ((await page.locator(':focus').count()) > 0) {
          const focused = page.locator(':focus').and(page.getByRole('button', { name, exact: true }))
          if ((await focused.count()) > 0) return
        }
        await page.keyboard.press('Tab')
      }
      throw new Error(`${name} cannot be reached.`)
    }
    await tabTo('Add a passkey')
    await page.keyboard.press('Enter')
    // Without a name of its own it is called what its authenticator is called.
    await page.getByRole('heading', { name: /^Chromium Virtual Authenticator/ }).waitFor()
    await tabTo('Sign out')
    await page.keyboard.press('Space')
    await page.getByRole('heading', { name: 'Sign in to' }).waitFor()
    await tabTo('Sign in with a passkey')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
    await tabTo('Remove Chromium Virtual Authenticator (browser dev tools)')
    await page.keyboard.press('Enter')
    await page.getByText('The passkey is removed.').waitFor()
  })

  it('is asked for again after the person was not recognised', async () => {
    await addPasskey(owner.page, 'Phone')
    await signOut(owner.page)
    await owner.device.recognise(false)
    const button = owner.page.getByRole('button', { name: 'Sign in with a passkey' })
    await button.click()
    await owner.page.getByText('No passkey was chosen, or it took too long.').waitFor()
    await owner.device.recognise(true)
    await button.click()
    await owner.page.getByRole('heading', { name: 'Your account' }).waitFor()
    await owner.page.getByRole('button', { name: 'Remove Phone' }).click()
  })

  describe('in autofill', () => {
    /** What the page asks the browser for, one after the other; in autofill no passkey is chosen, nor a signal heard. */
    const WATCH = `asked = []
      const get = navigator.credentials.get.bind(navigator.credentials)
      navigator.credentials.get = (request) => {
        asked.push(request.mediation ?? 'button')
        if (request.mediation !== 'conditional') return get(request)
        request.signal.addEventListener('abort', () => asked.push('aborted'))
        return new Promise(() => {})
      }`
    const expectAsked = (page: Page, ...requests: string[]) =>
      expect.poll(() => page.evaluate('asked')).toEqual(requests)
    let fetched: string[]

    beforeEach(async () => {
      await addPasskey(owner.page, 'Autofill')
      await signOut(owner.page)
      fetched = []
      owner.page.on('request', (request) => fetched.push(new URL(request.url()).pathname))
    })

    afterEach(async () => {
      await owner.page.getByRole('button', { name: 'Remove Autofill' }).click()
      await owner.page.getByText('The passkey is removed.').waitFor()
    })

    it('signs in at the field for the passphrase, once it can be seen', async () => {
      const { page } = owner
      const app = `${server.origin}/login?return_to=%2Faccount%2Fexport`
      await page.goto(app)
      expect(fetched).not.toContain('/login/passkey/options')
      await page.getByText('Owner sign-in').click()
      // The authenticator of Chromium chooses in the place of its user.
      await page.waitForURL(`${server.origin}/account/export`)
      expect(fetched.filter((path) => path.startsWith('/login/passkey'))).toEqual([
        '/login/passkey/options',
        '/login/passkey',
      ])
      await page.goto(`${server.origin}/account`)
    })

    it('makes way for the button, and comes back after it', async () => {
      const { page } = owner
      await page.evaluate(WATCH)
      await page.getByText('Owner sign-in').click()
      await expectAsked(page, 'conditional')
      await owner.device.recognise(false)
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
      await page.getByText('No passkey was chosen').waitFor()
      await expectAsked(page, 'conditional', 'aborted', 'button')
      await page.getByLabel('Passphrase').focus()
      await expectAsked(page, 'conditional', 'aborted', 'button', 'conditional')
      await owner.device.recognise(true)
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
      await page.getByRole('heading', { name: 'Your account' }).waitFor()
    })

    it('asks anew when its challenge is too old, and only then', async () => {
      const { page } = owner
      await page.evaluate(WATCH)
      await page.getByText('Owner sign-in').click()
      await expectAsked(page, 'conditional')
      const focusAt = async (minutes: number) => {
        await page.evaluate(`{ const now = Date.now() + ${minutes} * 60000; Date.now = () => now }`)
        await page.getByLabel('Passphrase').blur()
        await page.getByLabel('Passphrase').focus()
      }
      await focusAt(4)
      await focusAt(2)
      await expectAsked(page, 'conditional', 'aborted', 'conditional')
      expect(fetched.filter((path) => path === '/login/passkey/options')).toHaveLength(2)
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
      await page.getByRole('heading', { name: 'Your account' }).waitFor()
    })

    it.each([
      ['does not know it', 'delete PublicKeyCredential.isConditionalMediationAvailable'],
      ['has none', 'PublicKeyCredential.isConditionalMediationAvailable = async () => false'],
    ])('leaves the page as it is where the browser %s', async (_, without) => {
      const { page } = owner
      await page.evaluate(WATCH)
      await page.evaluate(without)
      await page.getByText('Owner sign-in').click()
      await page.getByLabel('Passphrase').focus()
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
      await page.getByRole('heading', { name: 'Your account' }).waitFor()
      expect(fetched.filter((path) => path === '/login/passkey/options')).toHaveLength(1)
    })
  })

  it('is asked for again after a browser whose API gives nothing or throws', async () => {
    const { page } = owner
    const signingIn = 'Sign in with a passkey'
    type Method = 'create' | 'get'
    const expectProblem = async (page: Page, button: string, method: Method, api: string, says: string) => {
      await page.evaluate(`navigator.credentials.${method} = ${api}`)
      await page.getByRole('button', { name: button }).click()
      await page.getByText(says).waitFor()
      await page.evaluate(`delete navigator.credentials.${method}`)
    }
    const nothing = 'Your browser returned no passkey.'
    const adding: [string, string][] = [
      ['async () => null', nothing],
      ['() => { throw new TypeError("x") }', 'Your browser could not do that (TypeError).'],
      ['async () => undefined', nothing],
      ['async () => { throw new DOMException("x", "SecurityError") }', '(SecurityError). Try again'],
      ['async () => ({ id: "x", type: "password" })', nothing],
      ['() => Promise.reject()', '(no reason given). Try again'],
      ['undefined', '(TypeError). Try again'],
      ['() => Promise.reject("x")', '(no reason given). Try again'],
    ]
    for (const [api, says] of adding) await expectProblem(page, 'Add a passkey', 'create', api, says)
    await addPasskey(page, 'Tablet')
    await page.getByRole('button', { name: 'Remove Tablet' }).click()
    await page.getByText('The passkey is removed.').waitFor()
    const visitor = await newPerson()
    await visitor.page.goto(`${server.origin}/login`)
    await expectProblem(visitor.page, signingIn, 'get', 'async () => null', nothing)
    await expectProblem(
      visitor.page,
      signingIn,
      'get',
      '() => Promise.reject(null)',
      '(no reason given). Try',
    )
    await visitor.page.getByRole('button', { name: signingIn }).click()
    await visitor.page.getByText('No passkey was chosen, or it took too long.').waitFor()
  })

  it.each<[string, string]>([
    ['does not answer', '() => Promise.reject(new TypeError("Failed to fetch"))'],
    ['answers with a page', 'async () => new Response("<h1>Proxy</h1>")'],
  ])('is asked for again after a server that %s', async (_what, answer) => {
    const { page } = owner
    await page.evaluate(`own = fetch, fetch = ${answer}`)
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByText('The server could not be reached. Try again in a moment.').waitFor()
    await page.evaluate('fetch = own')
    await addPasskey(page, 'Watch')
    await page.getByRole('button', { name: 'Remove Watch' }).click()
    await page.getByText('The passkey is removed.').waitFor()
  })

  it('is not made twice by one device, and has another name when it is given one', async () => {
    const { page } = owner
    await addPasskey(page, 'Desk')
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByText('This device already has a passkey for you here.').waitFor()
    await page.getByText('Rename').click()
    await page.getByLabel('New name of Desk').fill('Kitchen')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'Kitchen' }).waitFor()
    await page.getByRole('button', { name: 'Remove Kitchen' }).click()
    await page.getByText('The passkey is removed.').waitFor()
  })

  it.each([
    ['has no way to read a new key', 'undefined'],
    ['cannot read the kind of key that a device makes', '() => null'],
  ])('says so where the browser %s', async (_, method) => {
    await owner.page.evaluate(`AuthenticatorAttestationResponse.prototype.getPublicKey = ${method}`)
    await owner.page.getByRole('button', { name: 'Add a passkey' }).click()
    await owner.page.getByText('This browser cannot add a passkey of this kind.').waitFor()
    await owner.page.reload()
    expect(await owner.page.getByText('not used yet').count()).toBe(0)
  })

  it('is refused with a page when the person was signed out meanwhile', async () => {
    await owner.page.context().clearCookies()
    await owner.page.getByRole('button', { name: 'Add a passkey' }).click()
    await owner.page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  })

  it('says that it needs JavaScript, where there is none', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${server.origin}/login`)
    // Shown, too, by a browser that has no scripts; this one only does not run them.
    expect(await page.locator('noscript').textContent()).toContain('Passkeys need JavaScript')
    expect(await page.getByText('Sign in with a passkey').isVisible()).toBe(false)
    await context.close()
  })

  it('says that it needs a host name, where the host is an IP address', async () => {
    await owner.page.goto(`${server.origin.replace('localhost', '127.0.0.1')}/login`)
    await owner.page.getByText('open this page at localhost').waitFor()
    expect(await owner.page.getByText('Sign in with a passkey').isVisible()).toBe(false)
  })
})

describe('A24 an invitation', () => {
  it('gives its user an account of their own, once', async () => {
    const { userId } = await whoami(owner)
    await owner.page.goto(`${server.origin}/account`)
    const link = await invite(owner.page, 'Ada')

    const ada = await newPerson()
    await ada.page.goto(link)
    expect(await ada.page.getByLabel('Your name').inputValue()).toBe('Ada')
    await ada.page.getByLabel('Your name').fill('Ada Lovelace')
    await ada.page.getByRole('button', { name: 'Make my passkey' }).click()
    await ada.page.getByText('Signed in as Ada Lovelace').waitFor()
    expect(await ada.page.getByText('This one is your only way in').count()).toBe(1)
    expect(await ada.page.getByText('Invite someone').count()).toBe(0)
    await signOut(ada.page)
    const who = await whoami(ada)
    expect(who.name).toBe('Ada Lovelace')
    expect(who.userId).not.toBe(userId)

    const late = await newPerson()
    await late.page.goto(link)
    await late.page.getByRole('heading', { name: 'This invitation is over' }).waitFor()
    await owner.page.goto(`${server.origin}/account`)
    await owner.page.getByText('Ada Lovelace accepted your invitation').waitFor()
  })

  it('can be withdrawn while its user looks at it', async () => {
    const link = await invite(owner.page, 'Eve')
    const eve = await newPerson()
    await eve.page.goto(link)
    await owner.page.goto(`${server.origin}/account`)
    await owner.page.getByRole('button', { name: 'Withdraw the invitation of Eve' }).click()
    await owner.page.getByText('The invitation is withdrawn.').waitFor()
    await eve.page.getByRole('button', { name: 'Make my passkey' }).click()
    await eve.page.getByRole('heading', { name: 'This invitation is over' }).waitFor()
  })
})

describe('the owner, without scripts', () => {
  /** With the owner's session. */
  async function ownersPage(): Promise<Page> {
    const context = await browser.newContext({ javaScriptEnabled: false })
    contexts.push(context)
    await context.addCookies(await owner.page.context().cookies())
    const page = await context.newPage()
    await page.goto(`${server.origin}/admin`)
    return page
  }

  /** Presses a button of a page, and the one of the page that asks. */
  async function end(page: Page, link: string, title: string, button: string): Promise<void> {
    await page.getByRole('link', { name: link }).click()
    await page.getByRole('heading', { name: title }).waitFor()
    await page.getByRole('main').getByRole('button', { name: button, exact: true }).focus()
    await page.keyboard.press('Enter')
  }

  it('finds an invited person who has no app, disables, enables, signs out and deletes them', async () => {
    const link = await invite(owner.page, 'Grace')
    const grace = await newPerson()
    await grace.page.goto(link)
    await grace.page.getByRole('button', { name: 'Make my passkey' }).click()
    await grace.page.getByText('Signed in as Grace').waitFor()

    const page = await ownersPage()
    await page.getByLabel('Name or id').focus()
    await page.keyboard.type('grac')
    await page.keyboard.press('Enter')
    await page.waitForURL(/q=grac/)
    expect(await page.locator('#people .app').allInnerTexts()).toEqual([expect.stringContaining('no app')])
    await page.getByRole('link', { name: 'Grace' }).focus()
    await page.keyboard.press('Enter')

    await end(page, 'Disable…', 'Disable a person?', 'Disable')
    await page.getByText('Disabled. They cannot sign in').waitFor()
    await grace.page.goto(`${server.origin}/account`)
    await grace.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await grace.page.getByText('is disabled').first().waitFor()

    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByText('Enabled. They can sign in again').waitFor()
    await grace.page.goto(`${server.origin}/account`)
    await grace.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await grace.page.getByText('Signed in as Grace').waitFor()

    await end(page, 'Sign out…', 'Sign a person out?', 'Sign out')
    await page.getByText('They are signed out everywhere.').waitFor()
    await grace.page.reload()
    await grace.page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor()

    await page.getByRole('link', { name: 'Delete everything…' }).click()
    await page.getByLabel('I want all of it deleted').check()
    await page.getByRole('button', { name: 'Delete it' }).click()
    await page.getByText('All data of that person is deleted').waitFor()
    await page.goto(`${server.origin}/admin?q=grac`)
    await page.getByText('None of the people fits.').waitFor()
    await grace.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await grace.page.getByText('This passkey is not known here').waitFor()
  })
})
