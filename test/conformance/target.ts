// The server that the suite looks at: started, signed in to, and open to the suite with a token that it has issued itself.
import { DevServer } from '../support/dev-server.ts'
import { Remote } from '../support/remote.ts'
import { type Run, runSuite } from './suite.ts'

export interface Target {
  readonly origin: string
  readonly mcpUrl: string
  /** Signed in there. */
  readonly person: Remote
  /** Runs what the flags say of the suite's server scenarios. */
  readonly runScenarios: (...flags: readonly string[]) => Promise<Run>
}

/** @param entry the Worker's file, if not the shipped one. */
export async function withTarget(
  entry: string | undefined,
  use: (target: Target) => Promise<void>,
): Promise<void> {
  const server = await DevServer.start(entry)
  // The server is a process group of its own, which would outlive an interrupted run.
  const interrupted = () => void server.stop().finally(() => process.exit(1))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    const mcpUrl = server.mcpUrl.href
    const person = new Remote(server.origin)
    await person.signIn(server.passphrase)
    const token = await getToken(person)
    await use({
      origin: server.origin,
      mcpUrl,
      person,
      runScenarios: (...flags) =>
        runSuite('server', ['--url', mcpUrl, ...flags], { bearer: { mcpUrl, token } }),
    })
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    await server.stop()
  }
}

async function getToken(person: Remote): Promise<string> {
  await person.register()
  const response = await person.post('/token', await person.authorize())
  return ((await response.json()) as { access_token: string }).access_token
}
