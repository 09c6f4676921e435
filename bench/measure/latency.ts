// How long an authenticated tools/call takes when storage is far away.
import { betterAuth, ours, peer } from '../build.ts'
import { type Contender, withContenders } from '../contender.ts'
import { drive } from '../load.ts'
import type { Section } from '../report.ts'
import { median, quantile } from '../statistics.ts'

/** Milliseconds per operation on KV, and per query of D1. */
const DISTANCES = [0, 5, 20, 50]
/** The distances take turns, as often as this. */
const ROUNDS = 7
const REQUESTS = { ours: 250, peer: 80, betterAuth: 80 }
type Name = keyof typeof REQUESTS
const NAMES = Object.keys(REQUESTS) as readonly Name[]
/** What the machine itself may add to a median, in milliseconds. */
const NOISE = 2

interface Latency {
  readonly p50: number
  readonly p99: number
}

export async function measureLatency(): Promise<Section> {
  return withContenders({ ours, peer, betterAuth }, async (contenders) => {
    for (const name of NAMES) await callsAt(0, contenders[name], 1000)
    const taken = DISTANCES.map((ms) => ({ ms, ours: [], peer: [], betterAuth: [] }) as Taken)
    for (let round = 0; round < ROUNDS; round++) {
      for (const { ms, ...latencies } of taken) {
        for (const name of NAMES)
          latencies[name].push(summary(await callsAt(ms, contenders[name], REQUESTS[name])))
      }
    }
    const found = taken.map(({ ms, ...rounds }) => ({
      ms,
      ours: typical(rounds.ours),
      peer: typical(rounds.peer),
      betterAuth: typical(rounds.betterAuth),
    }))
    const show = (value: number) => value.toFixed(1)
    const medians = found.map(({ ours }) => ours.p50)
    const [least, most] = [Math.min(...medians), Math.max(...medians)]
    const [near, far] = [found[0], found.at(-1)] as [(typeof found)[number], (typeof found)[number]]
    return {
      title: 'The same when storage is far away',
      tables: [
        {
          columns: [
            'ms per operation',
            ...['Gatehouse', 'peer', 'Better Auth'].flatMap((name) => [`${name} p50`, 'p99']),
          ],
          rows: found.map(({ ms, ...latencies }) => [
            String(ms),
            ...NAMES.flatMap((name) => [show(latencies[name].p50), show(latencies[name].p99)]),
          ]),
        },
      ],
      drawn: [
        {
          title: 'Median of a tools/call, by the latency of storage',
          unit: 'ms',
          bars: found.flatMap(({ ms, ours, peer }) => [
            { label: `Gatehouse, storage at ${ms} ms`, value: ours.p50, own: true },
            { label: `peer, storage at ${ms} ms`, value: peer.p50, own: false },
          ]),
        },
      ],
      goals: [
        {
          rule: `p50 unchanged from 0 ms, within ${NOISE} ms`,
          reached: most - least < NOISE,
          measured: `${show(least)} to ${show(most)} ms`,
        },
        {
          rule: `p99 shorter than one operation, where that takes ${far.ms} ms`,
          reached: far.ours.p99 < far.ms,
          measured: `${show(far.ours.p99)} ms`,
        },
        {
          rule: 'while the peer’s p50 is never below the latency',
          reached: found.every(({ ms, peer }) => peer.p50 >= ms),
          measured: `${show(near.peer.p50)} to ${show(far.peer.p50)} ms`,
        },
      ],
      readme: {
        [`Median tool call when storage is ${far.ms} ms away`]: NAMES.map(
          (name) => `${show(far[name].p50)} ms`,
        ),
      },
    }
  })
}

interface Taken extends Readonly<Record<Name, Latency[]>> {
  readonly ms: number
}

async function callsAt(ms: number, one: Contender, requests: number): Promise<number[]> {
  one.storage.latency = ms
  return drive(one.connection, () => one.call('whoami'), { requests, concurrency: 4 })
}

function summary(latencies: readonly number[]): Latency {
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
}

/** What half of the rounds stay below: one round in which the machine stood still says nothing. */
function typical(rounds: readonly Latency[]): Latency {
  return { p50: median(rounds.map(({ p50 }) => p50)), p99: median(rounds.map(({ p99 }) => p99)) }
}
