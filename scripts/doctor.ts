// `npm run doctor <url>`: looks at an MCP server from outside, as its clients do, and says what would keep them from
// connecting. Works on any server, not only this one. Exit code 1 when something is wrong.
import { parseArgs } from 'node:util'
import { CHECKS, type Check, examine } from './doctor/checks.ts'

const USAGE = `Usage: npm run doctor <url> [-- --no-register]

  <url>           the MCP address, such as https://mcp.example.com/mcp (without a path, /mcp is taken)
  --no-register   do not try dynamic client registration, which leaves an unused client behind`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'no-register': { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
})
const [address] = positionals
if (values.help || address === undefined || !URL.canParse(address)) {
  console.log(USAGE)
  process.exit(values.help ? 0 : 2)
}

const target = new URL(address)
if (target.pathname === '/') target.pathname = '/mcp'
console.log(`Looking at ${target.href}\n`)
const checks = CHECKS.filter((check: Check) => !(values['no-register'] && check.registers))
let failures = 0
for await (const { check, problem } of examine(target, checks)) {
  console.log(
    problem === undefined ? `✓ ${check.rule}` : `✗ ${check.rule}\n    ${problem}\n    Fix: ${check.fix}`,
  )
  if (problem !== undefined) failures++
}
console.log(
  failures === 0 ? '\nAll well. Clients can connect.' : `\n${failures} of ${checks.length} need attention.`,
)
process.exitCode = failures === 0 ? 0 : 1
