// The user: one browser, in which they have signed in once. Clients ask them by opening an address, or by printing it.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'

interface Options {
  readonly origin: string
  readonly passphrase: string
}

export class Person {
  /** How often they have allowed an app. */
  asked = 0
  /** Whether they also tick what the page offers beside what was asked for. */
  ticksAll = false
  readonly context: BrowserContext
  readonly #options: Options
  readonly #browser: Browser
  readonly #opener: Server
  readonly #seen = new Set<string>()
  readonly #pending = new Set<Promise<unknown>>()

  private constructor(options: Options, browser: Browser, context: BrowserContext) {
    this.#options = options
    this.#browser = browser
    this.context = context
    this.#opener = createServer(async (request, response) => {
      this.notice(await text(request))
      response.end()
    }).listen(0, '127.0.0.1')
  }

  static async start(options: Options): Promise<Person> {
    const browser = await launchBrowser()
    const person = new Person(options, browser, await browser.newContext())
    await once(person.#opener, 'listening')
    return person
  }

  /** Where a program sends the address that it wants to open. */
  get opener(): string {
    return `http://127.0.0.1:${(this.#opener.address() as AddressInfo).port}`
  }

  /** Opens each new authorization request, or link of a device, in what a program has printed or opened. */
  notice(printed: string): void {
    for (const [address] of printed.matchAll(/https?:\/\/[\w.:-]+\/device\?user_code=[A-Z-]{9}/g)) {
      if (!address.startsWith(this.#options.origin) || this.#seen.has(address)) continue
      this.#seen.add(address)
      this.#pending.add(this.#openDevice(address).catch(() => {}))
    }
    for (const [address] of printed.matchAll(/https?:\/\/[\w.:-]+\/authorize\?[\w.~%&=+*-]*/g)) {
      const url = new URL(address)
      const challenge = url.searchParams.get('code_challenge')
      if (url.origin !== this.#options.origin || challenge === null || this.#seen.has(challenge)) continue
      this.#seen.add(challenge)
      // The program waits for the answer, and says itself that it got none.
      const opened = this.open(url).catch(() => {})
      this.#pending.add(opened)
    }
  }

  /** Returns once the pages that were opened are done with. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#pending)
    this.#pending.clear()
  }

  /** Goes to the address and allows. Returns where the app had the browser sent. */
  async open(url: URL): Promise<URL> {
    const page = await this.context.newPage()
    await page.goto(url.href)
    const sent = await this.allow(page)
    await page.close()
    return sent
  }

  /** Compares the code and allows. */
  async #openDevice(address: string): Promise<void> {
    const page = await this.context.newPage()
    await page.goto(address)
    const same = page.getByRole('button', { name: 'It shows this code' })
    await this.#signIn(page, same)
    await same.click()
    await (await this.#allowOn(page)).click()
    this.asked++
    await page.getByRole('heading', { name: 'Allowed' }).waitFor()
    await page.close()
  }

  /** Signs in if the page asks for it, on the way to what is to be shown. */
  async #signIn(page: Page, shown: Locator): Promise<void> {
    const passphrase = page.getByLabel('Passphrase')
    await shown.or(passphrase).waitFor()
    if (!(await passphrase.isVisible())) return
    await passphrase.fill(this.#options.passphrase)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await shown.waitFor()
  }

  /** The button that allows. */
  async #allowOn(page: Page): Promise<Locator> {
    const allow = page.getByRole('button', { name: 'Allow' })
    await this.#signIn(page, allow)
    if (this.ticksAll) for (const box of await page.getByRole('checkbox').all()) await box.check()
    return allow
  }

  /** Signs in if the page asks for it, and allows. Returns where the app had the browser sent. */
  async allow(page: Page): Promise<URL> {
    const allow = await this.#allowOn(page)
    const sent = page.waitForRequest((request) => !request.url().startsWith(this.#options.origin))
    await allow.click()
    this.asked++
    const request = await sent
    // The app may have gone in the meantime.
    await request.response().catch(() => null)
    return new URL(request.url())
  }

  async stop(): Promise<void> {
    this.#opener.close()
    await this.#browser.close()
  }
}
