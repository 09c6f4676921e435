// What is cut short is finished by the next run, and what runs at the same time is left alone. Every call at which a
// deployment can be cut short: test/interrupt/run.ts.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ownedKey, revokedClientKey } from '#engine/oauth/clients/owned-store.ts'
import { withConfigFile } from '../../scripts/deployment/configuration.ts'
import { forgetSecrets, withSecretsFile } from '../../scripts/deployment/secrets.ts'
import type { Refusal } from '../support/cloudflare/account.ts'
import { Stage } from '../support/cloudflare/stage.ts'

const ORIGIN = 'https://gatehouse.acme.workers.dev'
const DENIED: Refusal = { status: 403, code: 10000, message: 'Authentication error' }

let stage: Stage

describe('a deployment that is cut short', () => {
  beforeEach(async () => {
    stage = await Stage.start()
  })
  afterEach(() => stage.stop())

  it('is finished by the next one: refused between records and Worker', async () => {
    stage.account.interrupt = (call, phase) =>
      call.startsWith('PUT') && phase === 'before' ? DENIED : undefined
    const refused = await stage.clone.run('deploy')
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('Authentication error')
    const [records] = stage.account.namespaces.keys()
    stage.account.interrupt = () => undefined
    expect((await stage.clone.run('deploy')).code).toBe(0)
    expect([...stage.account.namespaces.keys()]).toEqual([records])
    const binding = stage.account.live('gatehouse')?.bindings.find(({ name }) => name === 'RECORDS')
    expect(binding?.namespace_id).toBe(records)
    expect(stage.leftovers()).toEqual([])
  })

  it('is finished by the next one, which shows the passphrase: killed when the Worker was there', async () => {
    const first = stage.clone.start('deploy')
    stage.account.interrupt = (call, phase) => {
      if (call.startsWith('PUT') && phase === 'after') first.kill()
      return undefined
    }
    expect((await first.outcome).code).toBeNull()
    const passphrase = stage.setting('OWNER_PASSPHRASE')
    stage.account.interrupt = () => undefined
    const second = await stage.clone.runAtTerminal('deploy')
    expect(second.code).toBe(0)
    expect(second.output).toContain(passphrase)
    expect(second.output).not.toContain(stage.setting('SESSION_KEY'))
    expect(stage.setting('OWNER_PASSPHRASE')).toBe(passphrase)
    expect(stage.setting('PUBLIC_URL')).toBe(ORIGIN)
    expect(stage.leftovers()).toEqual([])
    // Shown once.
    expect((await stage.clone.runAtTerminal('deploy')).output).not.toContain(passphrase)
  })
})

describe('a deployment that was not finished', () => {
  beforeEach(async () => {
    stage = await Stage.start()
  })
  afterEach(() => stage.stop())

  // Who deletes a key because others know it must not get it back.
  it('keeps no key that the Worker has: one that is deleted since is made anew', async () => {
    let uploads = 0
    stage.account.interrupt = (call, phase) =>
      call.startsWith('PUT') && phase === 'before' && ++uploads === 2 ? DENIED : undefined
    expect((await stage.clone.run('deploy')).code).toBe(1)
    const [key, passphrase] = [stage.setting('SESSION_KEY'), stage.setting('OWNER_PASSPHRASE')]
    stage.account.removeSecret('gatehouse', 'SESSION_KEY')
    expect((await stage.clone.run('deploy')).code).toBe(0)
    expect(stage.setting('SESSION_KEY')).toMatch(/^[\w-]{43}$/)
    expect(stage.setting('SESSION_KEY')).not.toBe(key)
    expect(stage.setting('OWNER_PASSPHRASE')).toBe(passphrase)
  })
})

describe('a client whose removal fails half-way', () => {
  beforeEach(async () => {
    stage = await Stage.start()
  })
  afterEach(() => stage.stop())

  it.each([1, 2])('can be removed again: at step %i', async (failing) => {
    const { entries } = stage.account.deployedWithRecords('gatehouse')
    const id = `owned_${'a'.repeat(22)}`
    entries.set(ownedKey(id), Buffer.from(JSON.stringify({ id, metadata: {}, issuedAt: 0 })))
    const remove = () => stage.clone.run('client', 'remove', id, '--remote')
    let steps = 0
    stage.account.interrupt = (call, phase) =>
      !call.startsWith('GET') && phase === 'before' && ++steps === failing ? DENIED : undefined
    expect((await remove()).code).toBe(1)
    stage.account.interrupt = () => undefined
    expect((await remove()).code).toBe(0)
    // Beside it, only the lines for the owner's page.
    const left = [...entries.keys()].filter((key) => !key.startsWith('audit:'))
    expect(left).toEqual([revokedClientKey(id)])
  })
})

describe('two deployments at a time', () => {
  const read = (file: string | undefined) => JSON.parse(readFileSync(String(file), 'utf8'))

  it('do not take each other’s configuration', async () => {
    const main = 'src/index.ts'
    const [one, other] = [
      { name: 'one', main },
      { name: 'other', main },
    ]
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
