// `npm run fuzz`: mutated requests against the server, as many as you want.
import { readCount, readOptions } from '../../scripts/options.ts'
import { fuzz } from './fuzz.ts'

const USAGE = `Usage: npm run fuzz [-- options]

Sends mutated requests to the server. No answer may be a 500, and its memory may not grow.

  --requests <number>   how many requests (100000)
  --seed <number>       the same seed sends the same requests (20260728)`

const { values } = readOptions(USAGE, {
  requests: { type: 'string', default: '100000' },
  seed: { type: 'string', default: '20260728' },
})
const requests = readCount('requests', values.requests, USAGE)
const seed = readCount('seed', values.seed, USAGE)
const report = await fuzz(requests, seed, ({ requests, failures, memory }) => {
  console.log(`${requests} requests, ${failures.length} failures, ${memory.at(-1)} MiB`)
})
console.log(JSON.stringify(report, null, 2))
process.exitCode = report.failures.length === 0 ? 0 : 1
