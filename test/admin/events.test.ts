// The owner's events: filtered by event, person, app and day, and as a file.
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { KeptEvent } from '#engine/log/audit-object.ts'
import { scriptRecord } from '#engine/log/script-store.ts'
import { AdminPage } from '../support/admin.ts'
import { Visitor } from '../support/visitor.ts'

const ADA = `user_${'A'.repeat(43)}`
const BOB = `user_${'b'.repeat(43)}`
/** Names that a spreadsheet would calculate, or split. */
const HOSTILE = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '＝1', 'a","=1', 'a\r\n=1;b,c']

let owner: Visitor

async function keep(event: KeptEvent['event'], fields: object, changes: Partial<KeptEvent> = {}) {
  const kept = {
    event,
    fields: JSON.stringify(fields),
    person: null,
    app: null,
    strangers: false,
    ...changes,
  }
  await env.AUDIT.getByName('audit').keep(kept)
}

/** A table of RFC 4180. */
function parseCsv(text: string): Record<string, string>[] {
  const rows = text.split('\r\n"').map((row) => (row.startsWith('"') ? row : `"${row}`))
  const [head = '', ...others] = rows
  const names = head.replace(/^"/, '').split(',')
  return others.map((row) => {
    const cells = [...row.matchAll(/"((?:[^"]|"")*)"(?:,|\s*$)/g)].map(([, cell = '']) =>
      cell.replaceAll('""', '"'),
    )
    return Object.fromEntries(names.map((name, n) => [name.trim(), cells[n] ?? '']))
  })
}

async function file(ending: 'csv' | 'jsonl', query = ''): Promise<string> {
  const response = await owner.get(`/admin/events/${ending}${query}`)
  expect(response.status).toBe(200)
  return response.text()
}

async function lines(query: string): Promise<Record<string, unknown>[]> {
  const text = await file('jsonl', query)
  return text
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

beforeAll(async () => {
  owner = await Visitor.signedIn()
  await keep(
    'consent.allowed',
    { user: ADA, client: 'client-1', grant: 'g1', scopes: ['notes:read', 'notes:write'] },
    { person: 'Ada', app: 'Notes for Mac' },
  )
  await keep('consent.denied', { user: BOB, client: 'client-2' }, { person: 'Bob', app: 'Calendar' })
  await keep('account.disabled', { user: BOB, by: 'owner', actor: ADA }, { person: 'Bob' })
  await keep(
    'client.registered',
    { client: 'client-1', name: 'Notes for Mac' },
    { app: 'Notes for Mac', strangers: true },
  )
  const { key, metadata } = scriptRecord(
    'client.removed',
    { id: 'client-3', name: 'Nightly build' },
    'ada@laptop',
  )
  await env.RECORDS.put(key, '', { metadata })
})

describe('the events', () => {
  it.each([
    ['an event', '?event=consent.denied', ['consent.denied']],
    ['a name', '?person=ADA&event=consent.allowed', ['consent.allowed']],
    ['an id', `?person=${ADA}`, ['account.disabled', 'consent.allowed']],
    ['an app', '?app=notes+for', ['client.registered', 'consent.allowed']],
    ['the id of an app', '?app=client-2', ['consent.denied']],
    ['what only a script did', '?app=nightly', ['client.removed']],
    ['what fits nothing', '?event=no.such.event', []],
    ['a wildcard that is none', '?person=%25', []],
  ])('are filtered by %s', async (_what, query, expected) => {
    expect((await lines(query)).map(({ event }) => event).sort()).toEqual(expected)
    const page = await AdminPage.of(owner, `/events${query}`)
    if (expected.length === 0) expect(page.part('events')).toContain('No event fits.')
  })

  it('are filtered by days, both part of the range', async () => {
    const today = new Date().toISOString().slice(0, 10)
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
    expect((await lines(`?from=${today}&to=${tomorrow}&event=consent.denied`)).length).toBe(1)
    expect((await lines('?to=2026-01-01')).length).toBe(0)
    expect((await lines('?from=2126-01-01')).length).toBe(0)
    for (const day of ['yesterday', '2026-13-01', '20261129']) {
      expect((await owner.get(`/admin/events?from=${day}`)).status).toBe(400)
      expect((await owner.get(`/admin/events/csv?to=${day}`)).status).toBe(400)
    }
  })

  it('keep what the owner asked for in the form, and lead to the files', async () => {
    const { html } = await AdminPage.of(owner, '/events?person=Ada&event=consent.allowed&from=2026-11-01')
    expect(html).toContain('value="Ada"')
    expect(html).toContain('<option value="consent.allowed" selected')
    expect(html).toMatch(/formaction="\/admin\/events\/csv"[\s\S]*formaction="\/admin\/events\/jsonl"/)
  })

  it('are a file that says what it is', async () => {
    const { headers } = await owner.get('/admin/events/csv')
    expect(headers.get('Content-Type')).toBe('text/csv; charset=utf-8; header=present')
    expect(headers.get('Content-Disposition')).toMatch(/^attachment; filename="events-[\d-]+\.csv"$/)
    expect(headers.get('Cache-Control')).toBe('no-store')
    const [allowed] = parseCsv(await file('csv', '?event=consent.allowed&person=ada'))
    expect(allowed).toMatchObject({
      event: 'consent.allowed',
      person: 'Ada',
      user: ADA,
      scopes: 'notes:read notes:write',
    })
    expect((await lines('?event=client.registered&app=client-1'))[0]).toMatchObject({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      strangers: true,
      client: 'client-1',
    })
  })
})

describe('L3 a file of events', () => {
  it('is no formula for a spreadsheet, and no row or column too many, whatever strangers call themselves', async () => {
    for (const name of HOSTILE) {
      await keep(
        'client.refused',
        { client: name, reason: 'x' },
        { app: name, person: name, strangers: true },
      )
    }
    const text = await file('csv', '?event=client.refused')
    const rows = parseCsv(text)
    expect(rows).toHaveLength(HOSTILE.length)
    for (const row of rows) {
      for (const cell of Object.values(row)) expect(cell).not.toMatch(/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/)
      expect(HOSTILE).toContain(row.app?.replace(/^'/, ''))
      expect(row.reason).toBe('x')
    }
  })
})
