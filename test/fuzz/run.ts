// `npm run fuzz`: mutated requests against the server, as many as you want.
import { readCount, readOptions } from '../../scripts/options.ts'
import type { Cost } from './cost.ts'
import { fuzz, type Report } from './fuzz.ts'

const USAGE = `Usage: npm run fuzz [-- options]

Measures what the most expensive request of each endpoint costs (on Linux), then sends mutated requests to the server.
None may cost more CPU than 20 ordinary requests, no answer may be a 500, and the server's memory may not grow.

  --requests <number>   how many requests (100000)
  --seed <number>       the same seed sends the same requests (20260728)`

/** How many ordinary requests the most expensive one may cost. */
const MOST_TIMES = 20

const { values } = readOptions(USAGE, {
  requests: { type: 'string', default: '100000' },
  seed: { type: 'string', default: '20260728' },
})
const requests = readCount('requests', values.requests, USAGE)
const seed = readCount('seed', values.seed, USAGE)
const progress = ({ requests, failures, memory }: Report) =>
  console.log(`${requests} requests, ${failures.length} failures, ${memory.at(-1)} MiB`)
const report = await fuzz(requests, seed, progress, printCosts)
console.log(JSON.stringify(report, null, 2))
process.exitCode = report.failures.length === 0 ? 0 : 1

/** Returns what is too expensive. */
function printCosts(costs: readonly Cost[]): string[] {
  if (costs.length === 0) console.log('CPU is not measured: this operating system has no /proc.')
  return costs.flatMap(({ endpoint, ordinaryMs, dearest, dearestMs }) => {
    const times = dearestMs / ordinaryMs
    console.log(
      `${endpoint}: ${ordinaryMs.toFixed(2)} ms of CPU, at most ${dearestMs.toFixed(2)} (${dearest}): ${times.toFixed(1)} times`,
    )
    return times > MOST_TIMES ? [`${endpoint} with ${dearest} costs ${times.toFixed(1)} times as much.`] : []
  })
}
