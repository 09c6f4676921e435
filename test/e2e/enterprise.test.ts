// Enterprise-managed authorization, with the official client: an identity provider decides, and no user sees a page.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client, CrossAppAccessProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runScript } from '../support/fixture.ts'
import { LocalServer } from '../support/local-server.ts'

let idp: Server
let idpUrl: string
let privateKey: CryptoKey
let server: LocalServer

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  privateKey = pair.privateKey
  const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'idp', alg: 'ES256' }]
  idp = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys }))
  }).listen(0, '127.0.0.1')
  await once(idp, 'listening')
  idpUrl = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`
  const issuers = [{ issuer: idpUrl, jwks_uri: `${idpUrl}/jwks`, login: 'okta' }]
  server = await LocalServer.start(undefined, { IDENTITY_ASSERTION_ISSUERS: JSON.stringify(issuers) })
})

afterAll(async () => {
  await server?.stop()
  idp?.close()
})

describe('enterprise-managed authorization', () => {
  it('lets a client act for a person by the word of their identity provider', async () => {
    const flags = ['--name', 'Chat', '--scope', 'notes:read', '--enterprise', '--json']
    const { output } = await runScript('client', 'add', ...flags, '--persist-to', server.storage)
    const { client_id, client_secret } = JSON.parse(output)
    const authProvider = new CrossAppAccessProvider({
      clientId: client_id,
      clientSecret: client_secret,
      expectedIssuer: server.origin,
      assertion: ({ authorizationServerUrl, resourceUrl, scope }) =>
        new SignJWT({ client_id, resource: resourceUrl, scope, name: 'Ada' })
          .setProtectedHeader({ alg: 'ES256', kid: 'idp', typ: 'oauth-id-jag+jwt' })
          .setIssuer(idpUrl)
          .setSubject('u-1')
          // The issuer is an origin here; the client knows it as a URL.
          .setAudience(String(authorizationServerUrl).replace(/\/$/, ''))
          .setIssuedAt()
          .setExpirationTime('5m')
          .setJti(randomUUID())
          .sign(privateKey),
    })
    const client = new Client({ name: 'chat', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new StreamableHTTPClientTransport(server.mcpUrl, { authProvider }))
    const answer = await client.callTool({ name: 'whoami', arguments: {} })
    expect(answer.structuredContent).toMatchObject({
      name: 'Ada',
      clientId: client_id,
      scopes: ['notes:read'],
    })
    expect(client.getServerCapabilities()?.extensions).toHaveProperty([
      'io.modelcontextprotocol/enterprise-managed-authorization',
    ])
    await client.close()
  })
})
