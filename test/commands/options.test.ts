// Every command reads its options alike: it explains itself, and refuses what it would otherwise leave out.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
const COMMANDS = Object.entries(scripts)
  .filter(([, command]) => command.startsWith('node '))
  .map(([name, command]) => [name, command.split(' ').slice(1)] as const)

async function run(command: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env } })
  const [output, complaint, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ])
  return { code, output, complaint }
}

describe('npm run …', () => {
  it.concurrent.each(COMMANDS)('%s explains itself and does nothing else', async (name, [file = '']) => {
    const { code, output, complaint } = await run(process.execPath, [file, '--help'])
    expect(output).toMatch(new RegExp(`^(Usage:|      ) npm (run )?${name}\\b`, 'm'))
    expect([code, complaint]).toEqual([0, ''])
  })

  it.concurrent.each(COMMANDS.filter(([name]) => name !== 'dev'))(
    '%s refuses an option that it does not know',
    async (_name, [file = '']) => {
      const { code, output, complaint } = await run(process.execPath, [file, '--unknown'])
      expect(complaint).toMatch(/^✗ Unknown option '--unknown'/)
      expect(output).toContain('Usage: npm ')
      expect(code).toBe(2)
    },
  )

  it('client --remote is not run on the local server', async () => {
    const { code, complaint } = await run('npm', ['run', '--silent', 'client', 'list', '--remote'])
    expect(complaint).toContain(
      '✗ npm kept --remote for itself. Type `--` before it: npm run client -- --remote',
    )
    expect(code).toBe(2)
  })

  // As npm passes on what it keeps: --no-x as an empty x, a dash as an underscore.
  it.concurrent.each([
    ['scripts/client.ts', 'remote', 'true', '--remote'],
    ['scripts/client.ts', 'persist_to', '/tmp', '--persist-to'],
    ['scripts/client.ts', 'scope', 'notes:read', '--scope'],
    ['scripts/doctor.ts', 'register', '', '--no-register'],
    ['scripts/doctor.ts', 'as', 'true', '--as'],
    ['scripts/doctor.ts', 'sign_in', 'true', '--sign-in'],
    ['scripts/dev.ts', 'port', '9000', '--port'],
    ['scripts/rotate-keys.ts', 'compromised', 'true', '--compromised'],
    ['scripts/remove-samples.ts', 'force', 'true', '--force'],
    ['test/fuzz/run.ts', 'requests', '10', '--requests'],
    ['bench/run.ts', 'write', 'true', '--write'],
  ])('%s notices what npm keeps: %s', async (file, name, value, option) => {
    const { code, complaint } = await run(process.execPath, [file], { [`npm_config_${name}`]: value })
    expect(complaint).toContain(`npm kept ${option} for itself`)
    expect(code).toBe(2)
  })

  it.concurrent.each([
    ['what came through', ['list', '--json=false'], { npm_config_json: 'true' }, "'--json' does not take"],
    ['a scope of an .npmrc', ['no-such-command'], { npm_config_scope: '@acme' }, 'There is no command'],
  ])('client takes no offence at %s', async (_what, args, env, complaint) => {
    const done = await run(process.execPath, ['scripts/client.ts', ...args], env)
    expect(done.complaint).toContain(complaint)
    expect(done.complaint).not.toContain('npm kept')
  })

  it.concurrent.each(['x', '0', '1.5', '-3'])('fuzz wants a number of requests, not %s', async (requests) => {
    const { code, complaint } = await run(process.execPath, ['test/fuzz/run.ts', `--requests=${requests}`])
    expect(complaint).toContain('--requests takes a whole number of at least 1')
    expect(code).toBe(2)
  })
})
