// What the owner did with `npm run client`, which reaches KV and no object: one record for each, which the owner's page
// shows among the rows of the audit object. A record is all metadata, so that one list reads them.
import type { KeptRow } from './audit-object.ts'
import type { AuditEvent } from './events.ts'

const PREFIX = 'audit:'
/** As long as the audit object keeps its rows. */
const KEEP_SECONDS = 90 * 24 * 60 * 60
/** KV lists by name, and the newest comes first. 16 digits have room for every date. */
const END_OF_TIME_MS = 8.64e15

type ScriptEvent = Extract<AuditEvent, `client.${'registered' | 'updated' | 'removed'}`>

/** An entry of KV, as `wrangler kv bulk put` takes it. */
export interface ScriptRecord {
  readonly key: string
  readonly value: ''
  readonly expiration_ttl: number
  readonly metadata: KeptRow
}

/**
 * The record of an event.
 * @param client its id and its name, at most 100 characters
 * @param operator whose computer it was, in its own words, at most 100 characters: KV takes 1,024 bytes
 */
export function scriptRecord(
  event: ScriptEvent,
  { id, name }: { id: string; name: string | undefined },
  operator: string | undefined,
): ScriptRecord {
  const at = Date.now()
  return {
    key: `${PREFIX}${String(END_OF_TIME_MS - at).padStart(16, '0')}:${crypto.randomUUID()}`,
    value: '',
    expiration_ttl: KEEP_SECONDS,
    metadata: {
      at,
      event,
      fields: JSON.stringify({ client: id, by: 'script' }),
      person: operator ?? null,
      app: name ?? null,
      times: 1,
    },
  }
}

/** The newest, up to a minute late. @throws whatever KV throws */
export async function scriptEvents({ RECORDS }: Env, limit: number): Promise<KeptRow[]> {
  const { keys } = await RECORDS.list<KeptRow>({ prefix: PREFIX, limit })
  return keys.flatMap(({ metadata }) => metadata ?? [])
}
