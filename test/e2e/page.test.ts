// A client that is a page on another origin: everything it does is subject to CORS, in a real browser.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { build } from 'esbuild'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { LocalServer } from '../support/local-server.ts'

let server: LocalServer
let browser: Browser
let site: Server

beforeAll(async () => {
  ;[server, browser] = await Promise.all([LocalServer.start(), launchBrowser()])
  const entryPoints = ['test/support/page-app.ts']
  const { outputFiles } = await build({
    entryPoints,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
  })
  const script = outputFiles[0]?.text
  site = createServer((request, response) => {
    const isScript = request.url === '/app.js'
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<body>…<script type="module" src="/app.js"></script></body>')
  }).listen(0, '127.0.0.1')
  await once(site, 'listening')
})

afterAll(async () => {
  site?.close()
  await browser?.close()
  await server?.stop()
})

it('registers, sends the person to sign in, redeems and calls a tool', async () => {
  const page = await browser.newPage()
  const origin = `http://127.0.0.1:${(site.address() as { port: number }).port}`
  await page.goto(`${origin}/?mcp=${encodeURIComponent(server.mcpUrl.href)}`)
  await page.getByLabel('Passphrase').fill(server.passphrase)
  await page.getByRole('button', { name: 'Sign in' }).click()
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('A web page')
  const button = page.getByRole('button', { name: 'Allow' })
  await button.click()
  await page.getByText(/^(whoami|failed): /).waitFor()
  expect(new URL(page.url()).origin).toBe(origin)
  expect(await page.textContent('body')).toMatch(/^whoami: .*"name":"Owner"/)
})
