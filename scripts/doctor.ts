// `npm run doctor <url>`: checks any MCP server as its clients see it, and says what would keep them from connecting.
// Exit code 1 means that a check failed.
import { CHECKS, type Check, examine } from './doctor/checks.ts'
import { readOptions, refuse } from './options.ts'
import { useProxy } from './proxy.ts'

const USAGE = `Usage: npm run doctor <url> [-- options]

Checks an MCP server from outside, as its clients see it, and says what would keep them from connecting.

  <url>           the MCP address, such as https://mcp.example.com/mcp (without a path: /mcp)
  --no-register   skip dynamic client registration, which leaves an unused client behind`

const { values, positionals } = readOptions(
  USAGE,
  { 'no-register': { type: 'boolean', default: false } },
  { positionals: true },
)
const [address] = positionals
if (address === undefined) refuse('Type the address of an MCP server.', USAGE)
if (!URL.canParse(address)) refuse(`${address} is no address.`, USAGE)

const target = new URL(address)
if (target.pathname === '/') target.pathname = '/mcp'
useProxy()
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
