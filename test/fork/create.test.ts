// `npm create gatehouse`, from the tarball that npm would publish.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isFork } from './changes.ts'

/** A project that began with the package does not have its source, and a fork would pack its own files. */
const hasPackage = existsSync('create/package.json') && !isFork(readFileSync('src/config.ts', 'utf8'))

let folder: string
let tarball: string

beforeAll(() => {
  if (!hasPackage) return
  folder = mkdtempSync(join(tmpdir(), 'create-'))
  execFileSync('npm', ['pack', resolve('create'), '--silent'], { cwd: folder })
  tarball = join(folder, readdirSync(folder).find((file) => file.endsWith('.tgz')) as string)
})
afterAll(() => {
  if (hasPackage) rmSync(folder, { recursive: true, force: true })
})

function create(...args: readonly string[]) {
  const command = ['exec', '--offline', '--yes', `--package=${tarball}`, '--', 'create-gatehouse', ...args]
  const { status, stdout, stderr } = spawnSync('npm', command, { cwd: folder, encoding: 'utf8', input: '' })
  return { status, stdout, stderr }
}

describe.runIf(hasPackage)('npm create gatehouse', () => {
  it('starts a project with the name and the login methods of its options', () => {
    const { status, stdout } = create('my-server', '--login', 'passkey,github', '--no-install')
    const read = (file: string) => readFileSync(join(folder, 'my-server', file), 'utf8')
    expect(read('wrangler.toml')).toMatch(/^name = "my-server"$/m)
    expect(read('src/config.ts')).toContain("export const NAME = 'My server'")
    expect(read('src/login.ts')).toContain('= [passphrase, passkey, github]')
    expect(read('wrangler.toml')).toContain('required = ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", ')
    for (const file of ['.gitignore', 'package-lock.json', 'bench/.npmrc']) expect(read(file)).not.toBe('')
    expect(stdout).toContain('Type next:\n\n  cd my-server\n  npm install\n  npm run types\n  npm run dev ')
    expect(stdout).toContain('docs/login.md#github')
    expect(status).toBe(0)
  })

  it('starts a project that can drop the sample, and is then well formed', () => {
    create('bare', '--no-samples', '--no-install', '--no-git')
    const project = join(folder, 'bare')
    expect(existsSync(join(project, '.git'))).toBe(false)
    symlinkSync(resolve('node_modules'), join(project, 'node_modules'), 'junction')
    const run = (...args: readonly string[]) =>
      spawnSync('npm', ['run', ...args], { cwd: project, encoding: 'utf8' })
    expect(run('remove-samples', '--', '--force').status).toBe(0)
    expect(existsSync(join(project, 'src/server/notes'))).toBe(false)
    expect(run('check').stdout).toContain('4 passed, 0 failed')
  })

  it.each([
    ['a name that no Worker can have', ['My Server'], '"My Server" is no name for a Worker'],
    [
      'a login method that does not exist',
      ['one', '--login', 'password'],
      'There is no login method "password"',
    ],
    ['an unknown option', ['one', '--unknown'], "Unknown option '--unknown'"],
  ])('refuses %s, and creates nothing', (_what, args, complaint) => {
    const before = readdirSync(folder)
    const { status, stdout, stderr } = create(...args)
    expect(stderr).toContain(`✗ ${complaint}`)
    expect(stdout).toContain('Usage: npm create gatehouse@latest')
    expect(status).toBe(2)
    expect(readdirSync(folder)).toEqual(before)
  })

  it('refuses a folder that is not empty', () => {
    mkdirSync(join(folder, 'taken/mine'), { recursive: true })
    const { status, stderr } = create('taken', '--no-install')
    expect(stderr).toContain('✗ The folder taken is not empty.')
    expect(status).toBe(2)
    expect(readdirSync(join(folder, 'taken'))).toEqual(['mine'])
  })

  it('explains itself and does nothing else', () => {
    const before = readdirSync(folder)
    expect(create('--help')).toEqual({ status: 0, stdout: expect.stringMatching(/^Usage: /), stderr: '' })
    expect(readdirSync(folder)).toEqual(before)
  })
})

describe.runIf(hasPackage)('npm publish ./create', () => {
  it('refuses while a page has a placeholder for the address of the repository', () => {
    const check = (readme: string) => {
      writeFileSync(join(folder, 'README.md'), readme)
      mkdirSync(join(folder, 'docs'), { recursive: true })
      writeFileSync(join(folder, 'docs/upgrade.md'), 'The OWNER of a grant.\n')
      const { status, stderr } = spawnSync('node', ['create/check-address.ts', folder], { encoding: 'utf8' })
      return { status, stderr }
    }
    const refused = check('# Gatehouse\nnpx degit OWNER/gatehouse\n')
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('yet: README.md:2.') })
    expect(check('# Gatehouse\nnpx degit acme/gatehouse\n')).toEqual({ status: 0, stderr: '' })
  })
})
