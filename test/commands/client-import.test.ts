// `npm run client -- import`, on records as Cloudflare's workers-oauth-provider writes them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ownedKey } from '#engine/oauth/clients/owned-store.ts'
import { Stage } from '../support/cloudflare/stage.ts'
import { runScript } from '../support/fixture.ts'
import { LocalServer } from '../support/local-server.ts'

const OLD = '0123456789abcdef'.repeat(2)
const SECRET = 'GaSmRlIA3OiXel0MOPjz4cWOgujwSLwG'
/** Version 0.8.3 wrote these, in Cloudflare's template remote-mcp-server. */
const WEB = {
  clientId: 'B-d5ijSPyqcErJJ9',
  redirectUris: ['https://app.example.com/callback'],
  clientName: 'Old web app',
  grantTypes: ['authorization_code', 'refresh_token'],
  responseTypes: ['code'],
  registrationDate: 1795921594,
  tokenEndpointAuthMethod: 'client_secret_basic',
  clientSecret: 'a757c837867e0429382e95aad15a65e06d5a170d7c7964a9d9b292ce70c3945d',
}
const DESKTOP = {
  clientId: 'GnF_hbHOWCJfU8c_',
  redirectUris: ['http://127.0.0.1:4000/callback'],
  clientName: 'Old desktop',
  grantTypes: ['authorization_code', 'refresh_token'],
  responseTypes: ['code'],
  registrationDate: 1795921594,
  tokenEndpointAuthMethod: 'none',
}
/** Versions 1.0 and later add an expiry to what registered itself. */
const ITSELF = { ...WEB, clientId: 'itself', registrationExpiresAt: 1803697594 }

describe('npm run client -- import, from a KV namespace to a deployed server', () => {
  let stage: Stage
  let old: Map<string, Buffer>
  let here: Map<string, Buffer>

  beforeEach(async () => {
    stage = await Stage.start()
    old = new Map([['token:user:grant:hash', Buffer.from('{}')]])
    stage.account.namespaces.set(OLD, { id: OLD, title: 'OAUTH_KV', entries: old })
    here = stage.account.deployedWithRecords('gatehouse').entries
  })

  afterEach(() => stage.stop())

  function keep(...records: readonly Readonly<Record<string, unknown>>[]): void {
    for (const record of records) old.set(`client:${record.clientId}`, Buffer.from(JSON.stringify(record)))
  }

  function importing(...args: readonly string[]) {
    return stage.clone.run('client', 'import', '--from', OLD, '--remote', ...args)
  }

  async function rows(...args: readonly string[]) {
    return JSON.parse((await importing('--json', ...args)).stdout)
  }

  /** What is registered here, by its new id. */
  function registered(id: string) {
    return JSON.parse(String(here.get(ownedKey(id))))
  }

  it('shows them, and registers none until the owner says which', async () => {
    keep(WEB, DESKTOP)
    const { code, stdout } = await importing()
    expect(code).toBe(0)
    expect(stdout).toContain(
      'B-d5ijSPyqcErJJ9  –       Old web app (client_secret_basic, at https://app.example.com/callback)',
    )
    expect(stdout).toContain(
      'GnF_hbHOWCJfU8c_  –       Old desktop (public, at http://127.0.0.1:4000/callback)',
    )
    expect(stdout).toContain('None is registered yet.')
    expect(here.size).toBe(0)
  })

  it('registers them as apps for people, each with a line for the owner’s page', async () => {
    keep(WEB, DESKTOP)
    const { stdout } = await importing('--all')
    const [, web = '', desktop = ''] = stdout.split('\n').map((line) => /owned_\S+/.exec(line)?.[0])
    expect(registered(web)).toMatchObject({
      id: web,
      metadata: {
        client_name: 'Old web app',
        redirect_uris: ['https://app.example.com/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
      importedFrom: 'B-d5ijSPyqcErJJ9',
    })
    expect(registered(desktop).metadata.token_endpoint_auth_method).toBe('none')
    expect(registered(desktop)).not.toHaveProperty('secretHash')
    expect([...here.keys()].filter((key) => key.startsWith('audit:'))).toHaveLength(2)
    expect(here.size).toBe(4)
    expect(stage.account.calls.filter((call) => call.startsWith('PUT'))).toHaveLength(1)
  })

  it('creates nothing twice, and brings no secret back that was rotated here', async () => {
    keep(WEB, DESKTOP)
    const [{ client_id }, desktop] = await rows('--all')
    await stage.clone.run('client', 'rotate-secret', client_id, '--remote')
    const { secretHash } = registered(client_id)
    const size = here.size
    expect(await rows('--all')).toEqual([
      expect.objectContaining({ old_client_id: WEB.clientId, client_id, outcome: 'present' }),
      expect.objectContaining({ client_id: desktop.client_id, outcome: 'present' }),
    ])
    expect(here.size).toBe(size)
    expect(registered(client_id).secretHash).toBe(secretHash)
  })

  it('registers a public app once that several computers had registered, each at a port of its own', async () => {
    const another = { ...DESKTOP, clientId: 'another', redirectUris: ['http://127.0.0.1:4001/callback'] }
    const elsewhere = { ...DESKTOP, clientId: 'elsewhere', redirectUris: ['https://evil.example/callback'] }
    keep(DESKTOP, another, elsewhere, WEB, { ...WEB, clientId: 'web2' })
    const ids = (await rows('--all')).map(({ client_id }: { client_id: string }) => client_id)
    expect(ids[1]).toBe(ids[0])
    expect(new Set(ids).size).toBe(4)
  })

  it('says of each that it leaves out why', async () => {
    const { clientSecret: _, ...withoutSecret } = WEB
    keep(
      ITSELF,
      { ...WEB, clientId: 'http', redirectUris: ['http://app.example.com/callback'] },
      { ...WEB, clientId: 'scheme', redirectUris: [...WEB.redirectUris, 'desk://callback'] },
      { ...WEB, clientId: 'none', redirectUris: [] },
      { ...withoutSecret, clientId: 'hashless' },
      { ...WEB, clientId: 'method', tokenEndpointAuthMethod: 'tls_client_auth' },
    )
    old.set('client:broken', Buffer.from('{'))
    const left = await rows('--all')
    const reasons = Object.fromEntries(
      left.map((row: { old_client_id: string; outcome: string; reason: string }) => {
        expect(row.outcome).toBe('left_out')
        return [row.old_client_id, row.reason]
      }),
    )
    expect(reasons).toEqual({
      itself: expect.stringContaining('registered itself'),
      http: expect.stringContaining('is http on a host that is not loopback'),
      scheme: expect.stringContaining('APP_REDIRECT_URIS in wrangler.toml'),
      none: expect.stringContaining('one or more URIs'),
      hashless: expect.stringContaining('no SHA-256'),
      method: expect.stringContaining('token_endpoint_auth_method must be one of'),
      '(no id)': expect.stringContaining('no record of workers-oauth-provider'),
    })
    expect(here.size).toBe(0)
  })

  it('registers those that the owner names, also one that registered itself', async () => {
    keep(WEB, ITSELF)
    expect(await rows('itself')).toEqual([
      expect.objectContaining({ old_client_id: 'itself', outcome: 'registered' }),
    ])
    expect(here.size).toBe(2)
  })

  it.each([
    ['an id that does not exist there', ['B-d5ijSPyqcErJJ9', 'unknown'], 'There is no client unknown'],
    ['ids and --all', ['--all', 'B-d5ijSPyqcErJJ9'], 'not both'],
    ['a client that this server refuses', ['http'], 'is http on a host'],
    ['a namespace that does not exist', ['--from', 'f'.repeat(32)], 'namespace not found'],
    ['a file that does not exist', ['--from', 'nowhere.json'], 'ENOENT'],
  ])('fails and registers nothing for %s', async (_, args, message) => {
    keep(WEB, { ...WEB, clientId: 'http', redirectUris: ['http://app.example.com/callback'] })
    const { code, output } = await importing(...args)
    expect(code).toBe(1)
    expect(output).toContain(message)
    expect(here.size).toBe(0)
  })

  it('tells how far it is, and prints names without what would move the cursor', async () => {
    keep({ ...WEB, clientName: 'Desk\u001b[2J\u202e' })
    keep(...Array.from({ length: 1100 }, (_, n) => ({ ...WEB, clientId: `id${n}` })))
    const { stdout, output } = await importing('--all', '--json')
    const found = JSON.parse(stdout)
    expect(found).toHaveLength(1101)
    expect(found[0].client_name).toBe('Desk [2J')
    expect(output).toContain('… 1000 of 1101 clients read')
    expect(output).toContain('… 1000 of 1101 clients registered')
  })
})

describe('npm run client -- import, from a file to a local server', () => {
  it('leaves the secret of a client good', async () => {
    const server = await LocalServer.start()
    const file = join(server.storage, 'clients.json')
    const records = {
      [`client:${WEB.clientId}`]: { value: JSON.stringify(WEB) },
      'client:gone': { value: null },
    }
    writeFileSync(
      file,
      JSON.stringify({ ...records, [`client:${DESKTOP.clientId}`]: JSON.stringify(DESKTOP) }),
    )
    const place = ['--from', file, '--persist-to', server.storage, '--json']
    const { output } = await runScript('client', 'import', '--all', ...place)
    const [web, desktop] = JSON.parse(output)
    expect(desktop).toMatchObject({ old_client_id: DESKTOP.clientId, outcome: 'registered' })
    const refusal = async (secret: string) => {
      const response = await fetch(`${server.origin}/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${btoa(`${web.client_id}:${secret}`)}` },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'unknown' }),
      })
      return ((await response.json()) as { error: string }).error
    }
    // The client is known, and only its token is not.
    expect(await refusal(SECRET)).toBe('invalid_grant')
    expect(await refusal('another secret')).toBe('invalid_client')
    await server.stop()
  })
})
