// The sample's view, in a browser and in a page that speaks the protocol of its hosts: what it shows, and what its buttons do.
import { existsSync, readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App } from '../support/app.ts'
import { launchBrowser } from '../support/browser.ts'
import { DevServer } from '../support/dev-server.ts'
import { ViewHost } from '../support/view-host.ts'
import { isFork } from './changes.ts'

const isOurs = existsSync('public/views/notes.html') && !isFork(readFileSync('src/config.ts', 'utf8'))
const MARKUP = '<img src=x onerror="document.title = 1"> & "more"'

let server: DevServer
let browser: Browser
let app: App
let page: Page
let host: ViewHost
const complaints: string[] = []

async function allow(url: URL): Promise<void> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(url.href)
  await page.getByLabel('Passphrase').fill(server.passphrase)
  await page.getByRole('button', { name: 'Sign in' }).click()
  for (const box of await page.getByRole('checkbox').all()) await box.check()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText('You can close this page').waitFor()
  await context.close()
}

async function notes(): Promise<string[]> {
  const { structuredContent } = await app.call('list_notes')
  return (structuredContent as { notes: { text: string }[] }).notes.map(({ text }) => text)
}

describe.runIf(isOurs)('the view of the notes', () => {
  beforeAll(async () => {
    ;[server, browser] = await Promise.all([DevServer.startOwn('src/index.ts', []), launchBrowser()])
    app = await App.start(server.mcpUrl, { pin: '2026-07-28' }, allow)
    await app.connect()
    page = await browser.newPage({ viewport: { width: 390, height: 700 } })
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', ({ message }) => complaints.push(message))
    host = await ViewHost.start(page, app.client, (name, args) => app.call(name, args))
  })

  afterAll(async () => {
    host?.stop()
    await app?.stop()
    await browser?.close()
    await server?.stop()
  })

  beforeEach(async () => {
    for (const text of await notes()) {
      const { structuredContent } = await app.call('search_notes', { text: text.slice(0, 100) })
      for (const { id } of (structuredContent as { notes: { id: number }[] }).notes)
        await app.call('delete_note', { id })
    }
    for (const text of ['Buy milk', MARKUP, 'Call Ada']) await app.call('add_note', { text })
    host.heard.length = 0
    complaints.length = 0
  })

  it('lists them as text, and tells the app how high it is', async () => {
    const view = await host.show('list_notes', {})
    await view.getByRole('listitem').first().waitFor()
    expect(await view.locator('li p').allTextContents()).toEqual(['Call Ada', MARKUP, 'Buy milk'])
    expect(await view.locator('img').count()).toBe(0)
    await expect.poll(() => host.heard.at(-1)?.method).toBe('ui/notifications/size-changed')
    expect(host.heard.at(-1)?.params?.height).toBeGreaterThan(100)
    expect(complaints).toEqual([])
  })

  it('shows what a search has found, too', async () => {
    const view = await host.show('search_notes', { text: 'milk' })
    await view.getByRole('listitem').first().waitFor()
    expect(await view.locator('li p').allTextContents()).toEqual(['Buy milk'])
  })

  it('deletes one with the second press, and says so to the user and the model', async () => {
    const view = await host.show('list_notes', {})
    await view.getByRole('button', { name: 'Delete: Buy milk' }).click()
    expect(await notes()).toContain('Buy milk')
    await view.getByRole('button', { name: 'Delete for good: Buy milk' }).click()
    await expect.poll(() => view.getByRole('status').textContent()).toMatch(/^Note \d+ is deleted\.$/)
    expect(await view.getByRole('listitem').count()).toBe(2)
    expect(await notes()).not.toContain('Buy milk')
    await expect.poll(() => host.heard.map(({ method }) => method)).toContain('ui/update-model-context')
    expect(complaints).toEqual([])
  })

  it('forgets a first press when the user goes elsewhere', async () => {
    const view = await host.show('list_notes', {})
    await view.getByRole('button', { name: 'Delete: Buy milk' }).click()
    await view.getByRole('button', { name: 'Delete: Call Ada' }).focus()
    expect(await view.getByRole('button', { name: 'Delete: Buy milk' }).count()).toBe(1)
  })

  it('says why one could not be deleted', async () => {
    const view = await host.show('list_notes', {})
    const button = view.getByRole('button', { name: 'Buy milk' })
    await button.waitFor()
    const { structuredContent } = await app.call('search_notes', { text: 'Buy milk' })
    const [note] = (structuredContent as { notes: { id: number }[] }).notes
    await app.call('delete_note', { id: note?.id })
    await button.click()
    await button.click()
    await expect.poll(() => view.getByRole('status').textContent()).toContain('There is no note')
    expect(await button.isEnabled()).toBe(true)
  })

  it('says when there are none, and follows the look of the app', async () => {
    const variables = { '--color-text-primary': 'rgb(1, 2, 3)' }
    const view = await host.show(
      'search_notes',
      { text: 'nothing like it' },
      { theme: 'dark', styles: { variables } },
    )
    await view.getByRole('status').filter({ hasText: 'There are no notes.' }).waitFor()
    const style = () => view.locator('html').getAttribute('style')
    expect(await style()).toContain('color-scheme: dark')
    expect(await style()).toContain('--color-text-primary: rgb(1, 2, 3)')
    await host.tell('ui/notifications/host-context-changed', { theme: 'light' })
    await expect.poll(style).toContain('color-scheme: light')
  })
})
