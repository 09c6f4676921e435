// How long an authenticated tools/call takes when KV is far away.
import { ours, peer } from '../build.ts'
import { type Contender, withContenders } from '../contender.ts'
import { drive } from '../load.ts'
import type { Section } from '../report.ts'
import { quantile } from '../statistics.ts'

/** Milliseconds per KV operation. */
const DISTANCES = [0, 5, 20, 50]
/** The distances take turns, as often as this. */
const ROUNDS = 5
/** What the machine itself may add to a median, and to one in a hundred, in milliseconds. */
const NOISE = { p50: 2, p99: 10 }

interface Latency {
  readonly p50: number
  readonly p99: number
}

export async function measureLatency(): Promise<Section> {
  return withContenders({ ours, peer }, async (contenders) => {
    for (const one of [contenders.ours, contenders.peer]) await callsOf(one, 1000)
    const taken = DISTANCES.map((ms) => ({ ms, ours: [] as number[], peer: [] as number[] }))
    for (let round = 0; round < ROUNDS; round++) {
      for (const { ms, ours, peer } of taken) {
        ours.push(...(await callsAt(ms, contenders.ours, 600)))
        peer.push(...(await callsAt(ms, contenders.peer, 120)))
      }
    }
    const found = taken.map(({ ms, ours, peer }) => ({ ms, ours: summary(ours), peer: summary(peer) }))
    const show = (value: number) => value.toFixed(1)
    const unchanged = (what: keyof Latency) => {
      const all = found.map(({ ours }) => ours[what])
      const [least, most] = [Math.min(...all), Math.max(...all)]
      return {
        rule: `${what} unchanged from 0 ms`,
        reached: most - least < NOISE[what],
        measured: `${show(least)} to ${show(most)} ms`,
      }
    }
    const grows = found.every(({ ms, peer }) => peer.p50 >= ms)
    return {
      title: 'The same under KV latency',
      tables: [
        {
          columns: ['ms per KV operation', 'Gatehouse p50', 'p99', 'peer p50', 'p99'],
          rows: found.map(({ ms, ours, peer }) => [
            String(ms),
            show(ours.p50),
            show(ours.p99),
            show(peer.p50),
            show(peer.p99),
          ]),
        },
      ],
      drawn: [
        {
          title: 'Median of a tools/call, by the latency of KV',
          unit: 'ms',
          bars: found.flatMap(({ ms, ours, peer }) => [
            { label: `Gatehouse, KV at ${ms} ms`, value: ours.p50, own: true },
            { label: `peer, KV at ${ms} ms`, value: peer.p50, own: false },
          ]),
        },
      ],
      goals: [
        unchanged('p50'),
        unchanged('p99'),
        { rule: 'while the peer’s grows with it', reached: grows, measured: 'never below the latency' },
      ],
    }
  })
}

function callsAt(ms: number, one: Contender, requests: number): Promise<number[]> {
  one.storage.latency = ms
  return callsOf(one, requests)
}

function callsOf(one: Contender, requests: number): Promise<number[]> {
  return drive(one.connection, () => one.call('whoami'), { requests, concurrency: 4 })
}

function summary(latencies: readonly number[]): Latency {
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
}
