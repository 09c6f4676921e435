// `npm run crash`: the storm with fifty kills, or as many as `--kills` says.
import { parseArgs } from 'node:util'
import { crashStorm } from './storm.ts'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '50' } } })
const report = await crashStorm(Number(values.kills), ({ kills, redemptions, refreshes, lost }) => {
  console.log(`${kills} kills: ${redemptions} redemptions, ${refreshes} refreshes, ${lost} answers lost`)
})
console.log(JSON.stringify(report, null, 2))
process.exitCode = report.broken.length === 0 ? 0 : 1
