// docs/operate.md cannot go stale: it has each event with its fields, and each column of the counts.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BLOBS, DOUBLES, EVENTS, KEPT } from '#engine/log/events.ts'

const text = readFileSync('docs/operate.md', 'utf8')
const names = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string)
const rows = [...text.matchAll(/^\| `([a-z_.]+)` \| ((?:`[a-z_]+\??`(?:, )?)*) ?\| (.*) \|$/gm)].map(
  ([, event = '', fields = '', when = '']) => ({ event, fields: names(fields), kept: when.endsWith('Kept') }),
)

describe('the log in docs/operate.md', () => {
  it('has each event once, with its fields', () => {
    const documented = rows.map(({ event, fields }) => [event, fields.toSorted()])
    const real = Object.entries(EVENTS).map(([event, fields]) => [event, [...fields].toSorted()])
    expect(documented.toSorted()).toEqual(real.toSorted())
  })

  it('says which of them are kept', () => {
    const documented = rows.filter(({ kept }) => kept).map(({ event }) => event)
    expect(documented.toSorted()).toEqual(Object.keys(KEPT).toSorted())
  })

  it('has the columns of the counts', () => {
    const columns = [...text.matchAll(/^\| `((?:blob|double)\d+)` \| `([a-z_.]+)` \|$/gm)].map(
      ([, ...column]) => column,
    )
    expect(columns).toEqual([
      ...BLOBS.map((field, n) => [`blob${n + 1}`, field]),
      ...DOUBLES.map((field, n) => [`double${n + 1}`, field]),
    ])
  })
})
