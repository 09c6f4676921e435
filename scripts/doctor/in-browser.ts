// A person at a browser of their own. They open an address; the doctor waits where the client would, or they paste what the
// browser's address bar says in the end.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline/promises'
import { canAsk } from '../deployment/terminal.ts'
import { isLoopbackRedirect } from './loopback.ts'
import type { Person } from './play.ts'

const PATIENCE_MS = 5 * 60_000
const PROGRESS_MS = 30_000

export const inBrowser: Person = async (url, redirectUri) => {
  console.log(`\nOpen this address in a browser, sign in, and press Allow:\n\n  ${url.href}\n`)
  return {
    location: isLoopbackRedirect(redirectUri) ? await received(redirectUri) : await pasted(redirectUri),
  }
}

/** Waits for the browser at the redirect URI, and says so now and then. */
async function received(redirectUri: string): Promise<string> {
  const { hostname, port, pathname, origin } = new URL(redirectUri)
  const server = createServer((request, response) => {
    const isAnswer = request.url?.startsWith(`${pathname}?`)
    response.writeHead(isAnswer ? 200 : 404, { 'Content-Type': 'text/plain' })
    response.end(isAnswer ? 'The answer is here. You can close this page.' : 'Not here.')
    if (isAnswer) server.emit('answer', `${origin}${request.url}`)
  })
  server.listen(Number(port), hostname)
  await once(server, 'listening')
  const minutes = PATIENCE_MS / 60_000
  console.log(`… Waiting for the answer at ${redirectUri} (at most ${minutes} minutes)`)
  const progress = setInterval(() => console.log('… Still waiting'), PROGRESS_MS)
  try {
    const [location] = await once(server, 'answer', { signal: AbortSignal.timeout(PATIENCE_MS) })
    return location as string
  } catch {
    throw new Error(`No answer came within ${minutes} minutes.`)
  } finally {
    clearInterval(progress)
    server.close()
  }
}

async function pasted(redirectUri: string): Promise<string> {
  if (!canAsk())
    throw new Error(`The answer goes to ${redirectUri}. Run this at a terminal, where you can paste it.`)
  const reader = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const { host, protocol } = new URL(redirectUri)
    return (
      await reader.question(`The browser ends at ${host || protocol}. Paste the whole address from there: `)
    ).trim()
  } finally {
    reader.close()
  }
}
