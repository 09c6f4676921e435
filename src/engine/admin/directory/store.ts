// The way to the directory. Sign-in tells it after the answer; an erasure is not complete before it has.
import type { MiddlewareHandler } from 'hono'
import type { ExportData } from '../../account/export/data.ts'
import type { AppEnv, SignedIn } from '../../http/app-env.ts'
import { displayable } from '../../http/displayable.ts'
import { orUnavailable } from '../../http/errors.ts'
import { logError } from '../../log/log.ts'
import type { Forget } from '../../people/account-object.ts'
import { inJurisdiction } from '../../settings/jurisdiction.ts'
import type { DirectoryObject, Entry, Search } from './object.ts'

const PAGE = 20

/** Tells the directory who has signed in, after the answer. */
export const noteSignIns: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  const person = c.get('signedIn')
  if (person) c.executionCtx.waitUntil(noteSignIn(c.env, person).catch(logError))
}

async function noteSignIn(env: Env, { userId, name, method, expiresAt }: SignedIn): Promise<void> {
  await objectOf(env).signedIn({ userId, name, method, expiresAt })
}

/** @param forget how tools delete what they keep of a person. Returns how everything does. */
export function withDirectory(forget: Forget): Forget {
  return async (env, userId) => {
    await forget(env, userId)
    await objectOf(env).forget(userId)
  }
}

/** @param exportData what tools keep of a person. Returns that, and what the directory has */
export function withDirectoryEntry(exportData: ExportData): ExportData {
  return async (env, userId) => {
    const [entry, tools] = await Promise.all([findPerson(env, userId), exportData(env, userId)])
    const time = (at: number) => new Date(at).toISOString()
    const directory = entry && {
      name: entry.name,
      method: entry.method,
      joined_at: time(entry.joinedAt),
      last_sign_in_at: time(entry.seenAt),
    }
    return { directory, tools }
  }
}

/** @throws OAuthError 503 */
export async function findPerson(env: Env, userId: string): Promise<Entry | undefined> {
  return orUnavailable(objectOf(env).find(userId))
}

export interface Asked {
  /** What the owner has typed; see Search. */
  readonly text: string
  readonly guests: boolean
  /** What an earlier page gave as its next. */
  readonly from: string | undefined
}

/** A page of 20. @throws OAuthError 503 */
export async function searchPeople(
  env: Env,
  { text, guests, from = '' }: Asked,
): Promise<{ people: Entry[]; next: string | undefined }> {
  const before = /^\d{1,15}$/.test(from) ? Number(from) : Number.MAX_SAFE_INTEGER
  // SQLite ends a text at its first NUL.
  const search: Search = { text: displayable(text) ?? '', guests, before }
  const found = await orUnavailable(objectOf(env).search(search, PAGE + 1))
  const people = found.slice(0, PAGE)
  return { people, next: found.length > PAGE ? String(people.at(-1)?.number) : undefined }
}

function objectOf(env: Env): DurableObjectStub<DirectoryObject> {
  return inJurisdiction(env, env.DIRECTORY).getByName('people')
}
