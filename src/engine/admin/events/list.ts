// What happened lately, as far as the owner asks for it: the rows of the audit object, and those of `npm run client`.
import { orUnavailable } from '../../http/errors.ts'
import type { KeptRow, Wanted } from '../../log/audit-object.ts'
import { recentEvents } from '../../log/audit-store.ts'
import { logError } from '../../log/log.ts'
import { scriptEvents } from '../../log/script-store.ts'
import type { Happened } from '../../pages/event-words.tsx'
import { findPerson } from '../directory/store.ts'
import type { Names } from '../overview.ts'
import type { Listed } from './download.ts'
import { fits } from './query.ts'

const SHOWN = 30
/** What one list of KV returns. */
const SCRIPT_ROWS = 1000
/** More than the audit object keeps. */
const ALL = 10_000

/** Undefined when they cannot be read: nothing else of the page hangs on them. */
export async function happened(
  env: Env,
  methods: Names,
  asked: Wanted,
): Promise<{ known: Happened[]; strangers: Happened[] } | undefined> {
  const reading = read(env, asked, SHOWN)
  const recent = await reading.catch((error: unknown) => logError(error, { part: 'audit' }))
  if (!recent) return undefined
  const { known, strangers } = recent
  const names = await ownersIn(env, [...known, ...strangers])
  const readable = ({ fields, ...row }: KeptRow): Happened => {
    const { method, ...others } = JSON.parse(fields)
    const actorName = names.get(others.actor)
    return {
      ...row,
      actorName,
      fields: { ...others, ...(method !== undefined && { method: methods(method) }) },
    }
  }
  return { known: known.map(readable), strangers: strangers.map(readable) }
}

/** All of them, the newest first. @throws OAuthError 503 */
export async function everything(env: Env, asked: Wanted): Promise<Listed[]> {
  const { known, strangers } = await orUnavailable(read(env, asked, ALL))
  return [
    ...known.map((row) => ({ ...row, strangers: false })),
    ...strangers.map((row) => ({ ...row, strangers: true })),
  ].sort((a, b) => b.at - a.at)
}

async function read(env: Env, asked: Wanted, limit: number) {
  const [{ known, strangers }, byScript] = await Promise.all([
    recentEvents(env, limit, asked),
    scriptEvents(env, SCRIPT_ROWS),
  ])
  const all = [...known, ...byScript.filter((row) => fits(asked, row))]
  return { known: all.toSorted((a, b) => b.at - a.at).slice(0, limit), strangers }
}

/** What the directory calls the owners who did these. The page works without. */
async function ownersIn(env: Env, rows: readonly KeptRow[]): Promise<ReadonlyMap<unknown, string>> {
  const actors = new Set(rows.flatMap(({ fields }): string[] => JSON.parse(fields).actor ?? []))
  const entries = await Promise.all([...actors].map((actor) => findPerson(env, actor).catch(() => undefined)))
  return new Map(entries.flatMap((entry) => (entry ? [[entry.userId, entry.name]] : [])))
}
