// What a fork makes its own, and the only names by which the engine touches it: so that a fork can take a new engine.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { importsIn, readSource } from '../support/imports.ts'

/** What the engine takes from each of the fork's files. A type counts, too. */
const SEAMS: Readonly<Record<string, readonly string[]>> = {
  '#config': [
    'APP_REDIRECT_URIS',
    'INITIAL_SCOPES',
    'LIFETIME',
    'LIMIT_PERIOD',
    'NAME',
    'SCOPES',
    'SERVER',
    'Scope',
  ],
  '#theme': ['THEME'],
}

const source = readSource('src/engine/**/*.{ts,tsx}', 'scripts/**/*.ts')
const taken = [...source].flatMap(([by, text]) =>
  importsIn(by, text).flatMap(({ of, names }) => names.map((name) => ({ by, of, name }))),
)

describe('what a fork makes its own', () => {
  it.each(Object.entries(SEAMS))('is reached by the engine by these names of %s only', (from, names) => {
    const used = taken.filter(({ of }) => of === from).map(({ name }) => name)
    expect([...new Set(used)].sort()).toEqual([...names].sort())
  })

  it('is reached by the commands as by the engine', () => {
    const seams = [...Object.keys(SEAMS)]
    const wrong = taken.filter(
      ({ by, of }) =>
        by.startsWith('scripts/') && !/^(scripts|src\/engine)\//.test(of) && !seams.includes(of),
    )
    expect(wrong).toEqual([])
  })

  it.each(Object.keys(SEAMS))('is there for the fixture as well: %s', (seam) => {
    const { imports } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(Object.values(imports[seam] as object).filter((file) => !existsSync(file))).toEqual([])
  })
})

describe('the tree in the README', () => {
  // A fork writes a README of its own, and then names nothing here.
  it('names only what there is', () => {
    const readme = existsSync('README.md') ? readFileSync('README.md', 'utf8') : ''
    const named = [...readme.matchAll(/^(src\/[\w./-]*) +✎/gm)].map(([, path]) => path as string)
    expect(named.filter((path) => !existsSync(path))).toEqual([])
  })
})
