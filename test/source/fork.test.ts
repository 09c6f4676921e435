// What a fork makes its own, and the only places where the engine touches it: so that a fork can take a new engine.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { importsIn, readSource } from '../support/imports.ts'

/** A folder ends with a slash. A login method of one's own is a new file, which nothing but login/index.ts knows. */
const YOURS = ['wrangler.toml', 'src/config.ts', 'src/tools/', 'src/login/index.ts', 'src/pages/'] as const

/** What the engine takes from src/config.ts, whichever of its files. */
const DECISIONS = [
  'NAME',
  'SCOPES',
  'Scope',
  'INITIAL_SCOPES',
  'LIFETIME',
  'LIMIT_PERIOD',
  'APP_REDIRECT_URIS',
]

/** How the settings are read: no decision of a fork, wherever it stands. */
const SETTINGS = [
  'Config',
  'ConfigError',
  'ForeignServer',
  'loadConfig',
  'requireSetting',
  'isLoopback',
  'isSecure',
]

/** [who takes, from which file of a fork, what]. `src/` is any file of the engine; a class is a Durable Object. */
const SEAMS: readonly (readonly [string, string, readonly string[]])[] = [
  ['src/', 'src/config.ts', [...DECISIONS, ...SETTINGS]],
  ['scripts/', 'src/config.ts', DECISIONS],
  ['src/index.ts', 'src/tools/index.ts', ['tools', 'forget']],
  ['src/index.ts', 'src/login/index.ts', ['loginMethods']],
  ['src/', 'src/pages/account.tsx', ['accountPage', 'ConnectedApp']],
  ['src/', 'src/pages/admin.tsx', ['adminPage', 'Happened', 'Person', 'Registered']],
  ['src/', 'src/pages/consent.tsx', ['consentPage']],
  ['src/', 'src/pages/erase.tsx', ['erasedPage', 'erasePage', 'SURE']],
  ['src/', 'src/pages/error.tsx', ['errorPage', 'PageError', 'UNEXPECTED', 'Way']],
  ['src/', 'src/pages/home.tsx', ['homePage']],
  ['src/', 'src/pages/login.tsx', ['loginPage']],
  // Login methods that bring pages of their own, in the look of the others.
  ['src/login/', 'src/pages/copyable.tsx', ['COPY', 'Copyable']],
  ['src/login/', 'src/pages/layout.tsx', ['page']],
  ['src/login/', 'src/pages/theme.ts', ['THEME']],
  ['src/login/', 'src/pages/time.tsx', ['day', 'minute']],
]

/** Of login/, what the rest of the engine knows: no method. */
const LOGIN = ['index.ts', 'method.ts', 'routes.tsx', 'session.ts'].map((file) => `src/login/${file}`)

const source = readSource('{src,scripts}/**/*.{ts,tsx}')
const isYours = (file: string) =>
  YOURS.some((one) => (one.endsWith('/') ? file.startsWith(one) : file === one))

const taken = [...source]
  .filter(([file]) => !isYours(file))
  .flatMap(([by, text]) =>
    importsIn(by, text).flatMap(({ of, names }) => names.map((name) => ({ by, of, name }))),
  )

function isSeam({ by, of, name }: (typeof taken)[number]): boolean {
  // The runtime finds the class of a Durable Object by its export.
  if (by === 'src/index.ts' && /^src\/tools\/(?!index\.ts)/.test(of) && /^[A-Z]/.test(name)) return true
  return SEAMS.some(([who, from, names]) => by.startsWith(who) && of === from && names.includes(name))
}

describe('what a fork makes its own', () => {
  it('is reached by the engine in these places only', () => {
    expect(taken.filter((one) => isYours(one.of) && !isSeam(one))).toEqual([])
  })

  it('is reached in each of them', () => {
    const unused = SEAMS.filter(
      ([who, from]) => !taken.some(({ by, of }) => by.startsWith(who) && of === from),
    )
    expect(unused).toEqual([])
  })

  it('can be a login method, since none is known outside of login/', () => {
    const known = taken.filter(
      ({ by, of }) => !by.startsWith('src/login/') && of.startsWith('src/login/') && !LOGIN.includes(of),
    )
    expect(known).toEqual([])
  })

  // A fork writes a README of its own.
  it('is what the README says, if it says so', () => {
    const marked = [...readFileSync('README.md', 'utf8').matchAll(/^ *(\S+) +✎/gm)].map((match) => match[1])
    expect([[], YOURS]).toContainEqual(marked)
  })
})
