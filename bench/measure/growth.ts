// What grows with what is kept, and what must not: clients and grants, tools, notes.
import { ours, peer, withTools } from '../build.ts'
import { type Contender, withContenders } from '../contender.ts'
import { drive, type Sent } from '../load.ts'
import { toolsList } from '../mcp.ts'
import type { Section, Table } from '../report.ts'
import { median, ratio, show } from '../statistics.ts'
import { cpuPerRequest } from './rounds.ts'

const CLIENTS = [10, 1_000, 100_000]
/** Beyond so many, only records in KV are added: each object has a database of its own, and shares nothing. */
const WHOLE = 500
const TOOLS = [1, 50, 500]
const NOTES = [1, 100, 10_000]
/** What still counts as flat, from the least to the most. */
const FLAT = 1.25

export async function measureGrowth(): Promise<Section> {
  const clients = await withClients()
  const tools = await withMoreTools()
  const notes = await withNotes()
  return {
    title: 'Growth',
    tables: [clients.table, tools.table, notes.table],
    drawn: [],
    goals: [
      { rule: 'a call and a refresh are flat in clients and grants', ...clients },
      { rule: 'a call is flat in tools', ...tools },
      { rule: 'the newest notes are flat in notes', ...notes },
    ],
  }
}

interface Outcome {
  readonly table: Table
  readonly reached: boolean
  readonly measured: string
}

async function withClients(): Promise<Outcome> {
  return withContenders({ ours, peer }, async (contenders) => {
    const rows: { call: number; refresh: number; allow: number }[][] = []
    let clients = 1
    for (const count of CLIENTS) {
      for (; clients < Math.min(count, WHOLE); clients++) {
        await Promise.all(Object.values(contenders).map(({ client }) => client?.connect()))
      }
      for (const one of Object.values(contenders)) fill(one, count)
      rows.push([await clientCosts(contenders.ours), await clientCosts(contenders.peer)])
    }
    const ownCosts = rows.map(([own]) => own as { call: number; refresh: number })
    const factors = [rise(ownCosts.map(({ call }) => call)), rise(ownCosts.map(({ refresh }) => refresh))]
    return {
      table: {
        columns: ['clients and grants', 'call, µs CPU', 'refresh', 'allow', 'peer: call', 'refresh', 'allow'],
        rows: CLIENTS.map((count, at) => [
          count.toLocaleString('en'),
          ...(rows[at] ?? []).flatMap(({ call, refresh, allow }) => [call, refresh, allow].map(whole)),
        ]),
      },
      reached: factors.every((factor) => factor <= FLAT),
      measured: `× ${factors.map((factor) => factor.toFixed(2)).join(', × ')} from first to last`,
    }
  })
}

/** Copies of the records that are there, as of others. */
function fill({ storage }: Contender, count: number): void {
  const samples = [...storage.entries()].filter(([name]) => /^(client|grant):/.test(name)).slice(0, 2)
  const copies = function* () {
    for (let copy = WHOLE; copy < count; copy++) {
      for (const [name, value] of samples)
        yield [`${name.slice(0, 10)}-${copy}-${name.slice(10)}`, value] as const
    }
  }
  storage.fill(copies())
}

async function clientCosts(one: Contender) {
  const client = one.client
  if (!client) throw new Error('Nobody has asked for a token.')
  const call = await cpuOf(one, 600, async () => void (await one.connection.send(one.call('whoami'))))
  let tokens = await client.connect()
  const refresh = await cpuOf(one, 80, async () => {
    tokens = await client.refresh(tokens)
  })
  const allow = await cpuOf(one, 40, async () => void (await client.allow(await client.ask())))
  return { call, refresh, allow }
}

/** The median of a few turns, in microseconds of CPU. */
async function cpuOf(one: Contender, count: number, act: () => Promise<void>): Promise<number> {
  const turns: number[] = []
  for (let turn = 0; turn < 6; turn++) {
    const before = one.workerd.cpu()
    for (let done = 0; done < count / 6; done++) await act()
    turns.push((one.workerd.cpu() - before) / Math.floor(count / 6))
  }
  return median(turns)
}

async function withMoreTools(): Promise<Outcome> {
  const rows: string[][] = []
  const calls: number[] = []
  for (const count of TOOLS) {
    await withContenders(withTools(count), async (contenders) => {
      const turns = { rounds: 10, requests: 100, warmUp: 800 }
      const call = await cpuPerRequest(contenders, (one) => one.call('whoami'), turns)
      const listing = { ...turns, requests: 40, warmUp: 150 }
      const list = await cpuPerRequest({ ours: contenders.ours }, ({ token }) => toolsList(token), listing)
      calls.push(median(call.ours))
      rows.push([
        String(count),
        ...[call.twin, call.ours, call.peer, list.ours].map((values) => whole(median(values))),
        show(ratio(call.ours, call.twin)),
      ])
    })
  }
  return {
    table: {
      columns: [
        'tools',
        'twin: call, µs CPU',
        'Gatehouse: call',
        'peer: call',
        'Gatehouse: list',
        'call × twin',
      ],
      rows,
    },
    reached: rise(calls) <= FLAT,
    measured: `× ${rise(calls).toFixed(2)} from first to last`,
  }
}

async function withNotes(): Promise<Outcome> {
  return withContenders({ ours }, async ({ ours: one }) => {
    const rows: string[][] = []
    const lists: number[] = []
    let notes = 0
    for (const count of NOTES) {
      const add = () => one.call('add_note', { text: 'A note about nothing in particular.' })
      await drive(one.connection, add, { requests: count - notes, concurrency: 8 })
      notes = count
      const cost = (sent: Sent) => cpuOf(one, 240, async () => void (await one.connection.send(sent)))
      const list = await cost(one.call('list_notes'))
      lists.push(list)
      const search = await cost(one.call('search_notes', { text: 'what is not there' }))
      rows.push([count.toLocaleString('en'), whole(list), whole(search)])
    }
    // The first has one note to tell, the others twenty.
    const factor = rise(lists.slice(1))
    return {
      table: { columns: ['notes', 'list the newest 20, µs CPU', 'search all'], rows },
      reached: factor <= FLAT,
      measured: `× ${factor.toFixed(2)} from 100 to 10,000; a search reads every note`,
    }
  })
}

function rise(values: readonly number[]): number {
  return (values.at(-1) as number) / (values[0] as number)
}

function whole(value: number): string {
  return value.toFixed(0)
}
