// `npm run dev`: creates the missing secrets, starts `wrangler dev` with the given options, and says how to connect.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { isPersonWatching } from './deployment/terminal.ts'
import { connectClaude } from './how-to-connect.ts'
import { passOptions } from './options.ts'
import { readableLog } from './readable-log.ts'
import { completeDevVars, devVar } from './setup.ts'
import { WRANGLER, WRANGLER_ENVIRONMENT } from './wrangler.ts'

const USAGE = `Usage: npm run dev [-- options]

Creates the secrets that are missing in .dev.vars, starts the server on this computer, and says how to connect.

  --port <number>      listen on this port (8787)
  --ip <address>       listen on this address
  --var <NAME:value>   use this setting instead of the one in wrangler.toml
  --persist-to <dir>   keep the data here, not in .wrangler/state
  --verbose            also show what wrangler prints at the start: version, bindings, settings

At a terminal, the log is made readable; into a pipe it goes as JSON. All other options go to wrangler. \`npx wrangler dev --help\` lists the others.`

const NAMES = [
  'port',
  'ip',
  'host',
  'var',
  'persist-to',
  'config',
  'env',
  'remote',
  'log-level',
  'local-protocol',
]

const options = passOptions(USAGE, NAMES)
const isVerbose = options.includes('--verbose')
const made = await completeDevVars()
if (made.length > 0) console.log(`Made ${made.join(', ')} in .dev.vars (git ignores it).\n`)
if (process.stdout.isTTY) console.log('Starting the server …')

const child = spawn(
  process.execPath,
  [
    WRANGLER,
    'dev',
    // What only a deployed server has. This comes first, because `--var` takes every word up to an option.
    '--var',
    'PUBLIC_URL:',
    'JURISDICTION:',
    '--show-interactive-dev-session=false',
    '--infer-origin-from-routes=false',
    ...options.filter((option) => option !== '--verbose'),
  ],
  {
    stdio: ['inherit', 'pipe', 'pipe'],
    env: { FORCE_COLOR: process.stdout.isTTY ? '1' : '0', ...WRANGLER_ENVIRONMENT },
  },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
/** What wrangler printed before the server was ready: shown only if it never is, and no error says why. */
const held: string[] = []
let isReady = false
let hasError = false
child.on('exit', (code, signal) => {
  const end = () => {
    if (!isReady && !isVerbose && !hasError) for (const line of held) console.log(line)
    process.exit(code ?? (signal === 'SIGINT' ? 0 : 1))
  }
  child.once('close', end)
  // wrangler's esbuild can outlive it and hold the pipes open: then there is no `close`.
  setTimeout(end, 1000)
})

await Promise.all([
  eachLine(child.stderr, (line) => {
    hasError ||= stripVTControlCharacters(line).includes('[ERROR]')
    console.error(readable(line))
  }),
  eachLine(child.stdout, (line) => {
    const origin = /Ready on (https?:\/\/\S+)/.exec(stripVTControlCharacters(line))?.[1]
    if (isReady || isVerbose) console.log(readable(line))
    else if (origin === undefined) held.push(line)
    if (origin === undefined) return
    isReady = true
    console.log(howToConnect(origin.replace('127.0.0.1', 'localhost')))
  }),
])

async function eachLine(stream: Readable, show: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) show(line)
}

function readable(line: string): string {
  if (!process.stdout.isTTY) return line
  return readableLog(line, new Date().toLocaleTimeString('en-GB')) ?? line
}

function howToConnect(origin: string): string {
  const url = `${origin}/mcp`
  return `
  Your MCP server:  ${url}
  Connect Claude:   ${connectClaude(url)}
  Home page:        ${origin}   (other apps; your account is at /account)
  Passphrase:       ${passphrase()}
`
}

function passphrase(): string {
  const where = 'OWNER_PASSPHRASE in .dev.vars'
  return isPersonWatching() ? `${devVar('OWNER_PASSPHRASE')}   (${where})` : where
}
