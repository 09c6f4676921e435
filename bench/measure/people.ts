// The pages of the owner and of a user, among few people and among many: by counts of operations, and by CPU as a multiple
// of one ES256 verification.
import { oursMeasured } from '../build.ts'
import type { Client } from '../client.ts'
import { type Contender, withContenders } from '../contender.ts'
import type { Received, Sent } from '../load.ts'
import type { Section } from '../report.ts'
import { control, type Kind, type Units, unitsOf } from './units.ts'

/** The fewest fill the pages of a list, too. */
const PEOPLE = [100, 1_000, 10_000] as const
/** Each has allowed the same app so often, and so many other apps are registered. */
const GRANTS_OF_A_PERSON = 10
/** Records that are copied into KV: more would measure the memory of the bench. */
const MOST_RECORDS = 100_000
/** The first is a warm-up. What ends or makes a hundred grants is done less often. */
const [ROUNDS, FEW] = [4, 2]
const COUNT = 5
/** What still counts as the same, in CPU. */
const FLAT = 2

interface Found {
  readonly people: number
  readonly seconds: number
  readonly units: Readonly<Record<string, Units>>
}

export async function measurePeople(): Promise<Section> {
  const found: Found[] = []
  for (const people of PEOPLE) {
    found.push(await withContenders({ ours: oursMeasured }, ({ ours }) => measure(ours, people)))
  }
  const names = Object.keys((found[0] as Found).units)
  const [least, most] = [found[0] as Found, found.at(-1) as Found]
  const differing = names.filter((name) => least.units[name]?.operations !== most.units[name]?.operations)
  const rises = names.map(
    (name) => (most.units[name]?.verifications ?? 0) / (least.units[name]?.verifications ?? 1),
  )
  return {
    title: 'People',
    tables: [
      {
        columns: [
          '× one verification, among so many people',
          ...PEOPLE.map((n) => n.toLocaleString('en')),
          'operations on storage',
        ],
        rows: names.map((name) => [
          name,
          ...found.map(({ units }) => (units[name] as Units).verifications.toFixed(0)),
          (most.units[name] as Units).operations,
        ]),
      },
    ],
    goals: [
      {
        rule: 'the same operations among the fewest and the most people',
        reached: differing.length === 0,
        measured: differing.length === 0 ? 'all' : `not: ${differing.join(', ')}`,
      },
      {
        rule: `at most ${FLAT} × the CPU`,
        reached: Math.max(...rises) <= FLAT,
        measured: `at most × ${Math.max(...rises).toFixed(2)}`,
      },
    ],
    drawn: [],
  }
}

async function measure(one: Contender, people: number): Promise<Found> {
  const client = one.client as Client
  const started = performance.now()
  await control(one, `people?from=0&count=${people}`)
  const busy = await registered(client)
  await control(one, `given?client=${busy}&count=${people * GRANTS_OF_A_PERSON}`)
  fillRecords(one, Math.min(people * GRANTS_OF_A_PERSON, MOST_RECORDS))
  const seconds = (performance.now() - started) / 1000
  const user = await ownId(one)
  const kinds = kindsOf(one, client, busy, user, people)
  const units: Record<string, Units> = {}
  for (const [name, kind] of Object.entries(kinds))
    units[name] = await unitsOf(one, kind, kind.rounds ?? ROUNDS)
  console.error(
    `${people} people and ${people * GRANTS_OF_A_PERSON} grants of one app, written in ${seconds.toFixed(0)} s.`,
  )
  return { people, seconds, units }
}

async function registered(client: Client): Promise<string> {
  await client.connect()
  return client.id
}

/** The records of registrations and grants, as many others would have left in KV. */
function fillRecords({ storage }: Contender, count: number): void {
  const samples = [...storage.entries()].filter(([name]) => /^(client|grant):/.test(name)).slice(0, 2)
  const copies = function* () {
    for (let copy = 0; copy < count; copy++) {
      for (const [name, value] of samples) {
        const id = String(copy).padStart(12, '0')
        yield [`${name.slice(0, -12)}${id}`, value] as const
      }
    }
  }
  storage.fill(copies())
}

async function ownId(one: Contender): Promise<string> {
  const { body } = await one.connection.send(one.call('whoami'))
  return /user_[\w-]{43}/.exec(body)?.[0] as string
}

function kindsOf(
  one: Contender,
  client: Client,
  busy: string,
  user: string,
  people: number,
): Record<string, Kind> {
  const headers = { Cookie: client.cookie, Accept: 'text/html' }
  const page = (path: string): Kind => ({
    send: () => expectStatus(one, 200, { path, headers }),
    count: COUNT,
  })
  const press = (path: string, fields: Record<string, string>) => () =>
    expectStatus(one, 303, {
      method: 'POST',
      path,
      headers: {
        ...headers,
        'Content-Type': 'application/x-www-form-urlencoded',
        'Sec-Fetch-Site': 'same-origin',
      },
      body: new URLSearchParams(fields).toString(),
    })
  const last = `user_${String(people - 1).padStart(43, '0')}`
  return {
    'admin: people': page('/admin'),
    'admin: search by name': page('/admin?q=person'),
    'admin: search by id': page(`/admin?q=${last.slice(0, 48)}`),
    'admin: apps': page('/admin/apps'),
    'admin: a person': page(`/admin/person?user=${last}`),
    'account, of a user with a hundred grants': {
      prepare: () => control(one, `grants?user=${user}&client=${busy}&count=100`),
      ...page('/account'),
      count: 1,
      rounds: FEW,
    },
    'Revoke all: one press, which ends a hundred grants': {
      rounds: 1,
      send: press('/account/revoke-all', {}),
      count: 1,
    },
    'Remove an app: one press, which ends a hundred grants': {
      send: press('/admin/remove', { registration: `client:${busy}` }),
      count: 1,
      rounds: FEW,
    },
  }
}

async function expectStatus({ connection }: Contender, expected: number, sent: Sent): Promise<Received> {
  const received = await connection.send(sent)
  if (received.status !== expected)
    throw new Error(`${sent.path} answers ${received.status}: ${received.body}`)
  return received
}
