// `npm run bench -- profile`: what one request of Gatehouse is made of, by a sampled profile of its CPU.
//   npm run bench -- profile                 a tools/call
//   npm run bench -- profile first           the first tools/call of a process
//   npm run bench -- profile allow           a step: register, ask (the consent page), allow, exchange, refresh, revoke
//   npm run bench -- profile call twin       of the twin, the peer or better-auth
// A Worker that is profiled is slower than one that is not, native code and logging above all: compare parts, not runs.
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { betterAuth, ours, peer, twin } from './build.ts'
import type { Client } from './client.ts'
import { type Contender, withContenders } from './contender.ts'
import { Inspector, type Profile } from './inspector.ts'
import { Connection, drive } from './load.ts'
import { tableOf } from './report.ts'
import { Workerd } from './workerd.ts'

const WORKERS = { ours, twin, peer, 'better-auth': betterAuth }
const STEPS = ['register', 'ask', 'allow', 'exchange', 'refresh', 'revoke'] as const
type Step = (typeof STEPS)[number]
const SUBJECTS = ['call', 'first', ...STEPS] as const
type Subject = (typeof SUBJECTS)[number]
const CALLS = 8_000
const STARTS = 30
const REPEATS = 100
/** Milliseconds after which nothing of an earlier step still runs. */
const SETTLED = 15
const SHOWN = 12

export async function profile(what = 'call', whose = 'ours'): Promise<void> {
  const worker = WORKERS[whose as keyof typeof WORKERS]
  const subject = SUBJECTS.find((one) => one === what)
  if (!worker || !subject || (whose === 'twin' && isStep(subject))) {
    console.log(
      `profile [${SUBJECTS.join(' | ')}] [ours | peer | better-auth], or profile [call | first] twin.`,
    )
    process.exit(1)
  }
  await withContenders(
    { one: { ...worker, name: `${worker.name}-profiled`, profiled: true } },
    async ({ one }) => {
      const profiles = await profilesOf(one, subject)
      const times = subject === 'call' ? CALLS : profiles.length
      const modules = modulesOf(one.program.bundle)
      const parts = new Map<string, number>()
      const functions = new Map<string, number>()
      for (const { name, caller, microseconds } of profiles.flatMap((each) => samplesOf(each, modules))) {
        const part = partOf(name, caller)
        parts.set(part, (parts.get(part) ?? 0) + microseconds / times)
        const shown = `${name || '(anonymous)'} ${caller}`
        functions.set(shown, (functions.get(shown) ?? 0) + microseconds / times)
      }
      console.log(`${tableOf(ranked('part', parts))}\n\n${tableOf(ranked('function', functions, SHOWN))}`)
    },
  )
}

function isStep(subject: Subject): subject is Step {
  return subject !== 'call' && subject !== 'first'
}

async function profilesOf(one: Contender, subject: Subject): Promise<Profile[]> {
  if (subject === 'first') return profileFirstCalls(one)
  const inspector = await Inspector.open(one.workerd.inspector as number)
  const profiles = isStep(subject)
    ? await profileStep(inspector, one, subject)
    : [await profileCalls(inspector, one)]
  inspector.close()
  return profiles
}

/** Each in a process of its own. */
async function profileFirstCalls(one: Contender): Promise<Profile[]> {
  const profiles: Profile[] = []
  for (let start = 0; start < STARTS; start++) {
    const workerd = await Workerd.start(one.program)
    const connection = new Connection(workerd.port)
    const inspector = await Inspector.open(workerd.inspector as number)
    profiles.push(await inspector.profile(() => connection.send(one.call('whoami'))))
    inspector.close()
    connection.close()
    await workerd.stop()
  }
  return profiles
}

async function profileCalls(inspector: Inspector, one: Contender): Promise<Profile> {
  const calls = (requests: number) =>
    drive(one.connection, () => one.call('whoami'), { requests, concurrency: 8 })
  await calls(CALLS / 2)
  return inspector.profile(() => calls(CALLS))
}

async function profileStep(inspector: Inspector, one: Contender, step: Step): Promise<Profile[]> {
  const profiles: Profile[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const act = await upTo(step, one.client as Client)
    await wait(SETTLED)
    profiles.push(await inspector.profile(act))
  }
  return profiles
}

/** Does whatever comes before a step. Returns the step. */
async function upTo(step: Step, client: Client): Promise<() => Promise<unknown>> {
  if (step === 'register') return () => client.register()
  await client.register()
  if (step === 'ask') return () => client.ask()
  const consent = await client.ask()
  if (step === 'allow') return () => client.allow(consent)
  const code = await client.allow(consent)
  if (step === 'exchange') return () => client.exchange(code, consent)
  const tokens = await client.exchange(code, consent)
  return step === 'refresh' ? () => client.refresh(tokens) : () => client.revoke(tokens)
}

/** By line of the bundle: the file that it comes from, which wrangler writes above. */
function modulesOf(bundle: string): string[] {
  let file = ''
  return readFileSync(bundle, 'utf8')
    .split('\n')
    .map((line) => {
      const [, begun] = /^\/\/ (?:.*node_modules\/|(?=src\/|bench\/|test\/))(\S+)$/.exec(line) ?? []
      file = begun ?? file
      return file
    })
}

interface Sample {
  readonly name: string
  /** The file of the function; of native code, of the function that called it. */
  readonly caller: string
  readonly microseconds: number
}

function samplesOf({ nodes, samples, timeDeltas }: Profile, modules: readonly string[]): Sample[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node])))
  return samples.flatMap((id, at) => {
    const name = byId.get(id)?.callFrame.functionName ?? ''
    if (name === '(idle)') return []
    let node = byId.get(id)
    while (node && !node.callFrame.url) node = parents.get(node.id)
    const native = node?.id !== id
    const file = node ? (modules[node.callFrame.lineNumber] ?? '') : ''
    return [
      { name: native ? `native ${name || 'code'}` : name, caller: file, microseconds: timeDeltas[at] ?? 0 },
    ]
  })
}

const CRYPTOGRAPHY =
  /^native (digest|sign|verify|encrypt|decrypt|deriveBits|deriveKey|importKey|getRandomValues)$/
const OBJECT = /^(src|test)\/.*(object|notebook)\.ts$/

function partOf(name: string, caller: string): string {
  if (name === 'native (garbage collector)') return 'garbage collection'
  if (CRYPTOGRAPHY.test(name)) return 'cryptography'
  if (name.startsWith('native')) return OBJECT.test(caller) ? 'storage of objects' : 'the runtime'
  const [first = '', second = '', third = ''] = caller.split('/')
  if (first === 'src') return third.includes('.') ? 'src/engine' : `src/engine/${third}`
  if (first === 'test') return 'test/fixture'
  if (first === 'zod' || second === 'server' || second === 'core') return 'MCP SDK and zod'
  return first.startsWith('@') ? `${first}/${second}` : first || 'bundle'
}

function ranked(column: string, all: ReadonlyMap<string, number>, most = all.size) {
  const sum = [...all.values()].reduce((total, one) => total + one, 0)
  const rows = [...all]
    .filter(([, value]) => value >= sum / 100)
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
  return {
    columns: [column, 'µs', '%'],
    rows: rows.map(([name, value]) => [name, value.toFixed(0), ((value / sum) * 100).toFixed(0)]),
  }
}
