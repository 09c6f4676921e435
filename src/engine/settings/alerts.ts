// Where alerts go, and when the KV writes of a day are nearly used up.
import { isSecure } from './secure-address.ts'
import { requireSetting, SettingsError } from './setting.ts'

export interface AlertTarget {
  readonly url: string
  /** Signs each message (standardwebhooks.com). */
  readonly key: Uint8Array<ArrayBuffer>
}

/** The free plan's. */
const FREE_KV_WRITES = '1000'

/** Undefined without ALERT_WEBHOOK. @throws SettingsError */
export function readAlerts(env: Env): AlertTarget | undefined {
  // A secret, since the address of a chat's webhook lets anyone write there. The type of env has it only where it is set.
  const url: unknown = Reflect.get(env, 'ALERT_WEBHOOK')
  if (url === undefined || url === '') return undefined
  if (typeof url !== 'string' || !URL.canParse(url) || !isSecure(new URL(url))) {
    throw new SettingsError('ALERT_WEBHOOK is not an https address.')
  }
  return { url, key: readKey(requireSetting(env, 'ALERT_SECRET')) }
}

function readKey(secret: string): Uint8Array<ArrayBuffer> {
  const [, text] = /^whsec_([A-Za-z0-9+/]{32,}={0,2})$/.exec(secret) ?? []
  if (text === undefined) {
    throw new SettingsError(
      'ALERT_SECRET is not "whsec_" and 24 random bytes or more in base64. Make one: echo "whsec_$(openssl rand -base64 32)"',
    )
  }
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/** Undefined for a plan without such a limit. @throws SettingsError */
export function readDailyKvWrites(value: string | undefined): number | undefined {
  const text = value ?? FREE_KV_WRITES
  if (text === '') return undefined
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new SettingsError('DAILY_KV_WRITES must be a number such as "1000", or empty for no limit.')
}
