// The way to what a device asks for: by the user code for people, by the device code for the device. A device code is
// `<object id>.<secret>`, and the object keeps the hash of the secret.
import { sha256 } from '../../crypto/digest.ts'
import { randomSecret } from '../../crypto/secrets.ts'
import { OAuthError, orUnavailable } from '../../http/errors.ts'
import { inJurisdiction } from '../../settings/jurisdiction.ts'
import { formatHandle, type Handle } from '../tokens/handle.ts'
import type { DeviceObject, DeviceRequest, Poll, PollOutcome } from './object.ts'
import { randomUserCode } from './user-code.ts'

/** Seconds. Long enough to sign in, short enough that few codes can be guessed at a time. */
export const CODE_LIFETIME = 10 * 60

interface Codes {
  readonly deviceCode: string
  readonly userCode: string
}

/** Keeps what a device asks for, for CODE_LIFETIME. @throws OAuthError 503 */
export async function openRequest(
  env: Env,
  asked: Omit<DeviceRequest, 'codeHash' | 'askedAt' | 'expiresAt'>,
): Promise<Codes> {
  const [secret, userCode, askedAt] = [randomSecret(), randomUserCode(), Date.now()]
  const devices = devicesIn(env)
  const id = devices.idFromName(nameOf(asked.issuer, userCode))
  const request = {
    ...asked,
    codeHash: await sha256(secret),
    askedAt,
    expiresAt: askedAt + CODE_LIFETIME * 1000,
  }
  if (!(await orUnavailable(devices.get(id).begin(request)))) {
    throw new OAuthError('temporarily_unavailable', 'No code is free. Try again.', { retryAfter: 1 })
  }
  return { deviceCode: formatHandle(id.toString(), secret), userCode }
}

/** The object of a user code, which exists for any code. */
export function deviceOf(env: Env, issuer: string, userCode: string): DurableObjectStub<DeviceObject> {
  return devicesIn(env).getByName(nameOf(issuer, userCode))
}

/** What has become of a device code. @throws OAuthError 503 */
export async function pollRequest(
  env: Env,
  { grantId: id, secret }: Handle,
  poll: Omit<Poll, 'codeHash'>,
): Promise<PollOutcome> {
  const device = deviceWithId(env, id)
  if (!device) return { kind: 'refused', reason: 'unknown_token' }
  return orUnavailable(device.poll({ ...poll, codeHash: await sha256(secret) }))
}

// An id that is not one of ours is refused here, without I/O.
function deviceWithId(env: Env, id: string): DurableObjectStub<DeviceObject> | undefined {
  try {
    const devices = devicesIn(env)
    return devices.get(devices.idFromString(id))
  } catch {
    return undefined
  }
}

// A fork without this part may have no such binding.
function devicesIn(env: Env) {
  const { DEVICES } = env as Env & { readonly DEVICES: DurableObjectNamespace<DeviceObject> }
  return inJurisdiction(env, DEVICES)
}

function nameOf(issuer: string, userCode: string): string {
  return `${issuer} ${userCode}`
}
