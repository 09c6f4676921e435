// What the owner is shown: a page of the people, one of the registrations, and what happened lately.
import { groupByClient } from '../account/apps.ts'
import type { KeptRow } from '../log/audit-object.ts'
import { recentEvents } from '../log/audit-store.ts'
import { logError } from '../log/log.ts'
import { scriptEvents } from '../log/script-store.ts'
import { listRegistrations, type Registration } from '../oauth/clients/overview-store.ts'
import { destinationOf } from '../oauth/endpoints/authorization-response.ts'
import { listHolders } from '../oauth/grants/list-store.ts'
import { describeGrants, grantIdsOf } from '../oauth/grants/user-store.ts'
import type { Happened, Person, Registered } from '../pages/admin.tsx'

const PEOPLE = 20
const REGISTRATIONS = 20
const EVENTS = 200
/** How many grants of one person are looked at. */
const GRANTS = 20

/** Something to show, and the word with which the next page is asked for; undefined where there is none. */
export interface Part<T> {
  readonly shown: readonly T[]
  readonly next: string | undefined
}

/** @param position what an earlier page gave as its next @throws OAuthError 503 */
export async function people(env: Env, position: string | undefined, methods: Names): Promise<Part<Person>> {
  const [offset, cursor] = read(position)
  const { holders, next } = await orFromTheBeginning((from) => listHolders(env, from), cursor)
  const here = holders.slice(offset, offset + PEOPLE)
  const shown = await Promise.all(here.map(({ userId, name }) => person(env, userId, name, methods)))
  const further = holders.length > offset + PEOPLE
  return {
    // KV may list what is over already.
    shown: shown.filter(({ apps, unseen }) => apps.length + unseen > 0),
    next: further ? write(offset + PEOPLE, cursor) : next && write(0, next),
  }
}

/** What login methods are called, by their ids. */
export type Names = (method: string) => string

async function person(env: Env, userId: string, name: string, methods: Names): Promise<Person> {
  const ids = await grantIdsOf(env, userId)
  const grants = await describeGrants(env, ids.slice(0, GRANTS))
  const identity = grants[0]?.record.identity
  return {
    userId,
    name: identity?.name ?? name,
    method: methods(identity?.method ?? ''),
    apps: groupByClient(grants),
    unseen: Math.max(ids.length - GRANTS, 0),
  }
}

/** What a person is called in what they approved last; undefined where nothing of that lives. @throws OAuthError 503 */
export async function nameOfPerson(env: Env, userId: string): Promise<string | undefined> {
  const ids = await grantIdsOf(env, userId)
  const [grant] = await describeGrants(env, ids.slice(0, 1))
  return grant?.record.identity.name
}

/** @param position what an earlier page gave as its next @throws OAuthError 503 */
export async function registrations(env: Env, position: string | undefined): Promise<Part<Registered>> {
  const [prefix, cursor] = read(position)
  const list = await orFromTheBeginning(
    (from) => listRegistrations(env, REGISTRATIONS, { prefix, cursor: from }),
    cursor,
  )
  return {
    shown: list.registrations.map(registered),
    next: list.next && write(list.next.prefix, list.next.cursor),
  }
}

function registered({ key, kind, clientId, name, redirectUris, since }: Registration): Registered {
  return {
    key,
    kind,
    name,
    describedAt: kind === 'described' ? new URL(clientId).host : undefined,
    answersGoTo: [...new Set(redirectUris.map(destinationOf))],
    since,
  }
}

/** Undefined when they cannot be read: nothing else of the page hangs on them. */
export async function happened(
  env: Env,
  methods: Names,
): Promise<{ known: Happened[]; strangers: Happened[] } | undefined> {
  const reading = Promise.all([recentEvents(env, EVENTS), scriptEvents(env, EVENTS)])
  const recent = await reading.catch((error: unknown) => logError(error, { part: 'audit' }))
  if (!recent) return undefined
  const [{ known, strangers }, byScript] = recent
  const all = [...known, ...byScript].toSorted((a, b) => b.at - a.at).slice(0, EVENTS)
  const readable = ({ fields, ...row }: KeptRow): Happened => {
    const { method, ...others } = JSON.parse(fields)
    return { ...row, fields: { ...others, ...(method !== undefined && { method: methods(method) }) } }
  }
  return { known: all.map(readable), strangers: strangers.map(readable) }
}

// A cursor that KV does not take is as good as none; and if it is KV that fails, it does so again.
function orFromTheBeginning<T>(
  list: (cursor: string | undefined) => Promise<T>,
  cursor: string | undefined,
): Promise<T> {
  return list(cursor).catch((error: unknown) => {
    if (cursor === undefined) throw error
    return list(undefined)
  })
}

// A number and a cursor of KV, as one word of a query.
function write(number: number, cursor: string | undefined): string {
  return `${number}~${cursor ?? ''}`
}

function read(position: string | undefined): [number, string | undefined] {
  const [, number = '0', cursor] = /^(\d{1,4})~(.*)$/.exec(position ?? '') ?? []
  return [Number(number), cursor || undefined]
}
