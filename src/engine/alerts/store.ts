// The way to the object that decides. An isolate does not ask it again before another alert of a kind can be due, so that
// a flood of failed sign-ins costs few requests. It hears of each event that is worth an alert by itself.
import { logError } from '../log/log.ts'
import { inJurisdiction } from '../settings/jurisdiction.ts'
import type { AlertObject, Report } from './object.ts'
import type { AlertKind } from './rules.ts'

/** By kind; the kinds are few. */
const quiet = new Map<AlertKind, number>()

/** Whether an alert is due now. */
export async function isDue(env: Env, report: Report): Promise<boolean> {
  const { kind, enough } = report
  if (Date.now() < (quiet.get(kind) ?? 0)) return false
  try {
    const { due, quietUntil } = await objectOf(env, kind).report(report)
    if (enough > 1) quiet.set(kind, quietUntil)
    return due
  } catch (error) {
    logError(error, { part: 'alerts' })
    // A theft is not kept quiet because storage fails. What takes several events cannot be known.
    return enough === 1
  }
}

function objectOf(env: Env, kind: AlertKind): DurableObjectStub<AlertObject> {
  return inJurisdiction(env, env.ALERTS).getByName(kind)
}
