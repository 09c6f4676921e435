// The pages of signed-in people in a real browser: times in the reader's zone, sessions that end one by one, and the owner's
// pages without a script.
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { LocalServer } from '../support/local-server.ts'

let server: LocalServer
let browser: Browser
const contexts: BrowserContext[] = []

beforeAll(async () => {
  ;[server, browser] = await Promise.all([LocalServer.start(), launchBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close()
})

/** A browser of its own in which the owner has signed in. */
async function ownersPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options)
  contexts.push(context)
  const page = await context.newPage()
  await page.goto(`${server.origin}/login`)
  await page.getByLabel('Passphrase').fill(server.passphrase)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Your account' }).waitFor()
  return page
}

describe('an instant', () => {
  const shown = async (options: BrowserContextOptions) => {
    const page = await ownersPage(options)
    const time = page.locator('#sessions time').first()
    const at = new Date((await time.getAttribute('datetime')) as string)
    return { at, text: await time.textContent(), title: await time.getAttribute('title') }
  }

  it.each(['America/New_York', 'Asia/Kolkata'])('is in the zone of the reader: %s', async (timezoneId) => {
    const { at, text, title } = await shown({ timezoneId })
    const form = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } as const
    expect(text).toBe(at.toLocaleString('en-GB', { ...form, timeZone: timezoneId }))
    expect(title).toBe(`${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`)
  })

  it('is in UTC without a script', async () => {
    const { text } = await shown({ timezoneId: 'America/New_York', javaScriptEnabled: false })
    expect(text).toMatch(/^\d+ \w+, \d\d:\d\d UTC$/)
  })
})

describe('the open sessions', () => {
  it('end one by one, without a script', async () => {
    const there = await ownersPage()
    const here = await ownersPage({ javaScriptEnabled: false })
    const ends = here.getByRole('button', { name: /^End the session/ })
    for (let left = await ends.count(); left > 0; left--) {
      await ends.first().click()
      await here.getByText('That session is over.').waitFor()
      expect(await ends.count()).toBe(left - 1)
    }
    await there.reload()
    await there.getByRole('heading', { name: 'Sign in to' }).waitFor()
    await here
      .getByRole('navigation', { name: 'Your pages' })
      .getByRole('link', { name: 'Your server' })
      .click()
    await here.getByRole('button', { name: 'Sign out' }).click()
    await here.getByRole('heading', { name: 'Sign in to' }).waitFor()
  })
})
