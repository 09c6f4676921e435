// What leaves the server for its owner and its users, taken as they take it: alerts at a receiver, and a download in a
// browser without scripts.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { LocalServer } from '../support/local-server.ts'

const KEY = Buffer.alloc(32, 'k')

interface Delivery {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const deliveries: Delivery[] = []
let receiver: Server
let server: LocalServer

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    deliveries.push({ headers: request.headers, body: await text(request) })
    response.end('ok')
  })
  await once(receiver.listen(0, '127.0.0.1'), 'listening')
  server = await LocalServer.start(undefined, {
    ALERT_WEBHOOK: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`,
    ALERT_SECRET: `whsec_${KEY.toString('base64')}`,
  })
})

afterAll(async () => {
  await server?.stop()
  receiver?.close()
})

/** As standardwebhooks.com has it. */
function isSigned({ headers, body }: Delivery): boolean {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const expected = createHmac('sha256', KEY).update(signed).digest()
  const given = Buffer.from(String(headers['webhook-signature']).replace(/^v1,/, ''), 'base64')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function signIn(passphrase: string): Promise<Response> {
  return fetch(`${server.origin}/login/passphrase`, {
    method: 'POST',
    headers: { Origin: server.origin, 'Sec-Fetch-Site': 'same-origin' },
    body: new URLSearchParams({ passphrase, return_to: '/account' }),
    redirect: 'manual',
  })
}

describe('a user with a browser without scripts', () => {
  it('downloads what is kept about them', async () => {
    const browser = await launchBrowser()
    const page = await browser.newPage({ javaScriptEnabled: false })
    await page.goto(`${server.origin}/account`)
    await page.fill('#passphrase', server.passphrase)
    await page.click('button[type=submit]')
    await page.getByRole('link', { name: 'Download my data' }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ])
    expect(download.suggestedFilename()).toMatch(/^my-data-.*\.json$/)
    const data = JSON.parse(await readFile(await download.path(), 'utf8'))
    expect(data).toMatchObject({ account: { name: 'Owner' }, tools: { notes: [] } })
    await browser.close()
  })
})

// Last: it uses up the sign-ins that this address has in a minute.
describe('a receiver of alerts', () => {
  it('hears of repeated sign-in failures, and verifies the signature', async () => {
    // Twice as many as needed: the ten minutes of the clock can end in between.
    for (let time = 0; time < 20; time++) expect((await signIn('wrong')).status).toBeGreaterThanOrEqual(400)
    const [delivery] = await vi.waitFor(() => {
      expect(deliveries.length).toBeGreaterThan(0)
      return deliveries
    })
    expect(delivery && isSigned(delivery)).toBe(true)
    expect(delivery && isSigned({ ...delivery, body: `${delivery.body} ` })).toBe(false)
    expect(Math.abs(Number(delivery?.headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(300)
    const message = JSON.parse(delivery?.body as string)
    expect(message).toMatchObject({ type: 'signin.failed', data: { method: 'passphrase' } })
    expect(message.text).toContain('At least 10 sign-ins failed')
    expect(delivery?.headers['user-agent']).toMatch(/^Gatehouse\//)
  })
})
