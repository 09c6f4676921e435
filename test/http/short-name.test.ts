// The name that an app keeps the server under: on the home page, and in what `npm run dev` prints.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shortName } from '#engine/pages/short-name.ts'

describe('the short name of a server', () => {
  it.each([
    ['Gatehouse', 'gatehouse'],
    ["O'Brien & Söhne <b>", 'o-brien-sohne-b'],
    ['(Shopping list)', 'shopping-list'],
    ['東京のメモ', 'mcp-server'],
    ['🦊', 'mcp-server'],
  ])('of %s is %s', (name, short) => {
    expect(shortName(name)).toBe(short)
  })

  it('is one that terminals and apps take, whatever the name is', () => {
    const names = fc.string({ unit: 'binary' })
    fc.assert(fc.property(names, (name) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(shortName(name))))
  })
})
