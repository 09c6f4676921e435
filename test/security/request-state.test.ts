// `requestState` at /mcp: what a tool has sealed comes back to the call that it was sealed for.
import '../support/state-tools.ts'
import { describe, expect, it } from 'vitest'
import { askModern } from '../support/mcp-ways.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { Visitor } from '../support/visitor.ts'

interface Answer {
  readonly result?: {
    readonly requestState?: string
    readonly content?: readonly { readonly text: string }[]
  }
  readonly error?: { readonly code: number }
}

async function call(token: string, name: string, args: object, more: object = {}): Promise<Answer> {
  const params = { name, arguments: args, ...more }
  return (await askModern(token, 'tools/call', params, {}, { elicitation: { form: {} } })).json()
}

const owner = await Visitor.signedIn()
const app = await OAuthClient.registered()
const { access_token: token } = await app.connect(owner)
const { access_token: ofAnotherClient } = await (await OAuthClient.registered()).connect(owner)
const { access_token: ofAnotherUser } = await app.connect(await Visitor.as('Second'))
const inputResponses = { confirm: { action: 'accept', content: { sure: true } } }

async function sealed(): Promise<string> {
  return (await call(token, 'archive', { ids: ['1', '2'] })).result?.requestState as string
}

describe('S4 the state of a call', () => {
  it('comes back to that call', async () => {
    const done = await call(
      token,
      'archive',
      { ids: ['1', '2'] },
      { requestState: await sealed(), inputResponses },
    )
    expect(done.result?.content?.[0]?.text).toBe('archive: 1,2')
  })

  it.each([
    ['another tool', token, 'delete', ['1', '2']],
    ['other arguments', token, 'archive', ['9']],
    ['another client of the same user', ofAnotherClient, 'archive', ['1', '2']],
    ['another user of the same client', ofAnotherUser, 'archive', ['1', '2']],
  ])('is refused from %s', async (_, bearer, name, ids) => {
    const answer = await call(bearer, name, { ids }, { requestState: await sealed(), inputResponses })
    expect(answer.error?.code).toBe(-32602)
    expect(answer.result).toBeUndefined()
  })

  it.each([
    ['was made up', async () => btoa(JSON.stringify({ ids: ['1', '2'] }))],
    ['was changed', async () => `${await sealed()}x`],
    ['is empty', async () => ''],
  ])('is refused when it %s', async (_, made) => {
    const answer = await call(
      token,
      'archive',
      { ids: ['1', '2'] },
      { requestState: await made(), inputResponses },
    )
    expect(answer.error?.code).toBe(-32602)
  })
})
