// `npm run rotate-keys` as a program, against a deployed server.
import type { JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Stage } from '../support/cloudflare/stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await Stage.start()
  await stage.clone.run('deploy')
})

afterAll(() => stage.stop())

const settingsOf = (version = stage.account.live('gatehouse')) => {
  const text = (name: string) => String(version?.bindings.find((binding) => binding.name === name)?.text)
  return {
    signing: (JSON.parse(text('SIGNING_KEY')) as JWK).kid,
    accepted: (JSON.parse(text('ACCEPTED_KEYS')) as { keys: JWK[] }).keys.map(({ kid }) => kid),
    secrets: [text('SESSION_KEY'), text('OWNER_PASSPHRASE'), text('UPSTREAM_KEY')],
  }
}

describe('npm run rotate-keys', () => {
  it('announces the next key before it signs, and touches nothing else', async () => {
    const { signing: old, secrets } = settingsOf()
    const { code, output } = await stage.clone.run('rotate-keys', '--settle', '0')
    expect(output).toContain('The new key signs')
    expect(code).toBe(0)
    const [announced, switched] = (stage.account.workers.get('gatehouse') ?? []).slice(-2).map(settingsOf)
    expect(announced?.signing).toBe(old)
    expect(announced?.accepted).toEqual([old, switched?.signing])
    expect(switched?.signing).not.toBe(old)
    expect(switched?.accepted).toEqual(announced?.accepted)
    expect(switched?.secrets).toEqual(secrets)
  })

  it('can be killed half-way and run again', async () => {
    const { signing: old, accepted } = settingsOf()
    const first = stage.clone.start('rotate-keys', '--settle', '0')
    let calls = 0
    stage.account.interrupt = (call, phase) => {
      if (!call.startsWith('PATCH') || phase === 'after' || ++calls < 2) return undefined
      first.kill()
      return { status: 403, code: 10000, message: 'This is not shown.' }
    }
    expect((await first.outcome).code).toBeNull()
    stage.account.interrupt = () => undefined
    expect(settingsOf().signing).toBe(old)
    expect((await stage.clone.run('rotate-keys', '--settle', '0')).code).toBe(0)
    expect(settingsOf().signing).not.toBe(old)
    expect(settingsOf().accepted).toEqual(expect.arrayContaining(accepted))
  })

  it('--compromised leaves the new key alone', async () => {
    const { signing: old } = settingsOf()
    const { code, output } = await stage.clone.run('rotate-keys', '--compromised')
    expect(output).toContain('What the old key has signed is refused')
    expect(code).toBe(0)
    expect(settingsOf().signing).not.toBe(old)
    expect(settingsOf().accepted).toEqual([])
  })

  it('does nothing for a server that is not there', async () => {
    const { code, output } = await stage.clone.run('rotate-keys', '--worker', 'nowhere')
    expect(code).toBe(1)
    expect(output).toContain('There is no Worker nowhere in this account')
  })
})
