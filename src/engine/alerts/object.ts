// One Durable Object per deployment decides when an alert is due. It is one, and not each isolate for itself: isolates live
// for seconds and stand in many places, so that none of them sees ten failed sign-ins, and all of them would alert. It keeps
// three numbers for each kind of alert, and nothing about users.
import { DurableObject } from 'cloudflare:workers'
import type { AlertKind } from './rules.ts'

const MINUTE_MS = 60_000

export interface Report {
  readonly kind: AlertKind
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

export class AlertObject extends DurableObject<Env> {
  /** Synchronous from read to write: of fifty reports at once, one is due. */
  report({ kind, weight, enough, windowMs, oncePerWindow }: Report): Verdict {
    const now = Date.now()
    const window = now - (now % windowMs)
    const { kv } = this.ctx.storage
    const kept = kv.get<Kept>(kind) ?? { window, sum: 0, alertedAt: 0 }
    const sum = (kept.window === window ? kept.sum : 0) + weight
    const quietUntil = oncePerWindow ? endOfWindow(kept.alertedAt, windowMs) : kept.alertedAt + MINUTE_MS
    if (sum < enough || now < quietUntil) {
      kv.put<Kept>(kind, { window, sum, alertedAt: kept.alertedAt })
      return { due: false, quietUntil }
    }
    kv.put<Kept>(kind, { window, sum: 0, alertedAt: now })
    return { due: true, quietUntil: oncePerWindow ? endOfWindow(now, windowMs) : now + MINUTE_MS }
  }
}

function endOfWindow(time: number, windowMs: number): number {
  return time - (time % windowMs) + windowMs
}
