// Grant type refresh_token (RFC 6749 §6), rotating for every client (RFC 9700 §4.14.2).

import { isStill, withinCeiling } from '../../identity.ts'
import { log } from '../../log.ts'
import type { Config } from '../../settings/load.ts'
import { OAuthError, tooOften } from '../errors.ts'
import type { GrantRecord } from '../grants/grant.ts'
import { idsOf, logRevoked, namesOf } from '../grants/logged.ts'
import { revokeGrant, rotateRefreshToken } from '../grants/store.ts'
import { canonicalResource } from '../resource.ts'
import { parseScope } from '../scopes.ts'
import { parseHandle } from '../tokens/secret.ts'
import { authorizedBy, type GrantType, refusal } from './grant-type.ts'

export const refreshToken: GrantType = async ({ env, config, issuer, place, client, parameters }) => {
  const handle = parseHandle(parameters.require('refresh_token'))
  if (!handle) throw refusal(client, 'refresh_token', 'unknown_token')
  const scope = parameters.get('scope')
  const scopes = scope === undefined ? undefined : parseScope(scope)
  const resources = parameters.all('resource').map((resource) => canonicalResource(issuer, resource))
  const request = { issuer, clientId: client.id, resources, scopes, place }
  const outcome = await rotateRefreshToken(env, handle, request)
  switch (outcome.kind) {
    case 'rotated':
    case 'forgiven': {
      const { record, generation } = outcome
      await requireStillAllowed(env, config, record)
      const event = outcome.kind === 'rotated' ? 'token.refreshed' : 'token.repeated'
      log(event, { ...idsOf(record), generation })
      const allowed = withinCeiling(config, record.identity, scopes ?? record.scopes)
      return { authorized: authorizedBy(record, allowed, generation), refreshToken: outcome.refreshToken }
    }
    case 'replayed':
      log('token.replayed', idsOf(outcome.record), namesOf(outcome.record))
      logRevoked(outcome.record, 'token_replayed')
      throw new OAuthError('invalid_grant', 'The refresh token was used before. The grant has been revoked.')
    case 'slow_down':
      throw tooOften(outcome.retryAfterSeconds)
    case 'refused':
      throw refusal(client, 'refresh_token', outcome.reason)
  }
}

// A person can be shut out after they have let an app in: whatever acts for them goes with them.
async function requireStillAllowed(env: Env, config: Config, record: GrantRecord) {
  if (await isStill(config, record.userId, record.identity)) return
  await revokeGrant(env, record.id, 'not_allowed')
  throw new OAuthError('invalid_grant', 'The person who allowed this may no longer sign in here.')
}
