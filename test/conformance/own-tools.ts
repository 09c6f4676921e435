// The Worker as it is shipped, with no fixture: what the suite can ask of any server.
import { problems, tally } from './report.ts'
import type { Run } from './suite.ts'
import type { Target } from './target.ts'
import { passes, shortfallOf } from './verdict.ts'

/** By scenario, the checks in it that the template cannot be asked for. */
type Scenarios = Readonly<Record<string, readonly string[]>>

const SCENARIOS: Readonly<Record<string, Scenarios>> = {
  '2026-07-28': {
    'server-stateless': [
      // These call tools that only the fixtures have.
      'sep-2575-server-rejects-undeclared-capability',
      'sep-2575-missing-capability-http-400',
      'sep-2575-http-server-no-independent-requests-on-stream',
      'sep-2575-server-no-log-without-loglevel',
      // The lists change with a deployment only.
      'sep-2575-server-sends-prompts-list-changed-on-subscription',
      'sep-2575-server-sends-tools-list-changed-on-subscription',
    ],
    'tools-list': [],
    // There are no prompts and no resources.
    caching: [
      'sep-2549-prompts-list-caching-hints',
      'sep-2549-resources-list-caching-hints',
      'sep-2549-resources-templates-list-caching-hints',
      'sep-2549-resources-read-caching-hints',
    ],
    // The answers are no streams.
    'server-sse-multiple-streams': ['server-sse-streams-functional'],
    'http-header-validation': [],
    'dns-rebinding-protection': [],
  },
  '2025-11-25': {
    'server-initialize': [],
    'server-sse-multiple-streams': [],
    'server-session-lifecycle': [],
    ping: [],
    'tools-list': [],
    'dns-rebinding-protection': [],
  },
}

export async function checkOwnTools(target: Target): Promise<void> {
  for (const [revision, scenarios] of Object.entries(SCENARIOS)) {
    const what = `MCP ${revision}, without fixtures`
    const run = await target.runScenarios('--requirements', revision)
    const entries = Object.entries(scenarios)
    const shortfalls = entries.map(
      ([scenario, leftOut]) => [scenario, shortfallOf(run, scenario, leftOut)] as const,
    )
    tally(what, new Map(shortfalls))
    reportLeftOut(what, run, entries)
  }
}

/** Says what was not counted, and that it is still to be left out. */
function reportLeftOut(what: string, run: Run, entries: readonly [string, readonly string[]][]): void {
  for (const [scenario, leftOut] of entries) {
    if (leftOut.length > 0)
      console.log(`  Not counted, for want of anything to check: ${leftOut.length} of ${scenario}`)
    for (const check of leftOut.filter((id) => passes(run, scenario, id))) {
      problems.push(`${what}: ${check} of ${scenario} passes, but is listed as one that cannot`)
    }
  }
}
