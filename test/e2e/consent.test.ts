// A19 in a real browser: what is meant for something else does not press Allow.
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { LocalServer } from '../support/local-server.ts'
import { Remote } from '../support/remote.ts'

type Box = NonNullable<Awaited<ReturnType<Locator['boundingBox']>>>

/** The first moment of the half second, for as long as a slow machine needs. */
const HOLD = 'for (const one of document.getAnimations()) { one.pause(); one.currentTime = 0 }'
const FINISH = 'for (const one of document.getAnimations()) one.finish()'
const DURATIONS = 'document.getAnimations().map((one) => one.effect.getTiming().duration)'
/** Whether a click meets Allow, and its color. */
const LOOK = `[
  getComputedStyle(document.querySelector('.arms'), '::after').visibility,
  getComputedStyle(document.querySelector('.arms button')).backgroundColor,
]`

const THIRD_SCOPE = `document.querySelector('.scopes').append(document.querySelector('.scopes li').cloneNode(true))`

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

describe('the consent page', () => {
  it.each([
    [1280, 720],
    [390, 844],
  ])('shows all that is decided without scrolling, with three scopes, at %i × %i', async (width, height) => {
    await page.setViewportSize({ width, height })
    await openConsent()
    await page.evaluate(THIRD_SCOPE)
    expect(await page.getByRole('checkbox').count()).toBe(3)
    const { y: top, height: tall } = (await page.getByRole('button', { name: 'Allow' }).boundingBox()) as Box
    expect(top + tall).toBeLessThanOrEqual(height)
    expect(await page.getByText('notes:read').isVisible()).toBe(false)
    await page.getByText('Details').click()
    expect(await page.getByText('notes:read').isVisible()).toBe(true)
  })
})

describe('A19 Allow', () => {
  it('takes no click for half a second after the page is shown, looks so, and takes the next one', async () => {
    await openConsent()
    const button = page.getByRole('button', { name: 'Allow' })
    // Where it stands depends on the fonts of the machine.
    await button.scrollIntoViewIfNeeded()
    const { x: left, y: top, width, height } = (await button.boundingBox()) as Box
    const press = () => page.mouse.dblclick(left + width / 2, top + height / 2)
    await page.evaluate(HOLD)
    const waiting = await page.evaluate(LOOK)
    expect(await page.evaluate(DURATIONS)).toEqual([500, 500])
    expect(await isPressed(press)).toBe(false)
    await page.evaluate(FINISH)
    expect(await page.evaluate(LOOK)).not.toEqual(waiting)
    expect(await isPressed(press)).toBe(true)
  })

  it.each(['focus', 'pageshow'])('waits anew when its window comes to the front: %s', async (shown) => {
    await openConsent()
    await page.evaluate(FINISH)
    const ready = await page.evaluate(LOOK)
    expect(await page.evaluate(`dispatchEvent(new Event('${shown}')); ${LOOK}`)).not.toEqual(ready)
    await page.evaluate(FINISH)
    expect(await page.evaluate(LOOK)).toEqual(ready)
  })

  it('is ready without a script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const [name, value] = remote.cookie.split('=') as [string, string]
    await context.addCookies([{ name, value, url: server.origin }])
    const plain = await context.newPage()
    await plain.goto(server.origin + remote.authorizationRequest().path)
    const posted = plain.waitForRequest((request) => request.method() === 'POST')
    await plain.getByRole('button', { name: 'Allow' }).click({ noWaitAfter: true })
    expect((await posted).url()).toBe(`${server.origin}/authorize`)
    await context.close()
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
