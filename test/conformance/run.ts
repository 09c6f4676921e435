// `npm run conformance`: the official MCP conformance suite against this Worker, through its router and its bearer
// check, with a token that its own authorization server has issued.
import { DevServer, freePort } from '../support/dev-server.ts'
import { Remote } from '../support/remote.ts'
import { failureOf, type Run, requiredScenarios, runSuite, warningsOf } from './suite.ts'

/** How many scenarios a revision requires, so that a suite which requires fewer is noticed. */
const REQUIRED = { '2026-07-28': 37, '2025-11-25': 30 } as const

const problems: string[] = []
const server = await DevServer.start('test/conformance/worker.ts')
// The server is a process group of its own, which would outlive an interrupted run.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.stop().finally(() => process.exit(1)))
}
try {
  const person = new Remote(server.origin)
  await person.signIn(server.passphrase)
  const token = await getToken(person)
  await checkRevision('2026-07-28', token)
  await checkRevision('2025-11-25', token)
  await checkAuthorizationServer(person)
} finally {
  await server.stop()
}
if (problems.length > 0) {
  console.error(`\nNot conformant:\n  ${problems.join('\n  ')}`)
  process.exitCode = 1
}

async function getToken(person: Remote): Promise<string> {
  await person.register()
  const response = await person.post('/token', await person.authorize())
  return ((await response.json()) as { access_token: string }).access_token
}

async function checkRevision(revision: keyof typeof REQUIRED, token: string): Promise<void> {
  const mcpUrl = server.mcpUrl.href
  const flags = ['--url', mcpUrl, '--requirements', revision]
  const run = await runSuite('server', flags, { bearer: { mcpUrl, token } })
  const required = requiredScenarios(revision)
  if (required.length !== REQUIRED[revision]) {
    problems.push(`MCP ${revision} requires ${required.length} scenarios, not ${REQUIRED[revision]}`)
  }
  report(`MCP ${revision}`, run, required)
  if (run.exitCode !== 0) {
    problems.push(`MCP ${revision}: the suite ended with ${run.exitCode}`)
  }
}

async function checkAuthorizationServer(person: Remote): Promise<void> {
  const port = String(await freePort())
  const clientId = await registerClient(person, `http://127.0.0.1:${port}/callback`)
  const issuer = ['--url', server.origin, '--resource', server.mcpUrl.href]
  const run = await runSuite('authorization', [...issuer, '--client-id', clientId, '-p', port], {
    onLine: async (line) => {
      if (line.startsWith(`${server.origin}/authorize?`)) await allow(person, line)
    },
  })
  report('OAuth 2.1', run, ['authorization-server-metadata-endpoint', 'authorization-code-grant'])
}

async function registerClient(person: Remote, redirectUri: string): Promise<string> {
  const response = await person.fetch('/register', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }),
  })
  return ((await response.json()) as { client_id: string }).client_id
}

/** What a person does who opens the address and allows what is asked. */
async function allow(person: Remote, url: string): Promise<void> {
  const { pathname, search } = new URL(url)
  const seal = await person.consentSeal(pathname + search)
  const answer = await person.post('/authorize', { seal, decision: 'allow', scope: 'notes:read' })
  await fetch(answer.headers.get('Location') ?? '')
}

/** Every scenario is to pass. */
function report(what: string, run: Run, scenarios: readonly string[]): void {
  const passed = scenarios.filter((scenario) => failureOf(run, scenario) === undefined)
  console.log(`${what}: ${passed.length} of ${scenarios.length} required scenarios pass.`)
  for (const scenario of scenarios) {
    const failure = failureOf(run, scenario)
    if (failure) problems.push(`${what}: ${scenario}\n    ${failure}`)
    for (const warning of warningsOf(run, scenario)) console.log(`  Warning in ${scenario}: ${warning}`)
  }
}
