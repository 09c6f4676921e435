// What programs find when they come looking: RFC 8414, RFC 9728, RFC 7517, CORS, methods.
import { afterEach, describe, expect, it } from 'vitest'
import { SCOPES, SERVER } from '#config'
import { configure, ORIGIN, send } from '../support/worker.ts'

afterEach(() => {
  configure()
})

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

describe('what the server says about itself', () => {
  it('is in RFC 8414 metadata: documentation, policy, terms', async () => {
    const metadata = await (await send('/.well-known/oauth-authorization-server')).json()
    expect(metadata).toMatchObject({
      service_documentation: SERVER.websiteUrl,
      op_policy_uri: SERVER.privacy,
      op_tos_uri: SERVER.terms,
    })
  })

  it('is in RFC 9728 metadata: name, documentation, policy, terms', async () => {
    const metadata = await (await send('/.well-known/oauth-protected-resource')).json()
    expect(metadata).toMatchObject({
      resource_name: SERVER.title,
      resource_documentation: SERVER.websiteUrl,
      resource_policy_uri: SERVER.privacy,
      resource_tos_uri: SERVER.terms,
    })
  })

  it('is on the home page, and the links are on every page', async () => {
    const home = await (await send('/')).text()
    expect(home).toContain(`${SERVER.title}</h1>`)
    expect(home).toContain(SERVER.description)
    expect(home).toContain(`<a href="${SERVER.websiteUrl}">`)
    for (const html of [home, await (await send('/login')).text()]) {
      expect(html).toContain(`<a href="${SERVER.privacy}">Privacy policy</a>`)
      expect(html).toContain(`<a href="${SERVER.terms}">Terms</a>`)
      expect(html).toContain(`<a href="${SERVER.support}">Support</a>`)
    }
  })
})

describe('the icon', () => {
  it.each(['/favicon.svg', '/favicon.ico'])(
    'is the logo, as a document that runs nothing: %s',
    async (path) => {
      const response = await send(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('Content-Type')).toBe('image/svg+xml')
      expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
      expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
      const svg = await response.text()
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox/)
      expect(svg).toContain('svg{color:#114499}')
      expect(svg).toContain('{svg{color:#9bbcff}}')
    },
  )

  it('is the one thing that a page loads', async () => {
    const page = await send('/')
    expect(await page.text()).toContain('<link rel="icon" href="/favicon.svg" type="image/svg+xml"/>')
    expect(page.headers.get('Content-Security-Policy')).toContain("img-src 'self';")
  })
})

describe('a proof for a directory', () => {
  const PROOFS = [
    ['openai-apps-challenge', 'OPENAI_APPS_CHALLENGE', 'kXf-93_a.B~'],
    ['mcp-registry-auth', 'MCP_REGISTRY_AUTH', 'v=MCPv1; k=ed25519; p=PKCVF2qgk+h/Yd0='],
  ] as const

  it.each(PROOFS)('%s is exactly what %s has', async (name, setting, proof) => {
    configure({ [setting]: proof })
    const response = await send(`/.well-known/${name}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toMatch(/^text\/plain/)
    expect(await response.text()).toBe(proof)
  })

  it.each(PROOFS)('%s is 404 without %s', async (name) => {
    expect((await send(`/.well-known/${name}`)).status).toBe(404)
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
    ['GET', '/device_authorization', 'POST'],
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
    '/device_authorization',
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
