// `npm run conformance`: the official MCP conformance suite against this Worker, through its router and its bearer
// check, with a token that its own authorization server has issued.
import { readOptions } from '../../scripts/options.ts'
import { checkAuthorizationServer } from './authorization.ts'
import { checkOwnTools } from './own-tools.ts'
import { conclude, countPassed, problems, tally } from './report.ts'
import { type Run, requiredScenarios } from './suite.ts'
import { type Target, withTarget } from './target.ts'
import { failureOf, shortfallOf, warningsOf } from './verdict.ts'

const USAGE = `Usage: npm run conformance

Runs the official MCP conformance suite against this Worker.`

readOptions(USAGE, {})

/** How many scenarios a revision requires, so that a suite which requires fewer is noticed. */
const REQUIRED = { '2026-07-28': 37, '2025-11-25': 30 } as const
type Revision = keyof typeof REQUIRED

/** What a revision does not require, and this server does. */
const BEYOND: Readonly<Record<Revision, readonly string[]>> = {
  '2026-07-28': ['http-header-validation', 'http-custom-header-server-validation', 'json-schema-2020-12'],
  '2025-11-25': [
    'json-schema-2020-12',
    'server-session-lifecycle',
    'server-sse-polling',
    'server-sse-multiple-streams',
  ],
}

/** An extension belongs to no revision, so that these run each on its own. */
const EXTENSIONS = ['sep-2640-skills-enumeration', 'sep-2640-skills-manifest', 'sep-2640-skills-directory']

await withTarget('test/conformance/worker.ts', async (target) => {
  const runs = {
    '2026-07-28': await checkRevision(target, '2026-07-28'),
    '2025-11-25': await checkRevision(target, '2025-11-25'),
  }
  await checkBeyond(target, runs)
  await checkAuthorizationServer(target)
})
await withTarget(undefined, checkOwnTools)
conclude()

async function checkRevision(target: Target, revision: Revision): Promise<Run> {
  const run = await target.runScenarios('--requirements', revision)
  const required = requiredScenarios(revision)
  if (required.length !== REQUIRED[revision]) {
    problems.push(`MCP ${revision} requires ${required.length} scenarios, not ${REQUIRED[revision]}`)
  }
  report(`MCP ${revision}`, run, required)
  if (run.exitCode !== 0) problems.push(`MCP ${revision}: the suite ended with ${run.exitCode}`)
  return run
}

// A run of what a revision requires is one of everything that the suite knows for it.
async function checkBeyond(target: Target, runs: Readonly<Record<Revision, Run>>): Promise<void> {
  const shortfalls = new Map<string, string | undefined>()
  for (const [revision, run] of Object.entries(runs) as [Revision, Run][]) {
    for (const scenario of BEYOND[revision]) {
      shortfalls.set(`${scenario} (${revision})`, shortfallOf(run, scenario))
    }
  }
  const extensions = EXTENSIONS.map(async (scenario) => {
    shortfalls.set(scenario, shortfallOf(await target.runScenarios('--scenario', scenario), scenario))
  })
  await Promise.all(extensions)
  tally('Beyond what is required', shortfalls)
}

/** Every scenario is to pass. */
function report(what: string, run: Run, scenarios: readonly string[]): void {
  const passed = scenarios.filter((scenario) => failureOf(run, scenario) === undefined)
  countPassed(passed.length)
  console.log(`${what}: ${passed.length} of ${scenarios.length} required scenarios pass.`)
  for (const scenario of scenarios) {
    const failure = failureOf(run, scenario)
    if (failure) problems.push(`${what}: ${scenario}\n    ${failure}`)
    for (const warning of warningsOf(run, scenario)) console.log(`  Warning in ${scenario}: ${warning}`)
  }
}
