// docs/security.md cannot go stale: every attack has its row, every file exists, every test names its row.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const text = readFileSync('docs/security.md', 'utf8')
const rows = [...text.matchAll(/^\| ([A-Z]\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$/gm)].map(
  ([, id, stops, proofs]) => ({
    id: id as string,
    stops: (stops as string).split(', '),
    proofs: (proofs as string).split(', '),
  }),
)

const waysIn = text.split('## Ways in without our consent page')[1]?.split('\n## ')[0] ?? ''
const variants = [...waysIn.matchAll(/^\| (.+) \| (test\/.+) \|$/gm)].map(
  ([, way = '', files = '']) => [way, files.split(', ')] as const,
)

const upTo = (letter: string, last: number) => Array.from({ length: last }, (_, n) => `${letter}${n + 1}`)
/** Found by hostile readings: a set, since each reading has its own numbers. */
const READINGS = [
  'S1',
  'S2',
  'S3',
  'S4',
  'S5',
  'S6',
  'S7',
  'S8',
  'S9',
  'S10',
  'S11',
  'S12',
  'S13',
  'S14',
  'S15',
  'S16',
  'S17',
  'S18',
  'S19',
  'S20',
  'S21',
  'S22',
  'S25',
]
const ATTACKS = [
  upTo('A', 30),
  upTo('T', 20),
  upTo('R', 10),
  upTo('M', 16),
  upTo('W', 10),
  upTo('G', 7),
  upTo('K', 6),
  upTo('D', 10),
  upTo('P', 8),
  upTo('L', 3),
  READINGS,
].flat()

describe('the table of attacks', () => {
  it('has every attack once', () => {
    expect(rows.map((row) => row.id).sort()).toEqual([...ATTACKS].sort())
  })

  it.each(rows)('$id is stopped in $stops', ({ stops }) => {
    expect(stops.filter((file) => !existsSync(file))).toEqual([])
  })

  it.each(rows)('$id is named by its test', ({ id, proofs }) => {
    for (const proof of proofs) {
      expect(readFileSync(proof, 'utf8')).toMatch(new RegExp(`(?:describe|it)\\(\\s*'${id} `))
    }
  })
})

describe('the ways in without our consent page', () => {
  it('are four', () => {
    expect(variants).toHaveLength(4)
  })

  it.each(variants)('by %s have their variant of each row', (_way, files) => {
    const source = files.map((file) => readFileSync(file, 'utf8')).join('\n')
    const missing = ['M2', 'T6', 'T10', 'T11', 'R1', 'R3'].filter(
      (id) => !new RegExp(`\\(\\s*'${id} `).test(source),
    )
    expect(missing).toEqual([])
  })
})
