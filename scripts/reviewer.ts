// `npm run reviewer`: an account for those who try the server before a directory lists it: a password, sample data, an end.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { REVIEWERS, type Reviewer, reviewerKey } from '#engine/login/reviewer/store.ts'
import { Connection } from './calling/connection.ts'
import { InMemory } from './calling/kept.ts'
import { signOut } from './calling/sign-out.ts'
import { readTarget } from './deployment/configuration.ts'
import { done, run, Stopped, warn } from './deployment/terminal.ts'
import { owner } from './doctor/owner.ts'
import { readCount, readOptions, refuse } from './options.ts'
import { useProxy } from './proxy.ts'
import { Records } from './records.ts'
import { newPassphrase } from './setup.ts'

const USAGE = `Usage: npm run reviewer [-- options]

Makes an account for those who try your server before a directory lists it, and shows its password once. The server
deletes the account, with its data, at its end.

  --days <number>      how long it lasts; without it 60
  --data <file>        call these tools as the reviewer, for sample data: [{"tool":"add_note","input":{"text":"Milk"}}]
  --list               list the accounts that there are
  --withdraw <id>      refuse a password from now on

  --remote             on the deployed server, not the local one
  --worker <name>      ...that you deployed under this name, not the one in wrangler.toml
  --url <url>          where that server is, if wrangler.toml does not say it
  --persist-to <dir>   where the local server keeps its data, if not in .wrangler/state

Needs the login method \`reviewer\` in src/login.ts: docs/directories.md.`

const { values } = readOptions(USAGE, {
  days: { type: 'string', default: '60' },
  data: { type: 'string' },
  list: { type: 'boolean', default: false },
  withdraw: { type: 'string' },
  remote: { type: 'boolean', default: false },
  worker: { type: 'string' },
  url: { type: 'string' },
  'persist-to': { type: 'string' },
})
const days = readCount('days', values.days, USAGE)
if (days > 365) refuse('An account lasts at most 365 days.', USAGE)

interface Call {
  readonly tool: string
  readonly input: Record<string, unknown>
}

useProxy()
const records = new Records({ remote: values.remote, worker: values.worker, persistTo: values['persist-to'] })
await run(async () => {
  try {
    if (values.list) await list()
    else if (values.withdraw !== undefined) await withdraw(values.withdraw)
    else await add()
  } finally {
    await records.close().catch(() => undefined)
  }
})

async function add(): Promise<void> {
  const calls = values.data === undefined ? [] : readCalls(values.data)
  const server = calls.length > 0 ? serverUrl() : undefined
  if (server) await requireMethod(server)
  const password = newPassphrase()
  const seconds = days * 24 * 60 * 60
  const reviewer: Reviewer = { id: randomBytes(8).toString('hex'), expiresAt: Date.now() + seconds * 1000 }
  const key = await reviewerKey(password)
  await records.write({ key, value: JSON.stringify(reviewer), expiration_ttl: seconds })
  console.log(`password    ${password}\n${described(reviewer)}`)
  console.log('\nThe password is shown this once. Only its hash is kept.')
  if (server) await fill(server, password, calls)
}

/** Signs in as the reviewer, and leaves what the calls make. @throws Stopped */
async function fill(server: URL, password: string, calls: readonly Call[]): Promise<void> {
  const keeper = new InMemory()
  const person = owner(server.origin, password, { field: 'reviewer_password' })
  const connection = await Connection.open(server, keeper, person)
  try {
    for (const { tool, input } of calls) {
      const { isError, content } = await connection.ask((client) =>
        client.callTool({ name: tool, arguments: input }),
      )
      if (isError) throw new Stopped(`${tool} refuses ${JSON.stringify(input)}: ${JSON.stringify(content)}`)
    }
    done(`Made ${calls.length} ${calls.length === 1 ? 'call' : 'calls'} as the reviewer`)
  } finally {
    await connection.close()
    if (!(await signOut(keeper))) warn('The reviewer has "npm run call" among their apps.')
  }
}

async function list(): Promise<void> {
  const found = await records.readAll<Reviewer>(await records.names(REVIEWERS))
  if (found.length === 0) return console.log('There is no reviewer. Make one: npm run reviewer')
  for (const reviewer of found) console.log(`${described(reviewer)}\n`)
}

async function withdraw(id: string): Promise<void> {
  for (const name of await records.names(REVIEWERS)) {
    if ((await records.read<Reviewer>(name))?.id !== id) continue
    await records.remove(name)
    done('The server refuses the password within 60 s')
    return console.log(`Remove the account itself on /admin, where it is "Reviewer ${id.slice(0, 4)}".`)
  }
  throw new Stopped(`There is no reviewer ${id}. \`npm run reviewer -- --list\` shows them.`)
}

function described({ id, expiresAt }: Reviewer): string {
  return `id          ${id}\nends        ${new Date(expiresAt).toISOString()}`
}

/** @throws Stopped */
function readCalls(file: string): readonly Call[] {
  const calls: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const isCall = (one: Partial<Call> | null) => typeof one?.tool === 'string' && typeof one.input === 'object'
  if (Array.isArray(calls) && calls.every(isCall)) return calls
  throw new Stopped(`${file} is no list of calls, such as [{"tool":"add_note","input":{"text":"Milk"}}].`)
}

/** @throws Stopped */
function serverUrl(): URL {
  const here = values.remote ? readTarget(values.worker).origin : 'http://localhost:8787'
  const address = values.url ?? here
  if (address === undefined || !URL.canParse(address))
    throw new Stopped('Say where the server is, to call its tools: --url https://mcp.example.com')
  return new URL('/mcp', address)
}

/** @throws Stopped */
async function requireMethod({ origin }: URL): Promise<void> {
  const page = await fetch(`${origin}/login?return_to=/account`).catch(() => undefined)
  if (!page) throw new Stopped(`No server answers at ${origin}.`)
  if ((await page.text()).includes('action="/login/reviewer"')) return
  throw new Stopped(
    `${origin} has no sign-in for reviewers. Add \`reviewer\` to src/login.ts: docs/directories.md.`,
  )
}
