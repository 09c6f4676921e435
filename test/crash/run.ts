// `npm run crash`: a storm of requests, during which the server is killed again and again.
import { readCount, readOptions } from '../../scripts/options.ts'
import { crashStorm } from './storm.ts'

const USAGE = `Usage: npm run crash [-- options]

Kills the server again and again while clients connect, and checks that it keeps every promise.

  --kills <number>   how many times (50)`

const { values } = readOptions(USAGE, { kills: { type: 'string', default: '50' } })
const report = await crashStorm(
  readCount('kills', values.kills, USAGE),
  ({ kills, redemptions, refreshes, lost }) => {
    console.log(`${kills} kills: ${redemptions} redemptions, ${refreshes} refreshes, ${lost} answers lost`)
  },
)
console.log(JSON.stringify(report, null, 2))
process.exitCode = report.broken.length === 0 ? 0 : 1
