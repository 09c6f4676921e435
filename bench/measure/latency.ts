// How long an authenticated tools/call takes when KV is far away.
import { ours, peer } from '../build.ts'
import { type Contender, withContenders } from '../contender.ts'
import { drive } from '../load.ts'
import type { Section } from '../report.ts'
import { quantile } from '../statistics.ts'

/** Milliseconds per KV operation. */
const DISTANCES = [0, 5, 20, 50]
/** What the machine itself may add to a median, in milliseconds. */
const NOISE = 2

interface Latency {
  readonly p50: number
  readonly p99: number
}

export async function measureLatency(): Promise<Section> {
  return withContenders({ ours, peer }, async (contenders) => {
    for (const one of [contenders.ours, contenders.peer]) await callsOf(one, 1000)
    const found: { ms: number; ours: Latency; peer: Latency }[] = []
    for (const ms of DISTANCES) {
      contenders.ours.storage.latency = ms
      contenders.peer.storage.latency = ms
      found.push({ ms, ours: await callsOf(contenders.ours, 400), peer: await callsOf(contenders.peer, 400) })
    }
    const show = (value: number) => value.toFixed(1)
    const least = Math.min(...found.map(({ ours }) => ours.p50))
    const most = Math.max(...found.map(({ ours }) => ours.p50))
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
        {
          rule: 'unchanged from 0 ms',
          reached: most - least < NOISE,
          measured: `p50 ${show(least)} to ${show(most)} ms`,
        },
        { rule: 'while the peer’s grows with it', reached: grows, measured: 'never below the latency' },
      ],
    }
  })
}

async function callsOf(one: Contender, requests: number): Promise<Latency> {
  const latencies = await drive(one.connection, () => one.call('whoami'), { requests, concurrency: 4 })
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
}
