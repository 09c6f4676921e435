// What happened lately, as people read it: one line per app and event on a day. A person can hold several grants of an app,
// and each tells of itself.
import type { Activity } from '../people/activity.ts'

const OF_GRANTS: readonly Activity['kind'][] = [
  'allowed',
  'refreshed',
  'revoked_by_user',
  'revoked_by_client',
  'revoked_by_owner',
  'account_erased',
  'not_allowed',
  'code_replayed',
  'token_replayed',
]

/** The newest first. */
export function byAppAndDay(activity: readonly Activity[]): Activity[] {
  const groups = Map.groupBy(activity, (one) =>
    OF_GRANTS.includes(one.kind) ? JSON.stringify([one.kind, one.about, one.place, dayOf(one)]) : one,
  )
  return [...groups.values()].map(inOne).sort((a, b) => b.at - a.at)
}

function inOne(group: readonly Activity[]): Activity {
  const at = Math.max(...group.map((one) => one.at))
  const times = group.reduce((sum, one) => sum + one.times, 0)
  return { ...(group[0] as Activity), at, times }
}

function dayOf({ at }: Activity): string {
  return new Date(at).toISOString().slice(0, 10)
}
