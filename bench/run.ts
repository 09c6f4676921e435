// `npm run bench`: this Worker, the same tools without authentication, and what one would pick instead, side by side.
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { platform } from 'node:os'
import { readOptions, refuse } from '../scripts/options.ts'
import type { Section } from './report.ts'

const USAGE = `Usage: npm run bench [-- <part> …] [-- --write]

Measures this Worker beside the same tools without authentication, and beside its peers.

  <part>    only these: calls, latency, steps, cold-start, size, growth, requests, people
  --write   also write the tables and the chart of docs/performance.md; only with all parts

  profile [call | first | register | ask | allow | exchange | refresh | revoke] [ours | peer | better-auth]
            show what one request is made of, instead
  scale     compute what a million grants cost, and what breaks first, from the counted operations;
            with --write into docs/cost.md. On any machine, in seconds

The rest needs Linux.`

const { values, positionals } = readOptions(
  USAGE,
  { write: { type: 'boolean', default: false } },
  { positionals: true },
)

if (positionals[0] === 'scale') {
  const { scale } = await import('./scale/scale.ts')
  scale(values)
  process.exit()
}
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
// A signal to the bench stops its child processes, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const { measureCalls } = await import('./measure/calls.ts')
const { measureColdStart } = await import('./measure/cold-start.ts')
const { measureGrowth } = await import('./measure/growth.ts')
const { measureLatency } = await import('./measure/latency.ts')
const { measurePeople } = await import('./measure/people.ts')
const { measureRequests } = await import('./measure/requests.ts')
const { measureSize } = await import('./measure/size.ts')
const { measureSteps } = await import('./measure/steps.ts')
const { profile } = await import('./profile.ts')
const { goalsOf, markdown } = await import('./report.ts')
const { write } = await import('./write.ts')

const PARTS = {
  calls: measureCalls,
  latency: measureLatency,
  steps: measureSteps,
  'cold-start': measureColdStart,
  size: measureSize,
  growth: measureGrowth,
  requests: measureRequests,
  people: measurePeople,
} as const

if (positionals[0] === 'profile') {
  await profile(...positionals.slice(1))
  process.exit()
}
const unknown = positionals.find((name) => !Object.hasOwn(PARTS, name))
if (unknown !== undefined) refuse(`There is no part "${unknown}".`, USAGE)
if (values.write && positionals.length > 0)
  refuse('--write needs one run of all parts, so that all figures belong together.', USAGE)
const sections: Section[] = []
for (const [name, measure] of Object.entries(PARTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  // Beside what is printed, since a part takes up to two minutes.
  const started = performance.now()
  const section = await measure()
  console.error(`Measured ${name} in ${((performance.now() - started) / 1000).toFixed(0)} s.`)
  console.log(`${markdown(section)}\n`)
  sections.push(section)
}
console.log(goalsOf(sections))
if (values.write) write(sections)

/** Whether what is installed is what the lock file says: npm keeps a copy of it there. */
function isInstalled(): boolean {
  const [asked, installed] = ['bench/package-lock.json', 'bench/node_modules/.package-lock.json'].map(
    (file) => statSync(file, { throwIfNoEntry: false }),
  )
  return asked !== undefined && installed !== undefined && installed.mtimeMs >= asked.mtimeMs
}
