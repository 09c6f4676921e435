// What grows with what is kept, and what must not: clients and grants, tools, notes. The small and the large run side by
// side.
import { type Build, ours, peer, withTools } from '../build.ts'
import type { Client } from '../client.ts'
import { type Contender, withContenders } from '../contender.ts'
import { drive } from '../load.ts'
import { toolsList } from '../mcp.ts'
import type { Goal, Section, Table } from '../report.ts'
import { median, ratio } from '../statistics.ts'
import { cpuInTurns, cpuOf, cpuPerRequest, type Work } from './rounds.ts'

const CLIENTS = [10, 100_000] as const
/**
 * Beyond so many, only records in KV are added: each object has a database of its own, and shares nothing. One person may
 * approve a hundred times a day, with what is measured.
 */
const WHOLE = 20
const TOOLS = [1, 50, 500] as const
const NOTES = [100, 10_000] as const
/** What still counts as flat, from the least to the most. */
const FLAT = 1.5
/** What a list of the most tools may cost, of the twin's. */
const LIST = 3

/** By Worker, such as `ours 100`: microseconds of CPU, in each round. */
type Measured = Readonly<Record<string, readonly number[]>>

export async function measureGrowth(): Promise<Section> {
  const clients = await withClients()
  const tools = await withMoreTools()
  const notes = await withNotes()
  return {
    title: 'Growth',
    tables: [clients.table, tools.table, notes.table],
    drawn: [],
    goals: [
      { rule: `a call and a refresh are flat in clients and grants, within ${FLAT} ×`, ...clients },
      { rule: `a call is flat in tools, within ${FLAT} ×`, ...tools },
      { rule: `a list of ${TOOLS.at(-1)} tools costs at most ${LIST} × the twin’s`, ...tools.list },
      { rule: `the newest notes are flat in notes, within ${FLAT} ×`, ...notes },
    ],
  }
}

type Verdict = Omit<Goal, 'rule'>

interface Outcome extends Verdict {
  readonly table: Table
}

async function withClients(): Promise<Outcome> {
  return withContenders({ ...each(CLIENTS, 'ours', ours), ...each(CLIENTS, 'peer', peer) }, async (all) => {
    await forEach(all, fillWithClients)
    const turns = { rounds: 16, count: 50, warmUp: 800 }
    const call: Measured = await cpuPerRequest(all, (one) => one.call('whoami'), turns)
    const refresh: Measured = await cpuInTurns(all, refreshes, { rounds: 10, count: 12, warmUp: 30 })
    const allow: Measured = await cpuInTurns(all, approvals, { rounds: 10, count: 2, warmUp: 6 })
    const factors = [call, refresh].map((one) => rise(one, 'ours', CLIENTS))
    return {
      table: {
        columns: [
          'clients and grants',
          ...['', 'peer: '].flatMap((whose) => [`${whose}call, µs CPU`, ...STEPS]),
        ],
        rows: CLIENTS.map((count) => [
          count.toLocaleString('en'),
          ...['ours', 'peer'].flatMap((name) =>
            [call, refresh, allow].map((one) => typical(one, name, count)),
          ),
        ]),
      },
      ...flat(factors, CLIENTS),
    }
  })
}

const STEPS = ['refresh', 'ask and allow']

/** Some clients come as they do; the others as copies of their records. */
async function fillWithClients(one: Contender, count: number): Promise<void> {
  for (let clients = 1; clients < Math.min(count, WHOLE); clients++) await one.client?.connect()
  const samples = [...one.storage.entries()].filter(([name]) => /^(client|grant):/.test(name)).slice(0, 2)
  const copies = function* () {
    for (let copy = WHOLE; copy < count; copy++) {
      for (const [name, value] of samples)
        yield [`${name.slice(0, 10)}-${copy}-${name.slice(10)}`, value] as const
    }
  }
  one.storage.fill(copies())
}

const refreshes: Work = async (one, count) => {
  const client = one.client as Client
  let tokens = await client.connect()
  return cpuOf(one, async () => {
    for (let done = 0; done < count; done++) tokens = await client.refresh(tokens)
  })
}

const approvals: Work = async (one, count) => {
  const client = one.client as Client
  return cpuOf(one, async () => {
    for (let done = 0; done < count; done++) await client.allow(await client.ask())
  })
}

async function withMoreTools(): Promise<Outcome & { list: Verdict }> {
  // The counts of a Worker follow one another, so that they meet the same in each round.
  const builds = Object.fromEntries(
    (['twin', 'ours', 'peer'] as const).flatMap((name) =>
      TOOLS.map((count) => [`${name} ${count}`, withTools(count)[name]] as const),
    ),
  )
  return withContenders(builds, async (all) => {
    const turns = { rounds: 16, count: 40, warmUp: 400 }
    const call: Measured = await cpuPerRequest(all, (one) => one.call('whoami'), turns)
    const lists = { rounds: 12, count: 16, warmUp: 80 }
    const list: Measured = await cpuPerRequest(all, ({ token }) => toolsList(token), lists)
    const most = TOOLS.at(-1) as number
    const factor = ratio(of(list, 'ours', most), of(list, 'twin', most)).median
    return {
      table: {
        columns: [
          'tools',
          ...['call, µs CPU', 'list'].flatMap((what) => [`twin: ${what}`, 'Gatehouse', 'peer']),
        ],
        rows: TOOLS.map((count) => [
          String(count),
          ...[call, list].flatMap((one) => ['twin', 'ours', 'peer'].map((name) => typical(one, name, count))),
        ]),
      },
      ...flat([rise(call, 'ours', TOOLS)], TOOLS),
      list: { reached: factor <= LIST, measured: `${factor.toFixed(2)} ×` },
    }
  })
}

async function withNotes(): Promise<Outcome> {
  return withContenders(each(NOTES, 'ours', ours), async (all) => {
    await forEach(all, async (one, count) => {
      const add = () => one.call('add_note', { text: 'A note about nothing in particular.' })
      await drive(one.connection, add, { requests: count, concurrency: 8 })
    })
    const turns = { rounds: 24, count: 20, warmUp: 800 }
    const list: Measured = await cpuPerRequest(all, (one) => one.call('list_notes'), turns)
    const nowhere = { text: 'what is not there' }
    const search: Measured = await cpuPerRequest(all, (one) => one.call('search_notes', nowhere), turns)
    return {
      table: {
        columns: ['notes', 'list the newest 20, µs CPU', 'search all'],
        rows: NOTES.map((count) => [
          count.toLocaleString('en'),
          typical(list, 'ours', count),
          typical(search, 'ours', count),
        ]),
      },
      ...flat([rise(list, 'ours', NOTES)], NOTES),
    }
  })
}

/** One for each count, named `ours 10` and so on. */
function each(counts: readonly number[], name: string, build: Build): Record<string, Build> {
  return Object.fromEntries(counts.map((count) => [`${name} ${count}`, build]))
}

async function forEach(
  all: Readonly<Record<string, Contender>>,
  act: (one: Contender, count: number) => Promise<void>,
): Promise<void> {
  const acts = Object.entries(all).map(([name, one]) => act(one, Number(name.split(' ')[1])))
  await Promise.all(acts)
}

function of(measured: Measured, name: string, count: number): readonly number[] {
  return measured[`${name} ${count}`] ?? []
}

function typical(measured: Measured, name: string, count: number): string {
  return median(of(measured, name, count)).toFixed(0)
}

/** From the least to the most, as the rounds say in which both were measured. */
function rise(measured: Measured, name: string, counts: readonly number[]): number {
  const [least = 0, most = 0] = [counts[0], counts.at(-1)]
  return ratio(of(measured, name, most), of(measured, name, least)).median
}

function flat(factors: readonly number[], counts: readonly number[]): Verdict {
  const [least, most] = [counts[0], counts.at(-1)].map((count) => count?.toLocaleString('en'))
  return {
    reached: factors.every((factor) => factor <= FLAT),
    measured: `× ${factors.map((factor) => factor.toFixed(2)).join(', × ')} from ${least} to ${most}`,
  }
}
