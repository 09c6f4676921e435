// One alert on its way: a POST with a text that Slack shows, signed as Standard Webhooks has it
// (standardwebhooks.com: HMAC-SHA-256 over `id.timestamp.body`).
import { NAME } from '#config'
import { fetchOutside } from '../http/outgoing.ts'
import { log } from '../log/log.ts'
import type { AlertTarget } from '../settings/alerts.ts'
import type { Settings } from '../settings/load.ts'
import { type About, type AlertKind, RULES } from './rules.ts'

const TIMEOUT_MS = 5000
const encoder = new TextEncoder()

/**
 * Sends it once. What fails leaves a line in the log; the next alert of its kind can be due a minute later.
 * @param events the first of those that it is about @param count how many they are
 */
export async function sendAlert(
  { alerts, publicUrl }: Settings,
  kind: AlertKind,
  events: readonly About[],
  count = events.length,
): Promise<void> {
  if (!alerts) return
  const body = JSON.stringify(messageOf(publicUrl, kind, events, count))
  const headers = await headersOf(alerts, body)
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  // A redirect would take the message to an address that the owner has not chosen.
  const init = { method: 'POST', headers, body, signal, redirect: 'manual' } as const
  const response = await fetchOutside(alerts.url, init).catch(() => undefined)
  await response?.body?.cancel()
  if (response?.ok) return
  log('alert.failed', {
    alert: kind,
    reason: response ? 'refused' : 'no_answer',
    ...(response && { status: response.status }),
  })
}

function messageOf(
  publicUrl: string | undefined,
  kind: AlertKind,
  [first, ...others]: readonly About[],
  count: number,
) {
  const times = count > 1 ? ` This happened ${count} times within a minute.` : ''
  const where = publicUrl === undefined ? '' : ` ${publicUrl}/admin/events`
  return {
    text: `${NAME}: ${RULES[kind].text}${times}${where}`,
    type: kind,
    timestamp: new Date().toISOString(),
    data: { server: publicUrl, ...first, ...(others.length > 0 && { others }) },
  }
}

async function headersOf({ key }: AlertTarget, body: string): Promise<Record<string, string>> {
  const id = `msg_${crypto.randomUUID()}`
  const timestamp = String(Math.floor(Date.now() / 1000))
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const signer = await crypto.subtle.importKey('raw', key, hmac, false, ['sign'])
  const mac = await crypto.subtle.sign('HMAC', signer, encoder.encode(`${id}.${timestamp}.${body}`))
  return {
    'Content-Type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${btoa(String.fromCharCode(...new Uint8Array(mac)))}`,
  }
}
