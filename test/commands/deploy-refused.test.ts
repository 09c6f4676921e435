// What stops a deployment before it has begun, and what is said then.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from '../support/cloudflare/stage.ts'

let stage: Stage

describe('who is not signed in to Cloudflare', () => {
  beforeEach(async () => {
    stage = await Stage.start()
  })
  afterEach(() => stage.stop())

  it.each(['deploy', 'rotate-keys'])('reads how to sign in, from %s', async (script) => {
    delete stage.clone.environment.CLOUDFLARE_API_TOKEN
    stage.clone.environment.HOME = stage.clone.folder
    stage.clone.environment.XDG_CONFIG_HOME = stage.clone.folder
    const { code, output } = await stage.clone.run(script)
    expect(code).toBe(1)
    expect(output).toContain('You are not signed in to Cloudflare')
    expect(output).toContain('CLOUDFLARE_API_TOKEN')
    expect(stage.account.changes).toEqual([])
  })

  it('because the token is invalid, reads so', async () => {
    stage.account.signedIn = false
    const { code, output } = await stage.clone.run('deploy')
    expect(code).toBe(1)
    expect(output).toContain('does not accept the token in CLOUDFLARE_API_TOKEN')
    expect(output).not.toMatch(/\n\s+at /)
  })

  it('has to choose among several accounts', async () => {
    stage.clone.environment.CLOUDFLARE_ACCOUNT_ID = ''
    stage.account.others.push({ id: 'b'.repeat(32), name: 'Another' })
    const { code, output } = await stage.clone.run('deploy')
    expect(code).toBe(1)
    expect(output).toContain('Say which one with account_id')
    expect(output).toContain(`${'b'.repeat(32)}  Another`)
  })
})

describe('an option', () => {
  beforeEach(async () => {
    stage = await Stage.start()
  })
  afterEach(() => stage.stop())

  // `npm run rotate-keys --compromised` would go on accepting the key that is known to others.
  it.each([
    ['rotate-keys', '--compromised'],
    ['rotate-keys', '--worker=gatehouse-staging'],
    ['passphrase', '--worker=gatehouse-staging'],
    ['deploy', '--worker=gatehouse-staging'],
    ['deploy', '--var=REGISTRATION:off'],
  ])('that npm keeps for itself is not left out by %s: %s', async (script, option) => {
    const { code, output } = await stage.clone.runByNpm(script, option)
    expect(code).toBe(2)
    expect(output).toContain(`npm run ${script} -- ${option.split('=')[0]}`)
    expect(stage.account.calls).toEqual([])
  })

  it.each(['', 'Gatehouse', '../gatehouse'])(
    'that names no Worker is refused: --worker "%s"',
    async (name) => {
      const { code, output } = await stage.clone.run('deploy', '--worker', name)
      expect(code).toBe(1)
      expect(output).toContain('--worker takes a name')
      expect(stage.account.calls).toEqual([])
    },
  )

  it('that does not exist is named beside those that do', async () => {
    const { code, output } = await stage.clone.runByNpm('deploy', '--', '--wroker', 'gatehouse-staging')
    expect(code).toBe(2)
    expect(output).toContain("Unknown option '--wroker'")
    expect(output).toContain('--worker <name>')
    expect(output).not.toMatch(/\n\s+at /)
    expect(stage.account.calls).toEqual([])
  })
})
