// `npm run bench`: this Worker, the same tools without authentication, and what one would pick instead, side by side.
//   npm run bench -- calls steps    only these parts: calls, latency, steps, cold-start, growth
//   npm run bench -- --write        also writes the tables and the chart of docs/performance.md
//   npm run bench -- profile        what a request is made of: bench/profile.ts
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { platform } from 'node:os'
import { parseArgs } from 'node:util'
import type { Section } from './report.ts'

if (platform() !== 'linux') {
  console.log(
    'The bench reads what a process has used from /proc, which only Linux has. A container will do.',
  )
  process.exit(1)
}
if (!isInstalled()) {
  console.log('Installing what only the bench needs, into bench/node_modules.\n')
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: 'bench', stdio: 'inherit' })
}
// Whoever stops it wants all of it to stop.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const { measureCalls } = await import('./measure/calls.ts')
const { measureColdStart } = await import('./measure/cold-start.ts')
const { measureGrowth } = await import('./measure/growth.ts')
const { measureLatency } = await import('./measure/latency.ts')
const { measureSteps } = await import('./measure/steps.ts')
const { profile } = await import('./profile.ts')
const { markdown } = await import('./report.ts')
const { write } = await import('./write.ts')

const PARTS = {
  calls: measureCalls,
  latency: measureLatency,
  steps: measureSteps,
  'cold-start': measureColdStart,
  growth: measureGrowth,
} as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
})
if (positionals[0] === 'profile') {
  await profile(...positionals.slice(1))
  process.exit()
}
const unknown = positionals.find((name) => !Object.hasOwn(PARTS, name))
if (unknown !== undefined) {
  console.log(`There is no part "${unknown}". There are ${Object.keys(PARTS).join(', ')}, and profile.`)
  process.exit(1)
}
const sections: Section[] = []
for (const [name, measure] of Object.entries(PARTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  // Beside what is printed, since a part takes up to two minutes.
  console.error(`Measuring ${name} …`)
  const section = await measure()
  console.log(`${markdown(section)}\n`)
  sections.push(section)
}
if (values.write) write(sections)

/** Whether what is installed is what the lock file says: npm keeps a copy of it there. */
function isInstalled(): boolean {
  const [asked, installed] = ['bench/package-lock.json', 'bench/node_modules/.package-lock.json'].map(
    (file) => statSync(file, { throwIfNoEntry: false }),
  )
  return asked !== undefined && installed !== undefined && installed.mtimeMs >= asked.mtimeMs
}
