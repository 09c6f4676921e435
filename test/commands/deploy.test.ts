// `npm run deploy` and what comes after it, as programs against an account that is a stand-in. What they upload runs in
// workerd and is looked at from outside.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ownedKey, revokedClientKey } from '#engine/oauth/clients/owned-store.ts'
import { awaitAnswer } from '../../scripts/deployment/answers.ts'
import { readTarget } from '../../scripts/deployment/configuration.ts'
import { Stage } from '../support/cloudflare/stage.ts'

const ORIGIN = 'https://gatehouse.acme.workers.dev'
const SECRETS = ['ACCEPTED_KEYS', 'OWNER_PASSPHRASE', 'SESSION_KEY', 'SIGNING_KEY', 'UPSTREAM_KEY']

let stage: Stage

describe('a deployment', () => {
  beforeAll(async () => {
    stage = await Stage.start()
  })
  afterAll(() => stage.stop())

  it('is rehearsed without a change to the account or the clone', async () => {
    const before = stage.account.changes.length
    const { code, output } = await stage.clone.run('deploy', '--dry-run')
    expect(output).toMatch(/It builds: \d+ KiB compressed/)
    expect(output).toContain('create the KV namespace gatehouse-records\n')
    expect(output).toContain('set the secrets SIGNING_KEY, ')
    expect(output).toContain('create the Worker gatehouse\n')
    expect(output).toContain('Nothing was changed.')
    expect(code).toBe(0)
    expect(stage.account.changes.slice(before)).toEqual([])
    expect(stage.leftovers()).toEqual([])
  })

  it('is one command, from nothing to a server that answers', async () => {
    const { code, output } = await stage.clone.run('deploy')
    expect(output).toContain(`Your MCP server:  ${ORIGIN}/mcp`)
    expect(output).toMatch(/It answers as its clients expect: (\d+) of \1 checks/)
    expect(code).toBe(0)
    expect(stage.setting('PUBLIC_URL')).toBe(ORIGIN)
    expect([...stage.account.namespaces.values()].map(({ title }) => title)).toEqual(['gatehouse-records'])
    expect(stage.leftovers()).toEqual([])
    // No person watches, and a log may keep the output.
    for (const name of SECRETS) expect(output).not.toContain(stage.setting(name))
  })

  it('changes nothing when it is run again', async () => {
    const before = stage.account.changes.length
    const { code, output } = await stage.clone.run('deploy')
    expect(output).toContain('is deployed as it is here')
    expect(code).toBe(0)
    const rehearsal = await stage.clone.run('deploy', '--dry-run')
    expect(rehearsal.output).toContain('a deployment would change nothing')
    expect(stage.account.changes.slice(before)).toEqual([])
  })

  it('has records, which `npm run client` reaches', async () => {
    const client = (...args: string[]) => stage.clone.run('client', ...args, '--remote')
    const added = await client('add', '--name', 'Nightly build', '--scope', 'notes:read', '--json')
    const { client_id, client_secret } = JSON.parse(added.stdout)
    const [records] = [...stage.account.namespaces.values()]
    const record = () => records?.entries.get(ownedKey(client_id))?.toString()
    expect(record()).toContain('Nightly build')
    expect(record()).not.toContain(client_secret)
    expect((await client('list')).output).toContain(client_id)
    expect((await client('show', 'owned_nobody')).output).toContain('There is no client owned_nobody')
    expect((await client('remove', client_id)).code).toBe(0)
    expect(record()).toBeUndefined()
    expect(records?.entries.has(revokedClientKey(client_id))).toBe(true)
  })

  it('has a passphrase, of which a new one is shown at a terminal only', async () => {
    const old = stage.setting('OWNER_PASSPHRASE')
    expect(await stage.clone.run('passphrase')).toMatchObject({
      code: 1,
      output: expect.stringContaining('at a terminal'),
    })
    expect(stage.setting('OWNER_PASSPHRASE')).toBe(old)
    const renewed = await stage.clone.runAtTerminal('passphrase')
    expect(renewed.code).toBe(0)
    expect(stage.setting('OWNER_PASSPHRASE')).not.toBe(old)
    expect(renewed.output).toContain(stage.setting('OWNER_PASSPHRASE'))
  })

  it('under another name is another server, with everything of its own', async () => {
    const { output } = await stage.clone.run('deploy', '--worker', 'gatehouse-staging')
    expect(output).toContain('https://gatehouse-staging.acme.workers.dev/mcp')
    expect([...stage.account.namespaces.values()].map(({ title }) => title)).toEqual([
      'gatehouse-records',
      'gatehouse-staging-records',
    ])
    for (const name of SECRETS.filter((one) => one !== 'ACCEPTED_KEYS')) {
      expect(stage.setting(name, 'gatehouse-staging')).not.toBe(stage.setting(name))
    }
    const [limits, others] = ['gatehouse', 'gatehouse-staging'].map((worker) => {
      const bindings = stage.account.live(worker)?.bindings ?? []
      return bindings.filter(({ type }) => type === 'ratelimit').map(({ namespace_id }) => namespace_id)
    })
    expect(limits?.length).toBeGreaterThan(3)
    expect(new Set([...(limits ?? []), ...(others ?? [])]).size).toBe(2 * (limits?.length ?? 0))
  })

  it('brings a change, and replaces no secret', async () => {
    const before = SECRETS.map((name) => stage.setting(name))
    stage.clone.configure((config) => config.replace('ALLOWED_USERS = ""', 'ALLOWED_USERS = "@example.com"'))
    expect((await stage.clone.run('deploy')).code).toBe(0)
    expect(stage.setting('ALLOWED_USERS')).toBe('@example.com')
    expect(SECRETS.map((name) => stage.setting(name))).toEqual(before)
  })

  it('brings files, and a change of one', async () => {
    const served = () => stage.account.live('gatehouse')?.assets.get('/robots.txt')?.toString()
    expect(served()).toBe('User-agent: *\n')
    stage.clone.write('public/robots.txt', 'User-agent: other\n')
    expect((await stage.clone.run('deploy')).code).toBe(0)
    expect(served()).toBe('User-agent: other\n')
    expect((await stage.clone.run('deploy')).output).toContain('is deployed as it is here')
  })

  it('says what a Worker that fails says of itself', async () => {
    const { code, output } = await stage.clone.run('deploy', '--var', 'REGISTRATION:perhaps')
    expect(code).toBe(1)
    expect(output).toContain('REGISTRATION must be "open", "token" or "off"')
  })

  it('asks for the secret that only another service can give', async () => {
    stage.clone.configure((config) =>
      config.replace('"UPSTREAM_KEY"]', '"UPSTREAM_KEY", "GITHUB_CLIENT_SECRET"]'),
    )
    expect((await stage.clone.run('deploy', '--dry-run')).output).toContain(
      'ask for the secret GITHUB_CLIENT_SECRET',
    )
    const refused = await stage.clone.run('deploy')
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('requires the secret GITHUB_CLIENT_SECRET')
    stage.clone.environment.GITHUB_CLIENT_SECRET = 'given by GitHub'
    expect((await stage.clone.run('deploy')).code).toBe(0)
    expect(stage.setting('GITHUB_CLIENT_SECRET')).toBe('given by GitHub')
  })

  it('takes a secret of its own into use with a newer version', async () => {
    const [passphrase, key] = [stage.setting('OWNER_PASSPHRASE'), stage.setting('UPSTREAM_KEY')]
    stage.account.removeSecret('gatehouse', 'UPSTREAM_KEY')
    expect((await stage.clone.run('deploy')).code).toBe(0)
    expect(stage.setting('UPSTREAM_KEY')).toMatch(/^1:[\w-]{43}$/)
    expect(stage.setting('UPSTREAM_KEY')).not.toBe(key)
    expect(stage.setting('OWNER_PASSPHRASE')).toBe(passphrase)
  })
})

describe('where the server is', () => {
  afterEach(() => stage.stop())

  it('is nowhere before it was deployed', async () => {
    stage = await Stage.start()
    const { code, output } = await stage.clone.run('client', 'list', '--remote')
    expect(code).toBe(1)
    expect(output).toContain('npm run deploy')
  })

  it('is its custom domain, if it has one', async () => {
    stage = await Stage.start({ 'mcp.example.com': 'gatehouse' })
    stage.clone.configure((config) =>
      config.replace('[vars]', 'routes = [{ pattern = "mcp.example.com", custom_domain = true }]\n\n[vars]'),
    )
    const { code, output } = await stage.clone.run('deploy')
    expect(output).toContain('Your MCP server:  https://mcp.example.com/mcp')
    expect(code).toBe(0)
    expect(stage.setting('PUBLIC_URL')).toBe('https://mcp.example.com')
  })
})

describe('under another name', () => {
  it('settings count that are given with it, and no address of the first', () => {
    expect(readTarget('gatehouse-staging').origin).toBeUndefined()
    const PUBLIC_URL = 'https://staging.example.com'
    expect(readTarget('gatehouse-staging', { PUBLIC_URL }).origin).toBe(PUBLIC_URL)
  })
})

describe('waiting for an answer', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('ends, also when it is another problem each time', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let asked = 0
    const server = createServer((_request, response) => {
      vi.setSystemTime(Date.now() + 61_000)
      response.writeHead(503).end(`Incident ${++asked}`)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      await expect(awaitAnswer(`http://127.0.0.1:${port}/`, 'Waiting', () => true)).rejects.toThrow(
        'it answers 503: Incident 3',
      )
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })
})
