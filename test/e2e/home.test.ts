// The home page: the address, the links that add it with one click, and a copy button that the policy lets run.
import { stripVTControlCharacters } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { NAME } from '#config'
import { launchBrowser } from '../support/browser.ts'
import { DevServer } from '../support/dev-server.ts'

let server: DevServer
let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  ;[server, browser] = await Promise.all([DevServer.start(), launchBrowser()])
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
  page = await context.newPage()
  page.on('console', (message) => complaints.push(message.text()))
  await page.goto(server.origin)
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

it('is on one of the four lines that `npm run dev` prints, without what wrangler says before', () => {
  const printed = server.output.map((line) => stripVTControlCharacters(line))
  expect(printed.findIndex((line) => line.includes(`Home page:        ${server.origin} `))).toBeLessThan(10)
  expect(printed.join('\n')).toContain(`claude mcp add --transport http fixture ${server.mcpUrl}`)
  expect(printed.join('\n')).not.toContain('access to the following bindings')
})

it('copies the address', async () => {
  await page.getByRole('button', { name: 'Copy' }).first().click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(server.mcpUrl.href)
  expect(complaints).toEqual([])
})

it('offers no copying without a script, which it would need', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const plain = await context.newPage()
  await plain.goto(server.origin)
  expect(await plain.getByText('Copy', { exact: true }).first().isVisible()).toBe(false)
  await context.close()
})

it('links to VS Code and Cursor with the address inside', async () => {
  await page.getByText('VS Code', { exact: true }).click()
  const vsCode = await page.getByRole('link', { name: 'Add to VS Code' }).getAttribute('href')
  const [, config] = (vsCode as string).split('vscode:mcp/install?')
  expect(JSON.parse(decodeURIComponent(config as string))).toEqual({
    name: NAME.toLowerCase(),
    type: 'http',
    url: server.mcpUrl.href,
  })
  await page.getByText('Cursor', { exact: true }).click()
  const cursor = new URL(
    (await page.getByRole('link', { name: 'Add to Cursor' }).getAttribute('href')) as string,
  )
  expect(cursor.searchParams.get('name')).toBe(NAME.toLowerCase())
  expect(JSON.parse(atob(cursor.searchParams.get('config') as string))).toEqual({ url: server.mcpUrl.href })
})

it('says so when apps elsewhere cannot reach it', async () => {
  expect(await page.getByText('This server runs on your computer').count()).toBe(1)
})
