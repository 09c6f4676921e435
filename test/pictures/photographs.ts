// The story of a connection in a real browser, photographed: address, sign-in, consent, tool call, account.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { DevServer } from '../support/dev-server.ts'
import { animate } from './animation.ts'
import { chat } from './chat.ts'
import { Connection } from './connection.ts'

const HOST = 'mcp.example.com'
const FRAME = { width: 480, height: 580 }
const SECONDS_PER_FRAME = 3

/** PNG files by their names. */
export async function takePictures(): Promise<Record<string, Buffer>> {
  // As if it were deployed, so that the pages show a public https address.
  const flags = ['--local-protocol', 'https', '--local-upstream', HOST]
  const server = await DevServer.startOwn('test/pictures/worker.mjs', flags)
  // Every host is the server: a client's own host needs to answer something, too.
  const mapping = `--host-resolver-rules=MAP * 127.0.0.1:${new URL(server.origin).port}`
  const browser = await launchBrowser(mapping, '--font-render-hinting=none')
  try {
    return await photograph(browser, server.passphrase)
  } finally {
    await browser.close()
    await server.stop()
  }
}

async function photograph(browser: Browser, passphrase: string): Promise<Record<string, Buffer>> {
  const context = await newContext(browser)
  const page = await context.newPage()
  const origin = `https://${HOST}`
  const frames: Buffer[] = []
  const frame = async () => frames.push(await page.screenshot({ animations: 'disabled' }))

  await page.goto(origin)
  await frame()
  const home = await whole(page)
  const claude = await Connection.register(page, 'Claude', 'https://claude.ai/api/mcp/auth_callback')
  const cursor = await Connection.register(page, 'Cursor', 'https://cursor.example/callback')

  await page.goto(claude.request)
  const login = await whole(page)
  await page.getByText('Owner sign-in').click()
  await page.fill('#passphrase', passphrase)
  await frame()
  await page.press('#passphrase', 'Enter')
  await page.getByRole('button', { name: 'Allow' }).waitFor()
  await frame()
  const consent = await whole(page)
  const answer = await claude.allow(page)

  await page.goto(cursor.request)
  await cursor.allow(page)
  await page.setContent(chat(answer))
  await frame()
  await page.goto(`${origin}/account`)
  await frame()
  const account = await whole(page)
  await page.goto(`${origin}/authorize?client_id=unknown&redirect_uri=https://client.example`)
  const error = await whole(page)
  return {
    'connect.png': animate(frames, SECONDS_PER_FRAME),
    'home.png': home,
    'login.png': login,
    'consent.png': consent,
    'account.png': account,
    'error.png': error,
  }
}

function newContext(browser: Browser): Promise<BrowserContext> {
  // bypassCSP: the pages run the client's requests, so that they go the browser's way to the host.
  return browser.newContext({
    ignoreHTTPSErrors: true,
    bypassCSP: true,
    viewport: FRAME,
    deviceScaleFactor: 1.5,
    colorScheme: 'light',
    reducedMotion: 'reduce',
  })
}

/** All of a page, not only what fits the frame. */
async function whole(page: Page): Promise<Buffer> {
  return page.screenshot({ fullPage: true, animations: 'disabled', scale: 'css' })
}
