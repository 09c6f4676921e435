// Machines, as their owner and they themselves know them: `npm run client` as a program, and the official client.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Client,
  ClientCredentialsProvider,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runScript } from '../support/fixture.ts'
import { LocalServer } from '../support/local-server.ts'

const EXTENSION = 'io.modelcontextprotocol/oauth-client-credentials'

let server: LocalServer

beforeAll(async () => {
  server = await LocalServer.start()
})

afterAll(async () => {
  await server?.stop()
})

/** `npm run client -- …`. Returns what it printed and its exit code. */
function client(...args: string[]): Promise<{ code: number; output: string; complaint: string }> {
  return runScript('client', ...args, '--persist-to', server.storage)
}

async function add(...args: string[]): Promise<{ client_id: string; client_secret?: string }> {
  const { output } = await client(
    'add',
    '--name',
    'Nightly build',
    '--scope',
    'notes:read',
    '--json',
    ...args,
  )
  return JSON.parse(output)
}

/** What `whoami` tells a client that signs in by itself. */
async function whoami(authProvider: OAuthClientProvider) {
  const machine = new Client(
    { name: 'machine', version: '1' },
    { capabilities: { extensions: { [EXTENSION]: {} } }, versionNegotiation: { mode: 'auto' } },
  )
  await machine.connect(new StreamableHTTPClientTransport(server.mcpUrl, { authProvider }))
  const answer = await machine.callTool({ name: 'whoami', arguments: {} })
  const extensions = machine.getServerCapabilities()?.extensions
  await machine.close()
  return { who: answer.structuredContent, extensions }
}

describe('a machine', () => {
  it('with a secret calls a tool as itself', async () => {
    const { client_id, client_secret } = await add()
    const provider = new ClientCredentialsProvider({
      clientId: client_id,
      clientSecret: client_secret as string,
      expectedIssuer: server.origin,
    })
    const { who, extensions } = await whoami(provider)
    expect(who).toEqual({
      userId: client_id,
      name: 'Nightly build',
      clientId: client_id,
      scopes: ['notes:read'],
    })
    expect(extensions).toHaveProperty([EXTENSION])
  })

  it('with a key of its own calls a tool as itself', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const file = join(server.storage, 'jwks.json')
    writeFileSync(file, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] }))
    const { client_id, client_secret } = await add('--jwks', file)
    expect(client_secret).toBeUndefined()
    const provider = new PrivateKeyJwtProvider({
      clientId: client_id,
      privateKey: await exportPKCS8(privateKey),
      algorithm: 'ES256',
      expectedIssuer: server.origin,
    })
    expect((await whoami(provider)).who).toMatchObject({ userId: client_id })
  })
})

describe('npm run client', () => {
  const request = async (id: string, secret: string) => {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: id,
      client_secret: secret,
    })
    return (await fetch(`${server.origin}/token`, { method: 'POST', body })).status
  }

  it('lists, shows, gives a new secret and removes', async () => {
    const { client_id, client_secret = '' } = await add()
    expect((await client('list')).output).toContain(`${client_id}  Nightly build  (notes:read)`)
    const shown = (await client('show', client_id)).output
    expect(shown).toContain('notes:read')
    expect(shown).not.toContain(client_secret)
    expect(await request(client_id, client_secret)).toBe(200)
    const rotated = JSON.parse((await client('rotate-secret', client_id, '--json')).output)
    expect(await request(client_id, client_secret)).toBe(401)
    expect(await request(client_id, rotated.client_secret)).toBe(200)
    expect((await client('remove', client_id)).code).toBe(0)
    expect(await request(client_id, rotated.client_secret)).toBe(401)
    expect((await client('list')).output).not.toContain(client_id)
  })

  it.each([
    [['add', '--scope', 'notes:read'], 'Give the client a name'],
    [['add', '--name', 'CI'], 'Say what it may do'],
    [['add', '--name', 'CI', '--scope', 'everything'], 'There is no scope everything'],
    [
      ['add', '--name', 'CI', '--scope', 'notes:read', '--jwks-uri', 'http://keys.example/jwks'],
      'jwks_uri must be',
    ],
    [['show', 'owned_nobody'], 'There is no client owned_nobody'],
    [['rotate-secret'], 'There is no client'],
  ])('says what is wrong with: %s', async (args, complaint) => {
    const done = await client(...args)
    expect(done.code).toBe(1)
    expect(done.complaint).toContain(complaint)
    expect(done.output).toBe('')
  })

  it('tells how it is used', async () => {
    expect(await client('help-me')).toMatchObject({
      code: 2,
      output: expect.stringContaining('npm run client -- '),
    })
    expect((await client('--help')).code).toBe(0)
  })
})
