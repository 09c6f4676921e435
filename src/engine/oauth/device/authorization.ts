// The device authorization endpoint (RFC 8628 §3.1, §3.2): a device without a browser gets a code, which a person types at
// /device. Nothing is written to KV until that person allows it.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { OAuthError, tooOften } from '../../http/errors.ts'
import { withinLimit } from '../../http/limits.ts'
import { readForm } from '../../http/parameters.ts'
import { addressKey, whereFrom } from '../../http/requester.ts'
import { log } from '../../log/log.ts'
import { identifierOf } from '../../settings/resources.ts'
import { authenticateClient } from '../clients/authentication.ts'
import { lookupFor } from '../clients/client.ts'
import { DEVICE_CODE_GRANT } from '../clients/metadata.ts'
import { requireResource } from '../resource.ts'
import { requestedScopes } from '../scopes.ts'
import { INTERVAL } from './object.ts'
import { CODE_LIFETIME, openRequest } from './store.ts'
import { formatUserCode } from './user-code.ts'

export async function authorizeDevice(c: Context<AppEnv>): Promise<Response> {
  if (!c.get('settings').deviceGrant) return c.notFound()
  if (!(await withinLimit(c.env.REGISTRATION_LIMIT, `device ${addressKey(c)}`))) throw tooOften()
  const parameters = (await readForm(c.req.raw)).refuseRepeated('resource')
  const client = await authenticateClient(lookupFor(c), c.req.raw.headers, parameters)
  if (!client.metadata.grant_types.includes(DEVICE_CODE_GRANT)) {
    throw new OAuthError('unauthorized_client', `This client did not register for ${DEVICE_CODE_GRANT}.`)
  }
  const issuer = c.get('issuer')
  const named = requireResource(c.var, parameters.all('resource'))
  const scopes = requestedScopes(named, parameters.get('scope'))
  const resource = identifierOf(issuer, named)
  const asked = { issuer, clientId: client.id, scopes, resource, place: whereFrom(c) }
  const { deviceCode, userCode } = await openRequest(c.env, asked)
  log('device.asked', { client: client.id, scopes })
  const user_code = formatUserCode(userCode)
  const verification_uri = `${issuer}/device`
  const body = {
    device_code: deviceCode,
    user_code,
    verification_uri,
    verification_uri_complete: `${verification_uri}?user_code=${user_code}`,
    expires_in: CODE_LIFETIME,
    interval: INTERVAL,
  }
  return c.json(body, 200, { 'Cache-Control': 'no-store' })
}
