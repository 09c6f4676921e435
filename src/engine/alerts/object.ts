// One Durable Object for each kind of alert decides when one is due. It is one, and not each isolate for itself: isolates
// live for seconds and stand in many places, so that none of them sees ten failed sign-ins, and all of them would alert. It
// keeps three numbers, and for a minute the ids of events that wait for the next alert. Nothing else about users.
import { DurableObject } from 'cloudflare:workers'
import { loadSettings } from '../settings/load.ts'
import type { About, AlertKind } from './rules.ts'
import { sendAlert } from './send.ts'

const MINUTE_MS = 60_000
/** Of events that wait; the alert has the number of all. */
const MAX_WAITING = 20

export interface Report {
  readonly kind: AlertKind
  readonly about: About
  readonly weight: number
  /** From which sum of weights in one window an alert is due. */
  readonly enough: number
  readonly windowMs: number
  readonly oncePerWindow: boolean
}

export interface Verdict {
  /** The caller sends the alert now. */
  readonly due: boolean
  /** No alert of this kind is due before, in milliseconds since the epoch. */
  readonly quietUntil: number
}

interface Kept {
  /** When the window began. */
  readonly window: number
  readonly sum: number
  /** When the last alert was due. */
  readonly alertedAt: number
}

/** Events that came too soon after an alert, where each is worth one. */
interface Waiting {
  readonly kind: AlertKind
  readonly count: number
  readonly first: readonly About[]
}

export class AlertObject extends DurableObject<Env> {
  /** Synchronous from read to write: of fifty reports at once, one is due. */
  report({ kind, about, weight, enough, windowMs, oncePerWindow }: Report): Verdict {
    const now = Date.now()
    const window = now - (now % windowMs)
    const kept = this.ctx.storage.kv.get<Kept>('kept') ?? { window, sum: 0, alertedAt: 0 }
    const sum = (kept.window === window ? kept.sum : 0) + weight
    const quietUntil = oncePerWindow ? endOfWindow(kept.alertedAt, windowMs) : kept.alertedAt + MINUTE_MS
    if (sum < enough || now < quietUntil) {
      this.#keep({ window, sum, alertedAt: kept.alertedAt })
      if (enough === 1) this.#wait(kind, about, quietUntil)
      return { due: false, quietUntil }
    }
    this.#keep({ window, sum: 0, alertedAt: now })
    return { due: true, quietUntil: oncePerWindow ? endOfWindow(now, windowMs) : now + MINUTE_MS }
  }

  /** One alert for all that waited: a user who causes one event does not hide another. */
  override async alarm(): Promise<void> {
    const { kv } = this.ctx.storage
    const waiting = kv.get<Waiting>('waiting')
    const kept = kv.get<Kept>('kept')
    if (!waiting || !kept) return
    kv.delete('waiting')
    this.#keep({ ...kept, alertedAt: Date.now() })
    await sendAlert(loadSettings(this.env), waiting.kind, waiting.first, waiting.count)
  }

  #wait(kind: AlertKind, about: About, until: number): void {
    const { count, first } = this.ctx.storage.kv.get<Waiting>('waiting') ?? { count: 0, first: [] }
    const waiting = { kind, count: count + 1, first: [...first, about].slice(0, MAX_WAITING) }
    this.ctx.storage.kv.put<Waiting>('waiting', waiting)
    this.ctx.storage.setAlarm(until)
  }

  #keep(kept: Kept): void {
    this.ctx.storage.kv.put('kept', kept)
  }
}

function endOfWindow(time: number, windowMs: number): number {
  return time - (time % windowMs) + windowMs
}
