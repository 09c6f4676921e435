// What each step of OAuth costs: how long it takes with storage near and far, and its operations on storage, counted.
import { setTimeout as wait } from 'node:timers/promises'
import { oursAtDistance, peer } from '../build.ts'
import { Client, type Consent, type Tokens } from '../client.ts'
import { type Contender, PASSPHRASE, withContenders } from '../contender.ts'
import type { Section } from '../report.ts'
import { median } from '../statistics.ts'

/** Milliseconds per operation on KV, and per call of a Durable Object. */
const FAR = 50
const REPEATS = { near: 40, far: 16 }
/** What is still the same, of two that wait as often for storage. */
const NOISE = 1.15
/** Milliseconds after which nothing more is to be expected of a request. */
const SETTLED = 100
const STEPS = ['register', 'consent page', 'allow', 'exchange code', 'refresh', 'revoke'] as const
type Step = (typeof STEPS)[number]

interface Found {
  near: number
  far: number
  operations: string
  writes: number
}

export async function measureSteps(): Promise<Section> {
  return withContenders({ ours: oursAtDistance, peer }, async (contenders) => {
    const all = [
      [contenders.ours, await startMeasuring(contenders.ours, true)],
      [contenders.peer, await startMeasuring(contenders.peer, false)],
    ] as const
    const measured = all.map(([, one]) => one)
    for (const [contender, one] of all) await countOperations(contender, one)
    await takeTimes(measured, 'near')
    for (const [contender, one] of all) await setLatency(contender, one, FAR)
    await takeTimes(measured, 'far')
    const [ours, theirs] = measured.map(({ found }) => found) as [Record<Step, Found>, Record<Step, Found>]
    const notBehind = (rule: string, place: 'near' | 'far') => {
      const behind = STEPS.filter((step) => ours[step][place] > theirs[step][place] * NOISE)
      const measured = behind.length === 0 ? 'all' : `not: ${behind.join(', ')}`
      return { rule, reached: behind.length === 0, measured }
    }
    const ratioOf = (step: Step, place: 'near' | 'far') =>
      (ours[step][place] / theirs[step][place]).toFixed(2)
    return {
      title: 'The steps of OAuth',
      tables: [
        {
          columns: ['median, ms', 'Gatehouse, 0 ms', 'peer', '×', `Gatehouse, ${FAR} ms`, 'peer', '×'],
          rows: STEPS.map((step) => [
            step,
            ...(['near', 'far'] as const).flatMap((place) => [
              ours[step][place].toFixed(1),
              theirs[step][place].toFixed(1),
              ratioOf(step, place),
            ]),
          ]),
        },
        {
          columns: ['operations', 'Gatehouse', 'peer'],
          rows: STEPS.map((step) => [step, ours[step].operations, theirs[step].operations]),
        },
      ],
      drawn: [
        {
          title: `Median of each step, with storage at ${FAR} ms`,
          unit: 'ms',
          bars: STEPS.flatMap((step) => [
            { label: `Gatehouse, ${step}`, value: ours[step].far, own: true },
            { label: `peer, ${step}`, value: theirs[step].far, own: false },
          ]),
        },
      ],
      goals: [
        notBehind('every step at or ahead of the peer where storage is far away', 'far'),
        notBehind('every step at or ahead of the peer where storage is near', 'near'),
        {
          rule: 'refresh without a KV write',
          reached: ours.refresh.writes === 0,
          measured: `${ours.refresh.writes}, the peer ${theirs.refresh.writes}`,
        },
      ],
    }
  })
}

interface Measured {
  readonly client: Client
  /** What the Worker that is measured does at a path of the bench's own. */
  readonly control: (path: string) => Promise<string>
  readonly found: Record<Step, Found>
}

async function startMeasuring({ connection }: Contender, withObjects: boolean): Promise<Measured> {
  return {
    client: await Client.start(connection, withObjects ? PASSPHRASE : undefined),
    control: async (path) => (withObjects ? (await connection.send({ path })).body : '0'),
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
    const { reads, writes, lists, deletes } = storage.takeOperations()
    const calls = Number(await control('/bench/calls'))
    const counted = { reads, writes, lists, deletes, 'object calls': calls }
    const shown = Object.entries(counted).filter(([, count]) => count > 0)
    found[step].operations = shown.map(([name, count]) => `${count} ${name}`).join(', ') || 'none'
    found[step].writes = writes
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
