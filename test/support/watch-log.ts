// W3, for every test file: what the Worker writes to its log while the tests run holds none of the secrets that
// they used, and nothing that looks like one; and each line has the fields of its event, and no others.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, expect } from 'vitest'
import { hasItsFields } from './log-lines.ts'
import { secretsIn, seenSecrets } from './secrets.ts'

const METHODS = ['log', 'info', 'warn', 'error', 'debug'] as const
const lines: string[] = []
const originals = new Map(METHODS.map((method) => [method, console[method]]))

beforeAll(() => {
  for (const method of METHODS) {
    console[method] = (...args: unknown[]) => {
      lines.push(args.map(String).join(' '))
      originals.get(method)?.apply(console, args)
    }
  }
})

afterAll(() => {
  for (const [method, original] of originals) console[method] = original
  const { d } = JSON.parse(env.SIGNING_KEY) as { d: string }
  const secrets = [...seenSecrets, env.OWNER_PASSPHRASE, env.SESSION_KEY, d]
  expect(lines.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([])
  expect(lines.filter((line) => secretsIn(line).length > 0)).toEqual([])
  expect(lines.filter((line) => line.startsWith('{"event":') && !hasItsFields(JSON.parse(line)))).toEqual([])
})
