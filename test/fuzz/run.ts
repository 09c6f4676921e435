// `npm run fuzz`: a hundred thousand requests, or as many as `--requests` says, from the seed `--seed`.
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string', default: '20260728' } },
})
const report = await fuzz(Number(values.requests), Number(values.seed), ({ requests, failures, memory }) => {
  console.log(`${requests} requests, ${failures.length} failures, ${memory.at(-1)} MiB`)
})
console.log(JSON.stringify(report, null, 2))
process.exitCode = report.failures.length === 0 ? 0 : 1
