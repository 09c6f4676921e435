// What each step of OAuth costs: how long it takes with storage near and far, and its operations on storage, counted.
import { setTimeout as wait } from 'node:timers/promises'
import { betterAuth, oursAtDistance, peer } from '../build.ts'
import type { Client, Consent, Tokens } from '../client.ts'
import { type Contender, withContenders } from '../contender.ts'
import type { Goal, Section } from '../report.ts'
import { median } from '../statistics.ts'
import { showOperations } from './operations.ts'

/** Milliseconds per operation on KV, per query of D1, and per call of a Durable Object. */
const FAR = 50
const REPEATS = { near: 30, far: 8 }
/** What is still the same, of two that wait as often for storage. */
const NOISE = 1.15
/** Milliseconds after which nothing more is to be expected of a request. */
const SETTLED = 100
const STEPS = ['register', 'consent page', 'allow', 'exchange code', 'refresh', 'revoke'] as const
type Step = (typeof STEPS)[number]

const NAMES = ['Gatehouse', 'peer', 'Better Auth'] as const

interface Taken {
  near: number
  far: number
  operations: string
  writes: number
}
type Found = Record<Step, Taken>

export async function measureSteps(): Promise<Section> {
  return withContenders({ ours: oursAtDistance, peer, betterAuth }, async (contenders) => {
    const all = Object.values(contenders).map((one) => [one, startMeasuring(one)] as const)
    const measured = all.map(([, one]) => one)
    for (const [contender, one] of all) await countOperations(contender, one)
    await takeTimes(measured, 'near')
    for (const [contender, one] of all) await setLatency(contender, one, FAR)
    await takeTimes(measured, 'far')
    const found = measured.map((one) => one.found)
    const [ours, ...peers] = found as [Found, Found, Found]
    return {
      title: 'The steps of OAuth',
      tables: [
        {
          columns: ['median, ms', ...[0, FAR].flatMap((ms) => NAMES.map((name) => `${name}, ${ms} ms`))],
          rows: STEPS.map((step) => [
            step,
            ...(['near', 'far'] as const).flatMap((place) => found.map((one) => one[step][place].toFixed(1))),
          ]),
        },
        {
          words: 1 + NAMES.length,
          columns: ['operations', ...NAMES],
          rows: STEPS.map((step) => [step, ...found.map((one) => one[step].operations)]),
        },
      ],
      drawn: [
        {
          title: `Median of each step, with storage at ${FAR} ms`,
          unit: 'ms',
          bars: STEPS.flatMap((step) =>
            found.map((one, at) => ({
              label: `${NAMES[at]}, ${step}`,
              value: one[step].far,
              own: one === ours,
            })),
          ),
        },
      ],
      goals: [
        notBehind('every step at or ahead of both peers where storage is far away', 'far', ours, peers),
        notBehind('every step at or ahead of both peers where storage is near', 'near', ours, peers),
        {
          rule: 'refresh without a KV write',
          reached: ours.refresh.writes === 0,
          measured: ours.refresh.operations,
        },
      ],
      readme: { 'Refresh: operations on storage': found.map((one) => one.refresh.operations) },
    }
  })
}

function notBehind(rule: string, place: 'near' | 'far', ours: Found, peers: readonly Found[]): Goal {
  const factorOf = (step: Step) => ours[step][place] / Math.min(...peers.map((one) => one[step][place]))
  const behind = STEPS.filter((step) => factorOf(step) > NOISE)
  const not = behind.map((step) => `${step} ${factorOf(step).toFixed(2)} ×`)
  return {
    rule: `${rule}, within ${NOISE} ×`,
    reached: behind.length === 0,
    measured: behind.length === 0 ? 'all' : `not: ${not.join(', ')}`,
  }
}

interface Measured {
  readonly client: Client
  /** What the Worker that is measured does at a path of the bench's own. */
  readonly control: (path: string) => Promise<string>
  readonly found: Found
}

function startMeasuring({ client, connection, program }: Contender): Measured {
  const isOurs = program.config === oursAtDistance.config
  return {
    client: client as Client,
    control: async (path) => (isOurs ? (await connection.send({ path })).body : '0'),
    found: recordOf(() => ({ near: 0, far: 0, operations: '', writes: 0 })),
  }
}

async function setLatency({ storage }: Contender, { control }: Measured, latency: number): Promise<void> {
  storage.latency = latency
  await control(`/bench/latency?ms=${latency}`)
}

/** Goes the whole way with each in turn. */
async function takeTimes(all: readonly Measured[], place: 'near' | 'far'): Promise<void> {
  const taken = all.map(({ client, found }) => ({ client, found, times: recordOf((): number[] => []) }))
  for (let repeat = 0; repeat < REPEATS[place]; repeat++) {
    for (const { client, times } of taken) {
      await eachStep(client, async (step, run) => {
        const started = performance.now()
        const result = await run()
        times[step].push(performance.now() - started)
        return result
      })
    }
  }
  for (const { found, times } of taken) {
    for (const step of STEPS) found[step][place] = median(times[step])
  }
}

async function countOperations({ storage }: Contender, { client, control, found }: Measured): Promise<void> {
  storage.takeOperations()
  await control('/bench/calls')
  await eachStep(client, async (step, run) => {
    const result = await run()
    // Storage operations after the response count, too.
    await wait(SETTLED)
    const operations = storage.takeOperations()
    const calls = Number(await control('/bench/calls'))
    found[step].operations = showOperations({ ...operations, calls })
    found[step].writes = operations.writes
    return result
  })
}

function recordOf<T>(make: () => T): Record<Step, T> {
  return Object.fromEntries(STEPS.map((step) => [step, make()])) as Record<Step, T>
}

async function eachStep(
  client: Client,
  step: <T>(name: Step, run: () => Promise<T>) => Promise<T>,
): Promise<void> {
  await step('register', () => client.register())
  const consent: Consent = await step('consent page', () => client.ask())
  const code = await step('allow', () => client.allow(consent))
  const tokens: Tokens = await step('exchange code', () => client.exchange(code, consent))
  const refreshed = await step('refresh', () => client.refresh(tokens))
  await step('revoke', () => client.revoke(refreshed))
}
