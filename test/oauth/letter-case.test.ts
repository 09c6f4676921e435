// RFC 3986 §6.2.2.1, MCP "Canonical Server URI": scheme and host of a resource have no letter case, its path has.
import { beforeAll, describe, expect, it } from 'vitest'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { expectRefusal, tokensOf } from '../support/outcome.ts'
import { expectErrorAnswer } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'

let app: OAuthClient
let person: Visitor

beforeAll(async () => {
  app = await OAuthClient.registered()
  person = await Visitor.signedIn()
})

const SAME = [
  'https://gatehouse.test/mcp',
  'HTTPS://GATEHOUSE.TEST/mcp',
  'https://Gatehouse.Test/mcp/',
  'Https://gatehouse.TEST',
  'https://GATEHOUSE.test/',
]
const OTHER = [
  'https://gatehouse.test/MCP',
  'https://gatehouse.test/Mcp/',
  'https://gatehouse.test:443/mcp',
  'https://gatehouse.test/./mcp',
  'https://gatehouse.test//mcp',
  'https://gatehouse.test/mcp?',
  'https://gatehouse.test/mcp#',
  'https://gatehouse.test/%6dcp',
  'https://GATEHOUSE.TEST@evil.test/mcp',
  'https://gatehouse.test.evil.test/mcp',
  'https://gatehouſe.test/mcp',
  'https:\\\\gatehouse.test\\mcp',
  ' https://gatehouse.test/mcp',
  'http://gatehouse.test/mcp',
]

describe('the resource that a client names', () => {
  it.each(SAME)('is ours: %s', async (resource) => {
    const redemption = await app.authorize(person, { resource })
    const tokens = await tokensOf(app.token({ ...redemption, resource }))
    const refreshed = await tokensOf(app.refresh(tokens.refresh_token, { resource }))
    expect((await callTool(refreshed.access_token, 'whoami')).status).toBe(200)
  })

  it.each(OTHER)('is not ours: %s', async (resource) => {
    const { url } = await app.authorizationRequest({ resource })
    const refused = await person.get(url)
    expect(refused.status).toBe(303)
    expectErrorAnswer(refused.headers.get('Location'), 'invalid_target')
    const redemption = await app.authorize(person)
    await expectRefusal(await app.token({ ...redemption, resource }), 'invalid_target')
    await tokensOf(app.token(redemption))
  })
})
