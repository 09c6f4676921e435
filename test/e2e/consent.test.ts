// A19 in a real browser: what is meant for something else does not press Allow.
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { LocalServer } from '../support/local-server.ts'
import { Remote } from '../support/remote.ts'

type Box = NonNullable<Awaited<ReturnType<Locator['boundingBox']>>>

/** What this needs of the page's own globals. */
interface Dom {
  document: { querySelector(selector: string): object }
  getComputedStyle(element: object, pseudo: string): { visibility: string }
}

let server: LocalServer
let browser: Browser
let remote: Remote
let page: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([LocalServer.start(), launchBrowser()])
  remote = new Remote(server.origin)
  await remote.signIn(server.passphrase)
  await remote.register()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

beforeEach(async () => {
  const context = await browser.newContext()
  const [name, value] = remote.cookie.split('=') as [string, string]
  await context.addCookies([{ name, value, url: server.origin }])
  page = await context.newPage()
})

afterEach(async () => {
  await page.context().close()
})

async function openConsent(fragment = ''): Promise<void> {
  await page.goto(server.origin + remote.authorizationRequest().path + fragment)
  await page.getByRole('button', { name: 'Allow' }).waitFor()
}

async function isPressed(press: () => Promise<void>): Promise<boolean> {
  const posts: string[] = []
  page.on('request', (request) => {
    if (request.method() === 'POST') posts.push(request.url())
  })
  await press()
  // A round trip through the page: a submit would have begun by now.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))').catch(() => {})
  return posts.length > 0
}

describe('A19 Allow', () => {
  it('is not pressed by a click that comes with the pointer, as the second of a double click does', async () => {
    await openConsent()
    const button = page.getByRole('button', { name: 'Allow' })
    // Where it stands depends on the fonts of the machine.
    await button.scrollIntoViewIfNeeded()
    const { x: left, y: top, width, height } = (await button.boundingBox()) as Box
    const [x, y] = [left + width / 2, top + height / 2]
    expect(await isPressed(() => page.mouse.dblclick(x, y))).toBe(false)
    // Resting there arms it.
    await page.waitForFunction(() => {
      const { document, getComputedStyle } = globalThis as unknown as Dom
      return getComputedStyle(document.querySelector('.arms'), '::after').visibility === 'hidden'
    })
    expect(await isPressed(() => page.mouse.click(x, y))).toBe(true)
  })

  it.each(['', '#allow', '#decision', '#seal'])(
    'is not pressed by Enter on a page opened with "%s"',
    async (fragment) => {
      await openConsent(fragment)
      expect(await isPressed(() => page.keyboard.press('Enter'))).toBe(false)
      expect(await isPressed(() => page.keyboard.press('Space'))).toBe(false)
    },
  )

  it('is pressed from the keyboard by who goes there', async () => {
    await openConsent()
    await page.getByRole('button', { name: 'Allow' }).focus()
    expect(await isPressed(() => page.keyboard.press('Enter'))).toBe(true)
  })
})
