// Alerts: the few events that an owner wants to hear of at once, sent to ALERT_WEBHOOK after the answer. Taken out by
// removing the line in gatehouse.ts, and the class in src/index.ts and wrangler.toml.
import { env, waitUntil } from 'cloudflare:workers'
import type { Line } from '../log/events.ts'
import { logError } from '../log/log.ts'
import { loadSettings, type Settings } from '../settings/load.ts'
import { type AlertKind, aboutOf, countedFor, RULES } from './rules.ts'
import { sendAlert } from './send.ts'
import { isDue } from './store.ts'

/** Looks at a line of the log. Without ALERT_WEBHOOK, and for most lines, it does nothing. */
export function raiseAlerts(line: Line): void {
  try {
    consider(line)
  } catch (error) {
    logError(error, { part: 'alerts' })
  }
}

function consider(line: Line): void {
  const counted = countedFor(line)
  if (!counted) return
  const settings = loadSettings(env)
  const enough = enoughOf(counted.kind, settings)
  if (!settings.alerts || enough === undefined) return
  const raised = raise(settings, line, { ...counted, enough })
  waitUntil(raised.catch((error: unknown) => logError(error, { part: 'alerts' })))
}

async function raise(
  settings: Settings,
  line: Line,
  counted: { kind: AlertKind; weight: number; enough: number },
): Promise<void> {
  const { windowMs, oncePerWindow } = RULES[counted.kind]
  const about = aboutOf(counted.kind, line)
  if (!(await isDue(env, { ...counted, about, windowMs, oncePerWindow }))) return
  await sendAlert(settings, counted.kind, [about])
}

/** From how many on; undefined for a limit that this deployment does not have. */
function enoughOf(kind: AlertKind, { dailyKvWrites }: Settings): number | undefined {
  const { enough } = RULES[kind]
  if (kind !== 'limit.near') return enough
  return dailyKvWrites && Math.ceil((dailyKvWrites * enough) / 100)
}
