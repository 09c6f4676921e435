// S7: one request costs what its length says, however a stranger fills it.
import { describe, expect, it } from 'vitest'
import { Parameters } from '#engine/http/parameters.ts'
import { OAuthClient, REDIRECT_URI, register } from '../support/oauth-client.ts'
import { expectRefusal } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { ORIGIN, randomAddress, send } from '../support/worker.ts'

/** What 64 KiB of a form can hold; each is small, so that only the number of parameters is wrong. */
const FILLINGS: readonly [string, string][] = [
  ['one name 16,000 times', 'a=1&'.repeat(16_000)],
  ['8,000 distinct names', Array.from({ length: 8_000 }, (_, n) => `a${n}=`).join('&')],
  ['60,000 empty parts', '&'.repeat(60_000)],
  ['one more than a hundred', Array.from({ length: 101 }, (_, n) => `a${n}=1`).join('&')],
]

function post(path: string, body: string): Promise<Response> {
  return send(path, {
    method: 'POST',
    body,
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      'CF-Connecting-IP': randomAddress(),
      Origin: ORIGIN,
      'Sec-Fetch-Site': 'same-origin',
    },
  })
}

describe.each(FILLINGS)('S7 a form of %s', (_, filling) => {
  it.each(['/token', '/revoke', '/introspect'])('is refused by %s before anything else', async (path) => {
    const app = await OAuthClient.registered()
    const valid = `client_id=${app.id}&token=unknown&grant_type=refresh_token&refresh_token=unknown`
    const refused = await post(path, `${valid}&${filling}`)
    expect(await refused.clone().text()).toContain('at most 100 parameters')
    await expectRefusal(refused, 'invalid_request')
  })

  it.each(['/authorize', '/login/passphrase', '/logout'])('is refused by %s with a page', async (path) => {
    const refused = await post(path, filling)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('at most 100 parameters')
  })
})

describe('S7 a query of 101 parameters', () => {
  it('is refused by /authorize, and one of a hundred is not', async () => {
    const person = await Visitor.signedIn()
    const { url } = await (await OAuthClient.registered()).authorizationRequest()
    const own = [...url.searchParams].length
    for (let n = own; n < 100; n++) url.searchParams.append(`extra${n}`, '1')
    expect((await person.get(url)).status).toBe(200)
    url.searchParams.append('one-more', '1')
    const refused = await person.get(url)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('at most 100 parameters')
  })
})

describe('S7 a refresh with a hundred parameters', () => {
  it('is answered', async () => {
    const app = await OAuthClient.registered()
    const { refresh_token } = await app.connect()
    const extra = Object.fromEntries(Array.from({ length: 97 }, (_, n) => [`extra${n}`, '1']))
    expect((await app.refresh(refresh_token, extra)).status).toBe(200)
  })

  it('keeps each value of a repeated parameter once, in order', () => {
    const parameters = Parameters.from('resource=a&resource=b&resource=&resource=c')
    expect(parameters.all('resource')).toEqual(['a', 'b', 'c'])
  })
})

describe('S7 a scope of thirty thousand names', () => {
  it('counts as its first hundred, which never is more than was asked for', async () => {
    const app = await OAuthClient.registered()
    const person = await Visitor.signedIn()
    const { refresh_token } = await app.connect(person)
    const scope = `notes:read ${'x '.repeat(30_000)}`
    await expectRefusal(await app.refresh(refresh_token, { scope }), 'invalid_scope')
    const padded = `notes:read${' '.repeat(30_000)}notes:write`
    const narrowed = (await (await app.refresh(refresh_token, { scope: padded })).json()) as { scope: string }
    expect(narrowed.scope).toBe('notes:read')
  })
})

describe('S7 a registration of 64 KiB', () => {
  const deep = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)

  it.each<[string, object]>([
    ['a name of 60,000 characters', { client_name: 'x'.repeat(60_000) }],
    ['a name that begins with 60,000 invisible ones', { client_name: `${'\u200b'.repeat(19_000)}x` }],
    ['3,000 grant types', { grant_types: Array.from({ length: 3_000 }, () => 'authorization_code') }],
    ['an unknown field, nested 10,000 deep', { unknown: deep(10_000) }],
  ])('with %s keeps no more than it needs', async (_, metadata) => {
    const answer = await register({ redirect_uris: [REDIRECT_URI], ...metadata })
    expect(answer.status).toBe(201)
    expect((await answer.text()).length).toBeLessThan(2000)
  })
})
