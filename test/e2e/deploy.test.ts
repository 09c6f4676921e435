// `npm run deploy` and what comes after it, as programs against an account that is a stand-in. What they upload runs in
// workerd and is looked at from outside. Every call at which a deployment can be cut short: test/interrupt/run.ts.
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { awaitAnswer } from '../../scripts/deployment/answers.ts'
import { withConfigFile } from '../../scripts/deployment/configuration.ts'
import { forgetSecrets, withSecretsFile } from '../../scripts/deployment/secrets.ts'
import { ownedKey, revokedClientKey } from '../../src/oauth/clients/owned-store.ts'
import { CloudflareAccount, type Refusal } from '../support/cloudflare/account.ts'
import { Clone } from '../support/cloudflare/clone.ts'
import { LiveSite } from '../support/cloudflare/live-site.ts'

const ORIGIN = 'https://gatehouse.acme.workers.dev'
const SECRETS = ['ACCEPTED_KEYS', 'OWNER_PASSPHRASE', 'SESSION_KEY', 'SIGNING_KEY', 'UPSTREAM_KEY']

let account: CloudflareAccount
let site: LiveSite
let clone: Clone

async function setUp(hosts: Record<string, string> = {}): Promise<void> {
  account = await CloudflareAccount.start()
  site = await LiveSite.start(account, hosts)
  clone = new Clone({ ...account.environment, ...site.environment })
}

async function tearDown(): Promise<void> {
  clone.remove()
  await site.stop()
  account.stop()
}

/** The value of a setting or secret of the Worker that is deployed. */
function setting(name: string, worker = 'gatehouse'): string {
  return String(account.live(worker)?.bindings.find((binding) => binding.name === name)?.text)
}

/** What a deployment has left in the clone. */
function leftovers(): string[] {
  const kept = join(clone.folder, '.wrangler', 'deployment')
  const inFolder = readdirSync(clone.folder).filter((file) => file.startsWith('.wrangler-'))
  return [...inFolder, ...(existsSync(kept) ? readdirSync(kept) : [])]
}

describe('a deployment', () => {
  beforeAll(() => setUp())
  afterAll(() => tearDown())

  it('is one command, from nothing to a server that answers', async () => {
    const { code, output } = await clone.run('deploy')
    expect(output).toContain(`Your MCP server:  ${ORIGIN}/mcp`)
    expect(output).toMatch(/It answers as its clients expect: (\d+) of \1 checks/)
    expect(code).toBe(0)
    expect(setting('PUBLIC_URL')).toBe(ORIGIN)
    expect([...account.namespaces.values()].map(({ title }) => title)).toEqual(['gatehouse-records'])
    expect(leftovers()).toEqual([])
    // Nobody watches, and what is printed may be kept.
    for (const name of SECRETS) expect(output).not.toContain(setting(name))
  })

  it('changes nothing when it is run again', async () => {
    const before = account.changes.length
    const { code, output } = await clone.run('deploy')
    expect(output).toContain('is deployed as it is here')
    expect(code).toBe(0)
    expect(account.changes.slice(before)).toEqual([])
  })

  it('has records, which `npm run client` reaches', async () => {
    const client = (...args: string[]) => clone.run('client', ...args, '--remote')
    const added = await client('add', '--name', 'Nightly build', '--scope', 'notes:read', '--json')
    const { client_id, client_secret } = JSON.parse(added.stdout)
    const [records] = [...account.namespaces.values()]
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
    const old = setting('OWNER_PASSPHRASE')
    expect(await clone.run('passphrase')).toMatchObject({
      code: 1,
      output: expect.stringContaining('at a terminal'),
    })
    expect(setting('OWNER_PASSPHRASE')).toBe(old)
    const renewed = await clone.runAtTerminal('passphrase')
    expect(renewed.code).toBe(0)
    expect(setting('OWNER_PASSPHRASE')).not.toBe(old)
    expect(renewed.output).toContain(setting('OWNER_PASSPHRASE'))
  })

  it('under another name is another server, with everything of its own', async () => {
    const { output } = await clone.run('deploy', '--worker', 'gatehouse-staging')
    expect(output).toContain('https://gatehouse-staging.acme.workers.dev/mcp')
    expect([...account.namespaces.values()].map(({ title }) => title)).toEqual([
      'gatehouse-records',
      'gatehouse-staging-records',
    ])
    for (const name of SECRETS.filter((one) => one !== 'ACCEPTED_KEYS')) {
      expect(setting(name, 'gatehouse-staging')).not.toBe(setting(name))
    }
  })

  it('brings a change, and replaces no secret', async () => {
    const before = SECRETS.map((name) => setting(name))
    clone.configure((config) => config.replace('ALLOWED_USERS = ""', 'ALLOWED_USERS = "@example.com"'))
    expect((await clone.run('deploy')).code).toBe(0)
    expect(setting('ALLOWED_USERS')).toBe('@example.com')
    expect(SECRETS.map((name) => setting(name))).toEqual(before)
  })

  it('says what a Worker that fails says of itself', async () => {
    const { code, output } = await clone.run('deploy', '--var', 'REGISTRATION:perhaps')
    expect(code).toBe(1)
    expect(output).toContain('REGISTRATION must be "open", "token" or "off"')
  })

  it('asks for the secret that only somebody else can give', async () => {
    clone.configure((config) => config.replace('"UPSTREAM_KEY"]', '"UPSTREAM_KEY", "GITHUB_CLIENT_SECRET"]'))
    const refused = await clone.run('deploy')
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('requires the secret GITHUB_CLIENT_SECRET')
    clone.environment.GITHUB_CLIENT_SECRET = 'given by GitHub'
    expect((await clone.run('deploy')).code).toBe(0)
    expect(setting('GITHUB_CLIENT_SECRET')).toBe('given by GitHub')
  })

  it('takes a secret of its own into use with a newer version', async () => {
    const [passphrase, key] = [setting('OWNER_PASSPHRASE'), setting('UPSTREAM_KEY')]
    account.removeSecret('gatehouse', 'UPSTREAM_KEY')
    expect((await clone.run('deploy')).code).toBe(0)
    expect(setting('UPSTREAM_KEY')).toMatch(/^1:[\w-]{43}$/)
    expect(setting('UPSTREAM_KEY')).not.toBe(key)
    expect(setting('OWNER_PASSPHRASE')).toBe(passphrase)
  })
})

describe('a deployment that is cut short', () => {
  beforeEach(() => setUp())
  afterEach(() => tearDown())

  const denied: Refusal = { status: 403, code: 10000, message: 'Authentication error' }

  it('is finished by the next one: refused between records and Worker', async () => {
    account.interrupt = (call, phase) => (call.startsWith('PUT') && phase === 'before' ? denied : undefined)
    const refused = await clone.run('deploy')
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('Authentication error')
    const [records] = account.namespaces.keys()
    account.interrupt = () => undefined
    expect((await clone.run('deploy')).code).toBe(0)
    expect([...account.namespaces.keys()]).toEqual([records])
    const binding = account.live('gatehouse')?.bindings.find(({ name }) => name === 'RECORDS')
    expect(binding?.namespace_id).toBe(records)
    expect(leftovers()).toEqual([])
  })

  it('is finished by the next one, which shows the passphrase: killed when the Worker was there', async () => {
    const first = clone.start('deploy')
    account.interrupt = (call, phase) => {
      if (call.startsWith('PUT') && phase === 'after') first.kill()
      return undefined
    }
    expect((await first.outcome).code).toBeNull()
    const passphrase = setting('OWNER_PASSPHRASE')
    account.interrupt = () => undefined
    const second = await clone.runAtTerminal('deploy')
    expect(second.code).toBe(0)
    expect(second.output).toContain(passphrase)
    expect(second.output).not.toContain(setting('SESSION_KEY'))
    expect(setting('OWNER_PASSPHRASE')).toBe(passphrase)
    expect(setting('PUBLIC_URL')).toBe(ORIGIN)
    expect(leftovers()).toEqual([])
    // Shown once.
    expect((await clone.runAtTerminal('deploy')).output).not.toContain(passphrase)
  })
})

describe('a deployment that was not finished', () => {
  beforeEach(() => setUp())
  afterEach(() => tearDown())

  // Who deletes a key because others know it must not get it back.
  it('keeps no key that the Worker has: one that is deleted since is made anew', async () => {
    let uploads = 0
    account.interrupt = (call, phase) =>
      call.startsWith('PUT') && phase === 'before' && ++uploads === 2
        ? { status: 403, code: 10000, message: 'Authentication error' }
        : undefined
    expect((await clone.run('deploy')).code).toBe(1)
    const [key, passphrase] = [setting('SESSION_KEY'), setting('OWNER_PASSPHRASE')]
    account.removeSecret('gatehouse', 'SESSION_KEY')
    expect((await clone.run('deploy')).code).toBe(0)
    expect(setting('SESSION_KEY')).toMatch(/^[\w-]{43}$/)
    expect(setting('SESSION_KEY')).not.toBe(key)
    expect(setting('OWNER_PASSPHRASE')).toBe(passphrase)
  })
})

describe('two deployments at a time', () => {
  const read = (file: string | undefined) => JSON.parse(readFileSync(String(file), 'utf8'))

  it('do not take each other’s configuration', async () => {
    const [one, other] = [{ name: 'one' }, { name: 'other' }]
    await withConfigFile(one, async ([, file]) => {
      await withConfigFile(other, async () => {
        expect(read(file)).toEqual(one)
      })
      expect(read(file)).toEqual(one)
    })
  })

  it('do not take each other’s secrets', async () => {
    await withSecretsFile('one', { KEY: 'of one' }, async ([, file]) => {
      await withSecretsFile('other', { KEY: 'of the other' }, async () => {
        expect(read(file)).toEqual({ KEY: 'of one' })
      })
      forgetSecrets('other')
      expect(read(file)).toEqual({ KEY: 'of one' })
    })
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

describe('a client whose removal fails half-way', () => {
  beforeEach(() => setUp())
  afterEach(() => tearDown())

  it.each([1, 2])('can be removed again: at step %i', async (failing) => {
    const { entries } = account.deployedWithRecords('gatehouse')
    const id = `owned_${'a'.repeat(22)}`
    entries.set(ownedKey(id), Buffer.from(JSON.stringify({ id, metadata: {}, issuedAt: 0 })))
    const remove = () => clone.run('client', 'remove', id, '--remote')
    let steps = 0
    account.interrupt = (call, phase) =>
      !call.startsWith('GET') && phase === 'before' && ++steps === failing
        ? { status: 403, code: 10000, message: 'Authentication error' }
        : undefined
    expect((await remove()).code).toBe(1)
    account.interrupt = () => undefined
    expect((await remove()).code).toBe(0)
    expect([...entries.keys()]).toEqual([revokedClientKey(id)])
  })
})

describe('where the server is', () => {
  afterEach(() => tearDown())

  it('is nowhere before it was deployed', async () => {
    await setUp()
    const { code, output } = await clone.run('client', 'list', '--remote')
    expect(code).toBe(1)
    expect(output).toContain('npm run deploy')
  })

  it('is its custom domain, if it has one', async () => {
    await setUp({ 'mcp.example.com': 'gatehouse' })
    clone.configure((config) =>
      config.replace('[vars]', 'routes = [{ pattern = "mcp.example.com", custom_domain = true }]\n\n[vars]'),
    )
    const { code, output } = await clone.run('deploy')
    expect(output).toContain('Your MCP server:  https://mcp.example.com/mcp')
    expect(code).toBe(0)
    expect(setting('PUBLIC_URL')).toBe('https://mcp.example.com')
  })
})

describe('who is not signed in to Cloudflare', () => {
  beforeEach(() => setUp())
  afterEach(() => tearDown())

  it.each(['deploy', 'rotate-keys'])('is told how, by %s', async (script) => {
    delete clone.environment.CLOUDFLARE_API_TOKEN
    clone.environment.HOME = clone.folder
    clone.environment.XDG_CONFIG_HOME = clone.folder
    const { code, output } = await clone.run(script)
    expect(code).toBe(1)
    expect(output).toContain('You are not signed in to Cloudflare')
    expect(output).toContain('CLOUDFLARE_API_TOKEN')
    expect(account.changes).toEqual([])
  })

  it('because the token is not good, is told so', async () => {
    account.signedIn = false
    const { code, output } = await clone.run('deploy')
    expect(code).toBe(1)
    expect(output).toContain('does not accept the token in CLOUDFLARE_API_TOKEN')
    expect(output).not.toMatch(/\n\s+at /)
  })

  it('has to choose among several accounts', async () => {
    clone.environment.CLOUDFLARE_ACCOUNT_ID = ''
    account.others.push({ id: 'b'.repeat(32), name: 'Another' })
    const { code, output } = await clone.run('deploy')
    expect(code).toBe(1)
    expect(output).toContain('Say which one with account_id')
    expect(output).toContain(`${'b'.repeat(32)}  Another`)
  })
})

describe('an option', () => {
  beforeEach(() => setUp())
  afterEach(() => tearDown())

  // `npm run rotate-keys --compromised` would go on accepting the key that is known to others.
  it.each([
    ['rotate-keys', '--compromised'],
    ['rotate-keys', '--worker=gatehouse-staging'],
    ['passphrase', '--worker=gatehouse-staging'],
    ['deploy', '--worker=gatehouse-staging'],
    ['deploy', '--var=REGISTRATION:off'],
  ])('that npm keeps for itself is not left out by %s: %s', async (script, option) => {
    const { code, output } = await clone.runByNpm(script, option)
    expect(code).toBe(2)
    expect(output).toContain(`npm run ${script} -- ${option.split('=')[0]}`)
    expect(account.calls).toEqual([])
  })

  it.each(['', 'Gatehouse', '../gatehouse'])(
    'that names no Worker is refused: --worker "%s"',
    async (name) => {
      const { code, output } = await clone.run('deploy', '--worker', name)
      expect(code).toBe(1)
      expect(output).toContain('--worker takes a name')
      expect(account.calls).toEqual([])
    },
  )

  it('that there is not is told from those that there are', async () => {
    const { code, output } = await clone.runByNpm('deploy', '--', '--wroker', 'gatehouse-staging')
    expect(code).toBe(2)
    expect(output).toContain("Unknown option '--wroker'")
    expect(output).toContain('--worker <name>')
    expect(output).not.toMatch(/\n\s+at /)
    expect(account.calls).toEqual([])
  })
})
