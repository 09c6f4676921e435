// A token that is used only at a resource server elsewhere, which introspects it.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { expectRefusal, pass, tokensOf } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { form, send } from '../support/worker.ts'

afterEach(() => {
  vi.useRealTimers()
})

async function introspect(token: string, by: { id: string; secret: string | undefined }): Promise<unknown> {
  const body = form({ client_id: by.id, client_secret: by.secret, token })
  return (await send('/introspect', { method: 'POST', body })).json()
}

const elsewhere = () => Machine.owned({ introspects: true, scopes: [] })

const USES: [string, (token: string) => Promise<unknown>][] = [
  ['at /mcp', (token) => callTool(token, 'whoami')],
  ['at a resource server elsewhere', async (token) => introspect(token, await elsewhere())],
]

describe('S5 a stolen refresh token whose successor was used', () => {
  it.each(USES)('ends the grant: %s', async (_, use) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const app = await OAuthClient.registered()
    const first = await app.connect()
    const second = await tokensOf(app.refresh(first.refresh_token))
    await use(second.access_token)
    pass(3 * 60 * 60)
    await expectRefusal(await app.refresh(first.refresh_token), 'invalid_grant')
    await expectRefusal(await app.refresh(second.refresh_token), 'invalid_grant')
  })

  it('is forgiven until its use, also when another resource server introspected it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const app = await OAuthClient.registered()
    const first = await app.connect()
    const second = await tokensOf(app.refresh(first.refresh_token))
    expect(await introspect(second.access_token, await Machine.owned())).toEqual({ active: false })
    pass(3 * 60 * 60)
    expect((await tokensOf(app.refresh(first.refresh_token))).refresh_token).toBe(second.refresh_token)
  })
})
