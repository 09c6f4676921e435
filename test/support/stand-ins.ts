// Sites of the internet that are on this computer: the Worker's requests to them go where a test has said.
import { env } from 'cloudflare:workers'

const { STAND_INS = '{}' } = env as unknown as Record<string, string>
/** Who answers for a host, by origin. */
const standIns: Readonly<Record<string, string | undefined>> = JSON.parse(STAND_INS)

const internet = globalThis.fetch
globalThis.fetch = (input, init) => {
  const request = new Request(input, init)
  const { host, pathname, search } = new URL(request.url)
  const standIn = standIns[host]
  if (standIn === undefined) return internet(request)
  return internet(new Request(`${standIn}/${host}${pathname}${search}`, request))
}
