// `npm run dev`: creates the missing secrets, starts `wrangler dev` with the given options, and says how to connect.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { isPersonWatching } from './deployment/terminal.ts'
import { passOptions } from './options.ts'
import { completeDevVars, devVar } from './setup.ts'
import { WRANGLER, WRANGLER_ENVIRONMENT } from './wrangler.ts'

const USAGE = `Usage: npm run dev [-- options]

Creates the secrets that are missing in .dev.vars, starts the server on this computer, and says how to connect.

  --port <number>      listen on this port (8787)
  --ip <address>       listen on this address
  --var <NAME:value>   use this setting instead of the one in wrangler.toml
  --persist-to <dir>   keep the data here, not in .wrangler/state

All options go to wrangler. \`npx wrangler dev --help\` lists the others.`

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
const made = await completeDevVars()
if (made.length > 0) console.log(`Made ${made.join(', ')} in .dev.vars (git ignores it).\n`)

const child = spawn(
  process.execPath,
  [
    WRANGLER,
    'dev',
    // The deployed server's address does not apply here. This comes first, because `--var` takes every word up to an option.
    '--var',
    'PUBLIC_URL:',
    '--show-interactive-dev-session=false',
    '--infer-origin-from-routes=false',
    ...options,
  ],
  {
    stdio: ['inherit', 'pipe', 'inherit'],
    env: { FORCE_COLOR: process.stdout.isTTY ? '1' : '0', ...WRANGLER_ENVIRONMENT },
  },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 0 : 1)))

for await (const line of createInterface({ input: child.stdout })) {
  console.log(line)
  const origin = /Ready on (https?:\/\/\S+)/.exec(stripVTControlCharacters(line))?.[1]
  if (origin) console.log(howToConnect(origin.replace('127.0.0.1', 'localhost')))
}

function howToConnect(origin: string): string {
  const url = `${origin}/mcp`
  return `
  Your MCP server:  ${url}
  Connect Claude:   claude mcp add --transport http gatehouse ${url}
  Passphrase:       ${passphrase()}

  Your page with the connected apps: ${origin}/account
`
}

function passphrase(): string {
  const where = 'OWNER_PASSPHRASE in .dev.vars'
  return isPersonWatching() ? `${devVar('OWNER_PASSPHRASE')}   (${where})` : where
}
