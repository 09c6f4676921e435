// `npm run client` on a deployed server: one program reads a hundred records, and writes what belongs together.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ownedKey } from '#engine/oauth/clients/owned-store.ts'
import { API_TOKEN } from '../support/cloudflare/account.ts'
import { Stage } from '../support/cloudflare/stage.ts'

let stage: Stage

beforeEach(async () => {
  stage = await Stage.start()
})

afterEach(() => stage.stop())

describe('npm run client, remote', () => {
  it('lists by a bulk read, and leaves out one that was removed meanwhile', async () => {
    const { entries } = stage.account.deployedWithRecords('gatehouse')
    const ids = Array.from({ length: 101 }, (_, n) => `owned_${String(n).padStart(22, '0')}`)
    for (const id of ids) {
      const metadata = { client_name: `Client ${id}`, redirect_uris: [] }
      entries.set(
        ownedKey(id),
        Buffer.from(JSON.stringify({ id, metadata, scopes: ['notes:read'], issuedAt: 0 })),
      )
    }
    stage.account.interrupt = (call, phase) => {
      if (call.endsWith('/keys') && phase === 'after') entries.delete(ownedKey(ids[7] as string))
      return undefined
    }
    const { code, stdout } = await stage.clone.run('client', 'list', '--remote')
    expect(code).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(100)
    expect(stdout).toContain(`${ids[100]}  Client ${ids[100]}  (notes:read)`)
    expect(stdout).not.toContain(ids[7])
    expect(stage.account.calls.filter((call) => call.includes('/values/'))).toEqual([])
    expect(stage.account.calls.filter((call) => call.endsWith('/bulk/get'))).toHaveLength(2)
  })

  it('writes a client together with the line for the owner’s page', async () => {
    const { entries } = stage.account.deployedWithRecords('gatehouse')
    const flags = ['--name', 'Nightly build', '--scope', 'notes:read', '--remote']
    const { stdout } = await stage.clone.run('client', 'add', '--json', ...flags)
    const { client_id } = JSON.parse(stdout)
    expect([...entries.keys()]).toEqual([ownedKey(client_id), expect.stringMatching(/^audit:\d{16}:/)])
    expect(stage.account.calls.filter((call) => call.startsWith('PUT'))).toHaveLength(1)
  })

  it('is shown to who has signed in with wrangler, in a browser', async () => {
    stage.account.deployedWithRecords('gatehouse')
    const { environment, folder } = stage.clone
    delete environment.CLOUDFLARE_API_TOKEN
    delete environment.CLOUDFLARE_ACCOUNT_ID
    environment.XDG_CONFIG_HOME = folder
    const login = `oauth_token = "${API_TOKEN}"\nexpiration_time = "2999-01-01T00:00:00.000Z"\n`
    mkdirSync(join(folder, '.wrangler/config'), { recursive: true })
    writeFileSync(join(folder, '.wrangler/config/default.toml'), login)
    const { code, output } = await stage.clone.run('client', 'list', '--remote')
    expect(output).toContain('No client is registered')
    expect(code).toBe(0)
  })
})
