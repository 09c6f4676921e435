// The way to the object that decides. An isolate does not ask it again before another alert of a kind can be due, so that
// a flood of failed sign-ins costs few requests.
import { logError } from '../log/log.ts'
import { inJurisdiction } from '../settings/jurisdiction.ts'
import type { AlertObject, Report } from './object.ts'
import type { AlertKind } from './rules.ts'

const MINUTE_MS = 60_000

/** By kind; the kinds are few. */
const quiet = new Map<AlertKind, number>()

/** Whether an alert is due now. Where the object does not answer, this isolate decides for itself. */
export async function isDue(env: Env, report: Report): Promise<boolean> {
  const { kind } = report
  if (isQuiet(kind)) return false
  try {
    const { due, quietUntil } = await objectOf(env).report(report)
    quiet.set(kind, quietUntil)
    return due
  } catch (error) {
    logError(error, { part: 'alerts' })
    // A theft is not kept quiet because storage fails. What takes several events cannot be known.
    if (report.enough > 1 || isQuiet(kind)) return false
    quiet.set(kind, Date.now() + MINUTE_MS)
    return true
  }
}

function isQuiet(kind: AlertKind): boolean {
  return Date.now() < (quiet.get(kind) ?? 0)
}

function objectOf(env: Env): DurableObjectStub<AlertObject> {
  return inJurisdiction(env, env.ALERTS).getByName('alerts')
}
