// The suite's `authorization` mode: the code grant, for a client of each kind.
import { freePort } from '../../scripts/free-port.ts'
import type { Remote } from '../support/remote.ts'
import { CLIENT_ID } from './client-document.ts'
import { problems, tally } from './report.ts'
import { type Run, runSuite } from './suite.ts'
import type { Target } from './target.ts'
import { shortfallOf } from './verdict.ts'

const METADATA = 'authorization-server-metadata-endpoint'
const GRANT = 'authorization-code-grant'

/** What the suite keeps of a grant that ran. */
interface Grant {
  readonly authorizationRequest: string
  readonly authorizationResponseUrl: string
  readonly body: { readonly access_token?: unknown; readonly token_type?: unknown }
}

export async function checkAuthorizationServer(target: Target): Promise<void> {
  const port = await freePort()
  const registered = await registerClient(target.person, `http://127.0.0.1:${port}/callback`)
  await checkClient('OAuth 2.1, a registered client', target, registered, port)
  await checkClient('OAuth 2.1, a client metadata document', target, CLIENT_ID, await freePort())
}

async function checkClient(what: string, target: Target, clientId: string, port: number): Promise<void> {
  try {
    const run = await runGrant(target, clientId, port)
    const grant = shortfallOf(run, GRANT) ?? gapInGrant(run, clientId)
    tally(
      what,
      new Map([
        [METADATA, shortfallOf(run, METADATA)],
        [GRANT, grant],
      ]),
    )
  } catch (error) {
    // The person was shown something else than the question.
    problems.push(`${what}: ${error}`)
  }
}

function runGrant({ origin, mcpUrl, person }: Target, clientId: string, port: number): Promise<Run> {
  const flags = ['--url', origin, '--resource', mcpUrl, '--client-id', clientId, '--port', String(port)]
  return runSuite('authorization', flags, {
    onLine: async (line) => {
      if (line.startsWith(`${origin}/authorize?`)) await allow(person, line)
    },
  })
}

// One check stands for the whole grant, and the suite takes one that it skipped for passed.
function gapInGrant(run: Run, clientId: string): string | undefined {
  const check = run.checks.get(GRANT)?.find(({ id }) => id === GRANT)
  const grant: Partial<Grant> = check?.details ?? {}
  if (parameter(grant.authorizationRequest, 'client_id') !== clientId)
    return 'This client has asked for nothing.'
  if (!parameter(grant.authorizationResponseUrl, 'code')) return 'No code came back.'
  if (!grant.body?.access_token || grant.body.token_type !== 'Bearer')
    return 'No bearer token came of the code.'
  return undefined
}

function parameter(url: string | undefined, name: string): string | null {
  return url === undefined ? null : new URL(url).searchParams.get(name)
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
