// A CI job without a secret, with the official client: the platform that runs it says what it is.
import {
  Client,
  ClientCredentialsProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Actions, idToken, type Job } from '../support/actions.ts'
import { LocalServer } from '../support/local-server.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

let actions: Actions
let server: LocalServer

beforeAll(async () => {
  actions = await Actions.start()
  const workload = {
    name: 'Deployment of the site',
    issuer: actions.issuer,
    jwks_uri: actions.jwksUri,
    subject: 'repo:acme/site:ref:refs/heads/main',
    scopes: ['notes:read', 'notes:write'],
  }
  server = await LocalServer.start(undefined, { WORKLOADS: JSON.stringify([workload]) })
})

afterAll(async () => {
  await server?.stop()
  actions?.stop()
})

/** As docs/enterprise.md says. */
function workloadProvider(job: Job) {
  const origin = server.origin
  return Object.assign(
    new ClientCredentialsProvider({ clientId: 'none', clientSecret: '', expectedIssuer: origin }),
    {
      addClientAuthentication: async (_headers: Headers, body: URLSearchParams) => {
        body.set('grant_type', JWT_BEARER)
        body.set('assertion', await idToken(job, origin))
      },
    },
  )
}

async function connect(job: Job): Promise<Client> {
  const client = new Client({ name: 'job', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  const authProvider = workloadProvider(job)
  await client.connect(new StreamableHTTPClientTransport(server.mcpUrl, { authProvider }))
  return client
}

describe('a CI job', () => {
  it('calls tools as itself, by what its platform says of it', async () => {
    const client = await connect(actions.job('refs/heads/main'))
    const who = (await client.callTool({ name: 'whoami', arguments: {} })).structuredContent
    expect(who).toEqual({
      userId: expect.stringMatching(/^workload_/),
      name: 'Deployment of the site',
      clientId: (who as { userId: string }).userId,
      scopes: ['notes:read'],
    })
    // More than a client asks for at first: the client learns that from the challenge, and asks again.
    await client.callTool({ name: 'add_note', arguments: { text: 'Version 7 is out.' } })
    await client.close()
    const next = await connect(actions.job('refs/heads/main'))
    const { structuredContent } = await next.callTool({ name: 'list_notes', arguments: {} })
    expect(structuredContent).toMatchObject({ notes: [{ text: 'Version 7 is out.' }] })
    await next.close()
  })

  it('of another branch reads that no rule means it', async () => {
    await expect(connect(actions.job('refs/pull/7/merge'))).rejects.toMatchObject({
      message: expect.stringContaining('No rule means this workload.'),
    })
  })
})
