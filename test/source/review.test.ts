// docs/review.md cannot go stale: the token path is what it says, and stays short enough to read.
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { importsIn } from '../support/imports.ts'

const ENGINE = 'src/engine/'
const MOST_LINES = 2500

const [path = '', ends = ''] = readFileSync('docs/review.md', 'utf8').split('## Where the path ends')
const rows = [...path.matchAll(/^\| \w+ \| `([^`]+)` \| (\d+) \|/gm)].map(([, file = '', most]) => ({
  file: ENGINE + file,
  most: Number(most),
}))
const beyond = [...(ends.split('\n## ')[0] ?? '').matchAll(/`([\w-]+\/[\w./-]*)`/g)].map(
  ([, place]) => ENGINE + place,
)
const lines = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n').length
const onPath = new Set(rows.map(({ file }) => file))

describe('the token path in docs/review.md', () => {
  it('begins at the token endpoint', () => {
    expect(rows[0]?.file).toBe('src/engine/oauth/endpoints/token.ts')
  })

  it(`has at most ${MOST_LINES} lines`, () => {
    expect(rows.reduce((sum, { file }) => sum + lines(file), 0)).toBeLessThanOrEqual(MOST_LINES)
  })

  it.each(rows)('says how long $file is at most', ({ file, most }) => {
    expect(lines(file)).toBeLessThanOrEqual(most)
    expect(lines(file)).toBeGreaterThan(most - 20)
  })

  it.each(rows)('imports from $file only what one of the tables names', ({ file }) => {
    const isNamed = (of: string) =>
      onPath.has(of) || !of.startsWith(ENGINE) || beyond.some((place) => of === place || of.startsWith(place))
    const unnamed = importsIn(file, readFileSync(file, 'utf8')).map(({ of }) => of)
    expect(unnamed.filter((of) => !isNamed(of))).toEqual([])
  })

  it('ends at files that exist', () => {
    expect(beyond.length).toBeGreaterThan(5)
    expect(beyond.filter((place) => globSync(`${place}*`).length === 0)).toEqual([])
  })
})
