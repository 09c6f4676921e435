// Grant type refresh_token (RFC 6749 §6), rotating for every client (RFC 9700 §4.14.2).
import { OAuthError, tooOften } from '../../http/errors.ts'
import { audit } from '../../log/audit.ts'
import { log } from '../../log/log.ts'
import { withinCeiling } from '../../people/ceiling.ts'
import { admissionOf } from '../../people/identity.ts'
import { idsOf, logRevoked, namesOf } from '../grants/logged.ts'
import { rotateRefreshToken } from '../grants/store.ts'
import { canonicalResource } from '../resource.ts'
import { parseScope } from '../scopes.ts'
import { keyOf, parseHandle } from '../tokens/handle.ts'
import {
  type AuthenticatedTokenRequest,
  authorizedBy,
  type Exchanged,
  type GrantType,
  refusal,
} from './grant-type.ts'

export const refreshToken: GrantType = { exchange }

async function exchange({
  env,
  settings,
  issuer,
  resources,
  place,
  client,
  parameters,
  jkt,
}: AuthenticatedTokenRequest): Promise<Exchanged> {
  const handle = parseHandle(parameters.require('refresh_token'))
  if (!handle) throw refusal(client, 'refresh_token', 'unknown_token')
  // RFC 9449 §5
  if (![undefined, jkt].includes(keyOf(handle))) throw refusal(client, 'refresh_token', 'wrong_key')
  const scope = parameters.get('scope')
  const scopes = scope === undefined ? undefined : parseScope(scope)
  const named = parameters.all('resource').map((one) => canonicalResource({ issuer, resources }, one))
  const admission = await admissionOf(settings)
  const request = { issuer, clientId: client.id, resources: named, scopes, place, admission }
  const outcome = await rotateRefreshToken(env, handle, request)
  switch (outcome.kind) {
    case 'rotated':
    case 'forgiven': {
      const { record, generation } = outcome
      const event = outcome.kind === 'rotated' ? 'token.refreshed' : 'token.repeated'
      log(event, { ...idsOf(record), generation })
      const allowed = withinCeiling(settings, record.identity, scopes ?? record.scopes)
      return { authorized: authorizedBy(record, allowed, generation), refreshToken: outcome.refreshToken }
    }
    case 'replayed':
      audit('token.replayed', idsOf(outcome.record), namesOf(outcome.record))
      logRevoked(outcome.record, 'token_replayed')
      throw new OAuthError('invalid_grant', 'The refresh token was used before. The grant has been revoked.')
    case 'not_allowed':
      logRevoked(outcome.record, 'not_allowed')
      throw new OAuthError('invalid_grant', 'The person who allowed this may no longer sign in here.')
    case 'slow_down':
      throw tooOften(outcome.retryAfterSeconds)
    case 'refused':
      throw refusal(client, 'refresh_token', outcome.reason)
  }
}
