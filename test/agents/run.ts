// `npm run agents`: real clients against this server, each from discovery through sign-in to tool calls, a write that needs a
// further scope, and a refresh.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { readOptions, refuse } from '../../scripts/options.ts'
import { completeDevVars } from '../../scripts/setup.ts'
import { App } from '../support/app.ts'
import { DevServer } from '../support/dev-server.ts'
import { type Asked, FaultyProxy } from '../support/faulty-proxy.ts'
import { FIXTURE } from '../support/fixture.ts'
import { getBrowser } from '../support/get-browser.ts'
import type { Agent, Connection, Writing } from './agent.ts'
import { Model } from './model.ts'
import { Person } from './person.ts'
import { Place, versionOf } from './place.ts'

const FOLDER = import.meta.dirname
const NAMES = readdirSync(join(FOLDER, 'clients')).map((file) => file.replace('.ts', ''))

/** How long an access token lasts: two calls of most clients. */
const TOKEN_SECONDS = 30

const USAGE = `Usage: npm run agents [-- <client> … --capture <folder>]

Runs real clients against this server on this computer. Each connects, has the user sign in, calls a tool, calls one that
needs a further scope, and refreshes. None needs an account. The first run installs them: about 1.6 GB.

  <client>             only these: ${NAMES.join(', ')}
  --capture <folder>   also write what each sends to the server, a JSON file each: scripts/doctor/clients/ says it as data

It needs Linux.`

/** What a client did. */
interface Outcome {
  readonly agent: Agent
  readonly place?: Place
  readonly connection?: Connection
  readonly writes?: Writing
  refreshes?: boolean
  problem?: unknown
}

const { positionals, values } = readOptions(USAGE, { capture: { type: 'string' } }, { positionals: true })
const unknown = positionals.find((name) => !NAMES.includes(name))
if (unknown !== undefined) refuse(`There is no client "${unknown}".`, USAGE)
if (!isInstalled()) install()
process.env.CHROMIUM_PATH = await getBrowser()
await completeDevVars(FIXTURE)

// The documents of clients are on the internet, which a run does not need: those that have one register.
const settings = { CLIENT_DOCUMENT_HOSTS: '', TOKEN_SECONDS: String(TOKEN_SECONDS) }
const server = await DevServer.start('test/support/short-lived-worker.ts', settings)
// In between, where it can be written down.
const proxy = values.capture === undefined ? undefined : await FaultyProxy.start(server.origin)
const { storage, passphrase } = server
const { origin, mcpUrl } = proxy ?? server
const visited = { origin, mcpUrl, storage, passphrase }
const person = await Person.start(visited)
const model = await Model.start()
const witness = await App.start(visited.mcpUrl, { pin: '2026-07-28' }, async (url) => {
  await person.open(url)
})
const names = positionals.length > 0 ? positionals : NAMES
const outcomes: Outcome[] = []
/** What each client has sent, by its name. */
const requests = new Map<string, Asked[]>()
try {
  await witness.connect()
  for (const name of names) {
    const { agent } = (await import(`./clients/${name}.ts`)) as { agent: Agent }
    // Beside what is printed, since a client takes up to a minute.
    console.error(`Running ${agent.name} …`)
    noteRequests(name)
    outcomes.push(await use(agent))
  }
  console.error('Waiting until every access token has expired …')
  await setTimeout(TOKEN_SECONDS * 1000)
  for (const [index, outcome] of outcomes.entries()) {
    noteRequests(names[index] as string)
    await comeBack(outcome)
  }
} finally {
  for (const { connection, place } of outcomes) {
    await Promise.resolve(connection?.close?.()).catch(() => {})
    place?.stop()
  }
  await witness.stop()
  await person.stop()
  model.stop()
  proxy?.stop()
  await server.stop()
}
if (values.capture !== undefined) writeRequests(values.capture)
console.log(outcomes.map(describe).join('\n'))
process.exit(outcomes.every(isAsExpected) ? 0 : 1)

/** Connects, calls, and writes. A client that cannot ask for a further scope connects again, with the scope ticked. */
async function use(agent: Agent): Promise<Outcome> {
  let outcome: Outcome = { agent }
  try {
    const first = await connect(agent, false)
    outcome = { agent, ...first }
    const asked = person.asked
    const writes = await write(first.connection)
    if (writes.done) return { ...outcome, writes: person.asked > asked ? 'asks again' : 'took all' }
    // Stopped first, since it may still wait for the user.
    await stop(first)
    const second = await connect(agent, true)
    outcome = { agent, ...second }
    const again = await write(second.connection)
    if (!again.done) throw again.problem
    return { ...outcome, writes: 'if ticked' }
  } catch (problem) {
    return { ...outcome, problem }
  }
}

async function connect(agent: Agent, ticksAll: boolean) {
  person.ticksAll = ticksAll
  const place = new Place(visited, person, model)
  try {
    const connection = await agent.connect(place)
    await expectOwner(connection)
    return { place, connection }
  } catch (error) {
    place.stop()
    throw error
  }
}

async function stop({ place, connection }: { place: Place; connection: Connection }): Promise<void> {
  await Promise.resolve(connection.close?.()).catch(() => {})
  await person.settled()
  place.stop()
}

async function expectOwner(connection: Connection): Promise<void> {
  const received = await connection.call('whoami')
  if (!received.includes('Owner')) throw new Error(`whoami came to: ${received}`)
}

/** Adds a note. Whether there is one, the witness says. */
async function write(connection: Connection): Promise<{ done: boolean; problem: unknown }> {
  const text = crypto.randomUUID()
  const problem = await connection.call('add_note', { text }).catch((error) => error)
  await person.settled()
  const { structuredContent } = await witness.call('search_notes', { text })
  return { done: (structuredContent as { notes: unknown[] }).notes.length === 1, problem }
}

async function comeBack(outcome: Outcome): Promise<void> {
  if (!outcome.connection || outcome.problem !== undefined) return
  const asked = person.asked
  try {
    await expectOwner(outcome.connection)
    outcome.refreshes = person.asked === asked
  } catch (problem) {
    outcome.problem = problem
  }
}

function isAsExpected({ agent, writes, refreshes, problem }: Outcome): boolean {
  return problem === undefined && writes === agent.writes && refreshes === true
}

/** From now on, what comes is of this client. The pages are not: the browser asks for them. */
function noteRequests(name: string): void {
  if (!proxy) return
  const sent = requests.get(name) ?? []
  requests.set(name, sent)
  proxy.fault = (asked) => {
    const isOfPage = /^\/(login|logout|account)\b/.test(asked.path)
    if (!isOfPage && `${asked.method} ${asked.path}` !== 'POST /authorize') sent.push(asked)
  }
}

function writeRequests(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, sent] of requests)
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(sent, null, 2))
}

function describe(outcome: Outcome): string {
  const { agent, writes, refreshes, problem } = outcome
  const what = `${agent.name} ${versionOf(agent.package)}`.padEnd(36)
  const mark = isAsExpected(outcome) ? '✓' : '✗'
  if (problem !== undefined) return `${mark} ${what} ${problem instanceof Error ? problem.message : problem}`
  const refreshed = refreshes ? 'refreshes' : 'asks the user instead of refreshing'
  const expected = writes === agent.writes ? '' : ` (expected: ${agent.writes})`
  return `${mark} ${what} connects, calls, ${refreshed}; writes: ${writes}${expected}`
}

function install(): void {
  console.log('Installing the clients into test/agents/node_modules (about 1.6 GB).\n')
  // Not `npm ci`: a registry may lack the programs of other systems, and the lock file then, too.
  const flags = ['--no-save', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', ['install', ...flags], { cwd: FOLDER, stdio: 'inherit' })
  if (status === 0) return
  console.error('\n✗ npm could not install the clients. What it says stands above.')
  process.exit(1)
}

/** Whether what is installed is what the lock file says: npm keeps a copy of it there. */
function isInstalled(): boolean {
  const [asked, installed] = ['package-lock.json', 'node_modules/.package-lock.json'].map((file) =>
    statSync(join(FOLDER, file), { throwIfNoEntry: false }),
  )
  return asked !== undefined && installed !== undefined && installed.mtimeMs >= asked.mtimeMs
}
