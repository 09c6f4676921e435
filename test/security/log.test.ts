// W3: the watch over the log (test/support/watch-log.ts stands around every file) sees what it should.
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { secretsIn, seenSecrets } from '../support/secrets.ts'
import { Visitor } from '../support/visitor.ts'

describe('W3 the log', () => {
  let app: OAuthClient

  beforeAll(async () => {
    app = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_post' })
  })

  it('is searched for every secret of a sign-in, a grant and a call', async () => {
    const person = new Visitor()
    const redemption = await app.authorize(person)
    const response = await app.token(redemption)
    const { access_token, refresh_token } = (await response.json()) as Record<string, string>
    const cookie = [...person.cookies.values()][0] as string
    const secret = (handle: string) => handle.split('.')[1] as string
    for (const used of [
      app.secret,
      secret(redemption.code),
      redemption.code_verifier,
      access_token,
      cookie,
    ]) {
      expect(seenSecrets).toContain(used)
    }
    expect(seenSecrets).toContain(secret(refresh_token as string))
  })

  it('names who, which client and what, in lines of JSON', async () => {
    const { access_token } = await app.connect()
    const lines = vi.spyOn(console, 'log')
    await callTool(access_token, 'whoami')
    const events = lines.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>)
    lines.mockRestore()
    const call = { user: expect.stringMatching(/^user_/), client: app.id }
    expect(events).toContainEqual(
      expect.objectContaining({ ...call, event: 'tool.called', tool: 'whoami', outcome: 'ok' }),
    )
    expect(events).toContainEqual(expect.objectContaining({ ...call, event: 'mcp.request', status: 200 }))
  })

  it('does not take ids for secrets', () => {
    expect(secretsIn(`"user":"user_${'A'.repeat(43)}","grant":"${'0'.repeat(64)}"`)).toEqual([])
  })
})
