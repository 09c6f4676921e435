// Every page in every state, in a real browser: nothing that axe-core finds, nothing that is loaded from elsewhere,
// nothing that does not fit a small phone, nothing that a keyboard cannot reach.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { giveDevice } from '../support/device.ts'
import { LocalServer } from '../support/local-server.ts'
import { Remote } from '../support/remote.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const LONG = `An app whose name ${'goes on '.repeat(20)}`
const NAMES = ['Notes for Mac', LONG, 'تطبيق الملاحظات']

let server: LocalServer
let browser: Browser
/** A user without an approved app, and a user with many. */
let fresh: Remote
let busy: Remote
/** A user who signed in long ago. */
let away: Remote

beforeAll(async () => {
  ;[server, browser] = await Promise.all([
    LocalServer.start('test/support/every-page-worker.ts'),
    launchBrowser(),
  ])
  fresh = await newGuest()
  busy = new Remote(server.origin)
  await busy.signIn(server.passphrase)
  for (const name of NAMES) {
    await busy.register(name)
    const tokens = (await (await busy.post('/token', await busy.authorize())).json()) as {
      refresh_token: string
    }
    await busy.refresh(tokens.refresh_token)
  }
  for (let times = 0; times < 4; times++) await busy.signIn(server.passphrase)
  away = new Remote(server.origin)
  await away.signIn(server.passphrase)
  for (const name of NAMES) {
    const guest = await newGuest()
    await guest.register(name)
    await guest.post('/token', await guest.authorize())
  }
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

async function newGuest(): Promise<Remote> {
  const guest = new Remote(server.origin)
  await guest.signInAsGuest()
  return guest
}

/** The path of an invitation. */
async function invitation(): Promise<string> {
  const page = await (await busy.post('/login/passkey/invite', { name: LONG })).text()
  return /\/login\/passkey\/invitation\?token=[\w.-]+/.exec(page)?.[0] as string
}

/** The user id of the first guest who is listed. */
async function firstGuest(): Promise<string> {
  const page = await busy.fetch('/admin?guests=1', { headers: { Cookie: busy.cookie } })
  return /user_[\w-]{43}/.exec(await page.text())?.[0] as string
}

/** The path that a device shows, or opens where the code is to be typed. */
async function deviceLink(client_name: string): Promise<string> {
  const metadata = {
    client_name,
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
    token_endpoint_auth_method: 'none',
  }
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify(metadata)
  const registered = await busy.fetch('/register', { method: 'POST', headers, body })
  const { client_id } = (await registered.json()) as { client_id: string }
  const asked = await busy.post('/device_authorization', { client_id })
  const { user_code } = (await asked.json()) as { user_code: string }
  return `/device?user_code=${user_code}`
}

/** The path of a consent page. */
async function consentFor(person: Remote, name: string, callback?: string): Promise<string> {
  await person.register(name, callback)
  return person.authorizationRequest(callback).path
}

/** The path of the sign-in page that an app leads to. */
async function signInFor(name: string): Promise<string> {
  const app = new Remote(server.origin)
  await app.register(name)
  return `/login?return_to=${encodeURIComponent(app.authorizationRequest().path)}`
}

interface State {
  readonly who?: () => Remote
  readonly path: () => string | Promise<string>
  readonly act?: (page: Page) => Promise<void>
  readonly headers?: Readonly<Record<string, string>>
}

const STATES: Readonly<Record<string, State>> = {
  'the home page': { path: () => '/' },
  'the sign-in page': { path: () => '/login' },
  'the sign-in page after a wrong passphrase': {
    path: () => '/login',
    act: async (page) => {
      await page.getByText('Owner sign-in').click()
      await page.fill('#passphrase', 'wrong')
      await page.press('#passphrase', 'Enter')
      await page.getByRole('alert').waitFor()
    },
  },
  'the consent page': {
    who: () => fresh,
    path: () => consentFor(fresh, 'Notes for Mac', 'https://client.example/callback'),
  },
  'the consent page of a local app with a long name': {
    who: () => fresh,
    path: () => consentFor(fresh, LONG),
  },
  'the consent page with a right-to-left name': {
    who: () => fresh,
    path: () => consentFor(fresh, 'تطبيق الملاحظات'),
  },
  'the consent page for a server beside the main one': {
    who: () => fresh,
    path: async () => {
      const resource = encodeURIComponent('https://reports.example/mcp')
      const path = await consentFor(fresh, 'Notes for Mac')
      return `${path.replace(/scope=[^&]+/, 'scope=reports:read')}&resource=${resource}`
    },
    act: (page) => page.getByText('It will use').waitFor(),
  },
  'the consent page when nothing was ticked': {
    who: () => fresh,
    path: () => consentFor(fresh, 'Notes for Mac'),
    act: async (page) => {
      for (const box of await page.getByRole('checkbox').all()) await box.uncheck()
      await page.getByRole('button', { name: 'Allow' }).press('Enter')
      await page.getByRole('alert').waitFor()
    },
  },
  'the consent page of an app that wants more': {
    who: () => busy,
    path: async () => {
      const callback = 'https://client.example/callback'
      await busy.register(LONG, callback)
      await busy.authorize(callback, ['notes:read'])
      return busy.authorizationRequest(callback).path
    },
    act: (page) => page.getByText('Details').click(),
  },
  'the consent page of an app that was allowed before': {
    who: () => busy,
    path: async () => {
      const callback = 'https://client.example/callback'
      await busy.register('تطبيق الملاحظات', callback)
      await busy.authorize(callback)
      return busy.authorizationRequest(callback).path
    },
  },
  'the sign-in page of an app with a long name': { path: () => signInFor(LONG) },
  'the sign-in page of an app with a right-to-left name': { path: () => signInFor('تطبيق الملاحظات') },
  'the page for the code of a device': { who: () => fresh, path: () => '/device' },
  'the page for the code of a device, after a wrong one': {
    who: () => fresh,
    path: () => '/device',
    act: async (page) => {
      await page.fill('#user-code', 'BBBB-BBBB')
      await page.press('#user-code', 'Enter')
      await page.getByRole('alert').waitFor()
    },
  },
  'the page that shows the code of a link': { who: () => fresh, path: () => deviceLink('Terminal') },
  'the consent page of a device with a long name': {
    who: () => fresh,
    path: () => deviceLink(LONG),
    act: async (page) => {
      await page.getByRole('button', { name: 'It shows this code' }).click()
      await page.getByText('The code on your device').waitFor()
    },
  },
  'the page after a device was allowed': {
    who: () => fresh,
    path: () => deviceLink('تطبيق الملاحظات'),
    act: async (page) => {
      await page.getByRole('button', { name: 'It shows this code' }).click()
      await page.getByRole('button', { name: 'Allow' }).press('Enter')
      await page.getByRole('heading', { name: 'Allowed' }).waitFor()
    },
  },
  'the page after a device was denied': {
    who: () => fresh,
    path: () => deviceLink('Terminal'),
    act: async (page) => {
      await page.getByRole('button', { name: 'It shows this code' }).click()
      await page.getByRole('button', { name: 'Deny' }).click()
      await page.getByRole('heading', { name: 'Denied' }).waitFor()
    },
  },
  'the account page without an app': { who: () => fresh, path: () => '/account' },
  'the account page with many apps': { who: () => busy, path: () => '/account' },
  'the account page with a later page of apps, and approvals left to revoke': {
    who: () => busy,
    path: () => '/account?apps=1&done=partly',
  },
  'the people of the owner, with an open invitation': {
    who: () => busy,
    path: async () => {
      await invitation()
      return '/admin?done=erased'
    },
  },
  'the guests of the owner': { who: () => busy, path: () => '/admin?guests=1' },
  'a search without a result': { who: () => busy, path: () => `/admin?q=user_${'A'.repeat(43)}` },
  'a person, as the owner sees them': {
    who: () => busy,
    path: async () => `/admin/person?user=${await firstGuest()}&done=sign-out`,
  },
  'a person without an app, who is not listed': {
    who: () => busy,
    path: () => `/admin/person?user=user_${'A'.repeat(43)}`,
  },
  'the page that asks the owner whether to disable a person': {
    who: () => busy,
    path: async () => `/admin/ask?do=disable&user=${await firstGuest()}`,
  },
  'the apps of the owner': { who: () => busy, path: () => '/admin/apps?done=remove' },
  'the apps of the owner, where there is none': {
    who: () => busy,
    path: () => '/admin/apps?registrations=1~',
  },
  'the events of the owner, with all that happened': {
    who: () => busy,
    path: () => '/admin/events',
    act: async (page) => {
      for (const more of await page.getByText(/^\d+ more$/).all()) await more.click()
    },
  },
  'the events of the owner, filtered': {
    who: () => busy,
    path: () => '/admin/events?event=consent.allowed&person=owner&from=2026-01-01',
  },
  'the page that leads to a download': { who: () => fresh, path: () => '/account/export' },
  'the page that asks for a new sign-in before a download': {
    who: () => away,
    path: () => '/signed-in-long-ago',
    act: (page) => page.getByRole('button', { name: 'Sign in again' }).waitFor(),
  },
  'the page that asks whether to delete everything': { who: () => fresh, path: () => '/account/erase' },
  'the page that asks again to delete the rest': {
    who: () => fresh,
    path: () => '/account/erase?done=partly',
  },
  'the page that asks the owner whether to delete it': {
    who: () => busy,
    path: async () => `/admin/erase?user=${await firstGuest()}`,
  },
  'the account page after a revocation': { who: () => fresh, path: () => '/account?done=revoked' },
  'the account page with a passkey whose name is being changed': {
    who: () => busy,
    path: () => '/account',
    act: async (page) => {
      await giveDevice(page)
      await page.getByLabel('Passkey name').fill(LONG)
      await page.getByRole('button', { name: 'Add a passkey' }).click()
      await page.getByText('The passkey is added.').waitFor()
      await page.getByText('Rename').first().click()
    },
  },
  'the sign-in page when a passkey is not at hand': {
    path: () => '/login',
    act: async (page) => {
      await giveDevice(page)
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
      await page.getByText('No passkey was chosen').waitFor()
    },
  },
  'the page that shows the link of an invitation': {
    who: () => busy,
    path: () => '/account',
    act: async (page) => {
      await page.getByLabel('Who is it?').fill(LONG)
      await page.getByRole('button', { name: 'Make an invitation' }).click()
      await page.getByRole('button', { name: 'Copy' }).waitFor()
    },
  },
  'an invitation': { path: invitation },
  'an invitation, for a signed-in user': { who: () => busy, path: invitation },
  'an invitation that is over': { path: () => '/login/passkey/invitation' },
  'the page about an app that is not known': {
    path: () => '/authorize?client_id=unknown&redirect_uri=https://client.example',
  },
  'the page about an address that is not there': { path: () => '/nowhere' },
  'the page about an address that is not there, with the name of its request': {
    path: () => '/nowhere',
    headers: { 'CF-Ray': '8f0000000000abcd-FRA' },
    act: (page) => page.getByText('8f0000000000abcd-FRA').waitFor(),
  },
}

/** Each focus that a page sees, as its number there. */
const WATCH_FOCUS = `{
  const all = [...document.querySelectorAll('*')]
  globalThis.reached = new Set()
  document.activeElement?.blur()
  document.addEventListener('focusin', ({ target }) => reached.add(all.indexOf(target)))
}`
const PRESSABLE = `[...document.querySelectorAll('a[href], button, input, summary')].filter((one) => one.checkVisibility()).length`

/** By cookie: one browser window a person, since a new one costs as much as all that is asked of a page. */
const windows = new Map<string, Promise<Page>>()
const foreign: string[] = []

async function open(state: State): Promise<Page> {
  const cookie = state.who?.().cookie ?? ''
  const window = windows.get(cookie) ?? openWindow(cookie)
  windows.set(cookie, window)
  const page = await window
  foreign.length = 0
  await page.emulateMedia({ reducedMotion: null })
  await page.setViewportSize({ width: 1280, height: 720 })
  await page.setExtraHTTPHeaders(state.headers ?? {})
  await page.goto(server.origin + (await state.path()))
  await state.act?.(page)
  expect(foreign).toEqual([])
  await page.evaluate(AXE)
  return page
}

async function openWindow(cookie: string): Promise<Page> {
  // axe-core is put into the page, which its policy would not allow.
  const context = await browser.newContext({ bypassCSP: true })
  const [name, value] = cookie.split('=')
  if (name && value) await context.addCookies([{ name, value, url: server.origin }])
  const page = await context.newPage()
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${server.origin}/`) && !url.startsWith('data:')) foreign.push(url)
  })
  return page
}

describe.each(Object.entries(STATES))('%s', (_, state) => {
  let page: Page

  beforeAll(async () => {
    page = await open(state)
  })

  it.each(['light', 'dark'] as const)(
    'has nothing that axe-core finds, when it is %s',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme })
      const violations = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as {
        id: string
        nodes: { html: string; failureSummary: string }[]
      }[]
      expect(
        violations.map(({ id, nodes }) => [id, ...nodes.map(({ failureSummary }) => failureSummary)]),
      ).toEqual([])
    },
  )

  it('fits a small phone, and gives the keyboard whatever a pointer can press', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await page.setViewportSize({ width: 320, height: 640 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
    const pressable = (await page.evaluate(PRESSABLE)) as number
    await page.evaluate(WATCH_FOCUS)
    for (let presses = 0; presses < pressable * 2; presses++) await page.keyboard.press('Tab')
    expect(await page.evaluate('reached.size')).toBeGreaterThanOrEqual(pressable)
  })
})
