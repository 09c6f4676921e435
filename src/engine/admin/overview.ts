// What the owner is shown: a page of the people, one person, and a page of the registrations.
import { appsOf } from '../account/apps.ts'
import { listRegistrations, type Registration } from '../oauth/clients/overview-store.ts'
import { destinationOf } from '../oauth/endpoints/authorization-response.ts'
import { describeGrants, grantIdsOf } from '../oauth/grants/user-store.ts'
import type { Registered } from '../pages/admin-apps.tsx'
import type { ListedPerson } from '../pages/admin-people.tsx'
import type { ShownPerson } from '../pages/admin-person.tsx'
import type { Part } from '../pages/part.tsx'
import { accountOf } from '../people/account-store.ts'
import { orPage } from '../people/session.ts'
import type { Gate } from '../settings/resources.ts'
import type { Entry } from './directory/object.ts'
import { type Asked, findPerson, searchPeople } from './directory/store.ts'

const REGISTRATIONS = 20

/** What login methods are called, by their ids. */
export type Names = (method: string) => string

/** @throws OAuthError 503 · PageError 503 */
export async function people(env: Env, asked: Asked, methods: Names): Promise<Part<ListedPerson>> {
  const { people: found, next } = await searchPeople(env, asked)
  return { shown: await Promise.all(found.map((entry) => listed(env, entry, methods))), next }
}

async function listed(env: Env, entry: Entry, methods: Names): Promise<ListedPerson> {
  const { userId } = entry
  return { ...entry, method: methods(entry.method), ...(await orPage(accountOf(env, userId).standing())) }
}

/** @param from of the apps, what an earlier page gave as its next @throws OAuthError 503 · PageError 503 */
export async function person(
  env: Env,
  gate: Gate,
  { userId, from }: { userId: string; from: string | undefined },
  methods: Names,
): Promise<ShownPerson> {
  const [entry, standing, { apps, grants }] = await Promise.all([
    findPerson(env, userId),
    orPage(accountOf(env, userId).standing()),
    appsOf(env, gate, userId, from),
  ])
  const identity = grants[0]?.record.identity
  const method = entry?.method ?? identity?.method
  return {
    userId,
    name: entry?.name ?? identity?.name,
    method: method === undefined ? undefined : methods(method),
    joinedAt: entry?.joinedAt,
    seenAt: entry?.seenAt,
    apps,
    passkeys: standing.passkeys,
    tokens: standing.tokens,
    isDisabled: standing.isDisabled,
  }
}

/** What the directory calls a person, or what they approved last; undefined where neither knows. @throws OAuthError 503 */
export async function nameOfPerson(env: Env, userId: string): Promise<string | undefined> {
  const entry = await findPerson(env, userId)
  if (entry) return entry.name
  const [grant] = await describeGrants(env, (await grantIdsOf(env, userId)).slice(0, 1))
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
