// The log as `npm run dev` shows it at a terminal.
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readableLog } from '../../scripts/readable-log.ts'

const user = `user_${'a'.repeat(43)}`
const shown = (line: string) => stripVTControlCharacters(readableLog(line, '09:41:07') ?? 'as it is')

describe('a line of the log', () => {
  it('has time, event, user, client, tool, outcome and duration', () => {
    const line = { event: 'tool.called', user, client: 'c_1', tool: 'add_note', outcome: 'ok', ms: 12 }
    expect(shown(JSON.stringify(line))).toBe(
      '09:41:07  tool.called         user_aaaaaaaa…  c_1  tool=add_note  outcome=ok  12 ms',
    )
  })

  it('joins a list with spaces', () => {
    expect(shown('{"event":"consent.allowed","scopes":["a","b"]}')).toContain('scopes=a b')
  })

  it.each(['Listening', '{"other":1}', '{"event":', '', '[1]'])(
    'stays as it is if it is no event: %s',
    (line) => {
      expect(shown(line)).toBe('as it is')
    },
  )
})
