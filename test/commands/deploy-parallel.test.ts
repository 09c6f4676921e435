// Deployments that run at once, from one folder or from two that share no disk, and what a killed one has left. Row S16.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Refusal } from '../support/cloudflare/account.ts'
import { Clone } from '../support/cloudflare/clone.ts'
import { Stage } from '../support/cloudflare/stage.ts'

const ORIGIN = 'https://gatehouse.acme.workers.dev'
const DENIED: Refusal = { status: 403, code: 10000, message: 'Authentication error' }

// Several deployments a test, each of a dozen programs.
vi.setConfig({ testTimeout: 400_000 })

let stage: Stage
let other: Clone

beforeEach(async () => {
  stage = await Stage.start()
  other = new Clone(stage.clone.environment)
})

afterEach(async () => {
  other.remove()
  await stage.stop()
})

function shown(output: string): string | undefined {
  return /Passphrase:\s+([a-z0-9]{4}(?:-[a-z0-9]{4}){6})/.exec(output)?.[1]
}

/** The values that a secret has had. */
function valuesOf(name: string): Set<unknown> {
  const versions = stage.account.workers.get('gatehouse') ?? []
  return new Set(versions.map(({ bindings }) => bindings.find((one) => one.name === name)?.text))
}

describe('S16 two first deployments at once', () => {
  it.each(['one folder', 'two folders'])('both end right, from %s', async (where) => {
    const second = where === 'one folder' ? stage.clone : other
    const outcomes = await Promise.all([stage.clone.runAtTerminal('deploy'), second.runAtTerminal('deploy')])
    expect(outcomes.map(({ code, output }) => [code, code === 0 ? '' : output])).toEqual([
      [0, ''],
      [0, ''],
    ])
    for (const name of ['OWNER_PASSPHRASE', 'SESSION_KEY', 'SIGNING_KEY', 'UPSTREAM_KEY']) {
      expect(valuesOf(name).size).toBe(1)
    }
    const passphrases = outcomes.map(({ output }) => shown(output)).filter((one) => one !== undefined)
    expect(passphrases).toEqual([stage.setting('OWNER_PASSPHRASE')])
    expect(stage.setting('PUBLIC_URL')).toBe(ORIGIN)
    expect([...stage.account.namespaces.values()].map(({ title }) => title)).toEqual(['gatehouse-records'])
    expect(stage.leftovers()).toEqual([])
  })
})

describe('S16 the passphrase that is shown', () => {
  it('is the one in force: that of a run which was cut short is not, once another has deployed', async () => {
    stage.account.interrupt = (call, phase) =>
      call.startsWith('PUT') && phase === 'before' ? DENIED : undefined
    expect((await stage.clone.run('deploy')).code).toBe(1)
    stage.account.interrupt = () => undefined
    // As if the first had been elsewhere for an hour: the Worker comes from another folder.
    stage.account.namespaces.clear()
    const first = await other.runAtTerminal('deploy')
    expect(shown(first.output)).toBe(stage.setting('OWNER_PASSPHRASE'))
    const late = await stage.clone.runAtTerminal('deploy')
    expect(late.code).toBe(0)
    expect(shown(late.output)).toBeUndefined()
    expect(valuesOf('OWNER_PASSPHRASE').size).toBe(1)
    expect(stage.leftovers()).toEqual([])
    // Before anything is asked of the server.
    expect(first.output.indexOf('Passphrase:')).toBeLessThan(first.output.indexOf('Waiting for'))
  })
})

describe('S16 a file of kept secrets that was cut off', () => {
  it('is named, and nothing is lost by it', async () => {
    const folder = join(stage.clone.folder, '.wrangler', 'deployment')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'gatehouse.kept.json'), '{"SIGNING_KEY":"{\\"kty')
    writeFileSync(join(folder, 'gatehouse.1.upload.json'), '{}')
    writeFileSync(join(stage.clone.folder, '.wrangler-deployment.gatehouse.1.json'), '{}')
    const { code, output } = await stage.clone.runAtTerminal('deploy')
    expect(output).toContain(join('.wrangler', 'deployment', 'gatehouse.kept.json'))
    expect(code).toBe(0)
    expect(shown(output)).toBe(stage.setting('OWNER_PASSPHRASE'))
    expect(stage.leftovers()).toEqual([])
  })
})
