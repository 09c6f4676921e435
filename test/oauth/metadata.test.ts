// What programs find when they come looking: RFC 8414, RFC 9728, RFC 7517, CORS, methods.
import { describe, expect, it } from 'vitest'
import { SCOPES } from '#config'
import { ORIGIN, send } from '../support/worker.ts'

describe('RFC 8414 authorization server metadata', () => {
  it('names what clients insist on', async () => {
    const metadata = await (await send('/.well-known/oauth-authorization-server')).json()
    expect(metadata).toMatchObject({
      issuer: ORIGIN,
      authorization_endpoint: `${ORIGIN}/authorize`,
      token_endpoint: `${ORIGIN}/token`,
      registration_endpoint: `${ORIGIN}/register`,
      revocation_endpoint: `${ORIGIN}/revoke`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      response_types_supported: ['code'],
      scopes_supported: [...Object.keys(SCOPES), 'offline_access'],
      token_endpoint_auth_methods_supported: expect.arrayContaining(['none']),
    })
  })
})

describe('RFC 9728 protected resource metadata', () => {
  it.each(['', '/mcp'])('is found at the well-known path%s', async (suffix) => {
    const metadata = await (await send(`/.well-known/oauth-protected-resource${suffix}`)).json()
    expect(metadata).toMatchObject({
      resource: `${ORIGIN}/mcp`,
      authorization_servers: [ORIGIN],
      scopes_supported: Object.keys(SCOPES),
      bearer_methods_supported: ['header'],
    })
  })
})

describe('RFC 7517 JWK Set', () => {
  it('shows the public key, and nothing private', async () => {
    const { keys } = (await (await send('/jwks')).json()) as { keys: object[] }
    expect(keys).toHaveLength(1)
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })
})

describe('an address that does not exist', () => {
  it.each([
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/whatever',
    '/nothing',
  ])('%s is 404', async (path) => {
    expect((await send(path)).status).toBe(404)
  })
})

describe('a wrong method', () => {
  it.each([
    ['GET', '/token', 'POST'],
    ['GET', '/register', 'POST'],
    ['DELETE', '/authorize', 'GET, POST'],
    ['POST', '/jwks', 'GET'],
  ])('%s %s is 405, and told which are right', async (method, path, allow) => {
    const response = await send(path, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('Allow')).toBe(allow)
  })
})

describe('CORS', () => {
  const preflight = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'POST' }

  it.each([
    '/mcp',
    '/token',
    '/register',
    '/revoke',
    '/jwks',
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-protected-resource/mcp',
  ])('%s is open to any origin, without credentials', async (path) => {
    const response = await send(path, { method: 'OPTIONS', headers: preflight })
    expect(response.status).toBe(204)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(response.headers.get('Access-Control-Allow-Credentials')).toBeNull()
    expect(response.headers.get('Access-Control-Allow-Headers')?.toLowerCase()).toContain('authorization')
  })

  it('lets a page read the challenge of /mcp', async () => {
    const response = await send('/mcp', { method: 'POST', headers: { Origin: 'https://app.example' } })
    expect(response.status).toBe(401)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(response.headers.get('Access-Control-Expose-Headers')).toContain('WWW-Authenticate')
  })

  it.each(['/authorize', '/login', '/login/passphrase', '/account', '/account/revoke', '/'])(
    '%s is open to no other origin',
    async (path) => {
      for (const method of ['OPTIONS', 'GET', 'POST']) {
        const response = await send(path, { method, headers: preflight })
        expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull()
      }
    },
  )
})
