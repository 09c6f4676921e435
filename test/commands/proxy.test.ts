// Where the internet is behind a proxy, our commands go by it, as wrangler does; this computer is never behind it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { script } from '../support/fixture.ts'

let proxy: Server
const asked: string[] = []

beforeAll(async () => {
  proxy = createServer((request, response) => {
    asked.push(String(request.url))
    response.writeHead(502).end()
  })
  proxy.on('connect', (request, socket) => {
    asked.push(String(request.url))
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
})

afterAll(() => {
  proxy.close()
  proxy.closeAllConnections()
})

beforeEach(() => {
  asked.length = 0
})

async function doctor(
  url: string,
  environment: Record<string, string> = {},
  ...options: readonly string[]
): Promise<string> {
  const address = `http://127.0.0.1:${(proxy.address() as { port: number }).port}`
  const { NO_PROXY: _, no_proxy: __, NODE_USE_ENV_PROXY: ___, ...inherited } = process.env
  const env = { ...inherited, HTTPS_PROXY: address, HTTP_PROXY: address, ...environment }
  const child = spawn(process.execPath, [script('doctor'), url, ...options], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return text(child.stdout)
}

describe('S16 a proxy', () => {
  it('is asked for what is elsewhere', async () => {
    await doctor('https://mcp.example.invalid/mcp')
    expect(new Set(asked)).toEqual(new Set(['mcp.example.invalid:443']))
  })

  it('is asked by a client that the doctor plays', async () => {
    await doctor('https://mcp.example.invalid/mcp', {}, '--as', 'codex')
    expect(new Set(asked)).toEqual(new Set(['mcp.example.invalid:443']))
  })

  it.each(['http://localhost:9/mcp', 'http://127.0.0.1:9/mcp', 'http://[::1]:9/mcp'])(
    'is not asked for this computer: %s',
    async (url) => {
      await doctor(url)
      await doctor(url, { NO_PROXY: 'elsewhere.example' })
      expect(asked).toEqual([])
    },
  )

  it('is not asked for what the environment excepts', async () => {
    await doctor('https://mcp.example.invalid/mcp', { NO_PROXY: 'mcp.example.invalid' })
    expect(asked).toEqual([])
  })
})
