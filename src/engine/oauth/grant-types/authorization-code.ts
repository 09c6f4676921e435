// Grant type authorization_code (RFC 6749 §4.1.3, OAuth 2.1 §4.1.3, RFC 7636 §4.5).

import { OAuthError } from '../../http/errors.ts'
import { audit } from '../../log/audit.ts'
import { log } from '../../log/log.ts'
import { idsOf, logRevoked, namesOf } from '../grants/logged.ts'
import { redeemCode } from '../grants/store.ts'
import { codeChallengeOf } from '../pkce.ts'
import { canonicalResource } from '../resource.ts'
import { parseHandle } from '../tokens/handle.ts'
import {
  type AuthenticatedTokenRequest,
  authorizedBy,
  type Exchanged,
  type GrantType,
  refusal,
} from './grant-type.ts'

export const authorizationCode: GrantType = { exchange }

async function exchange({ env, issuer, client, parameters }: AuthenticatedTokenRequest): Promise<Exchanged> {
  const handle = parseHandle(parameters.require('code'))
  const verifier = parameters.get('code_verifier')
  const request = {
    issuer,
    clientId: client.id,
    redirectUri: parameters.get('redirect_uri'),
    codeChallenge: verifier && (await codeChallengeOf(verifier)),
    resources: parameters.all('resource').map((resource) => canonicalResource(issuer, resource)),
  }
  if (!handle) throw refusal(client, 'authorization_code', 'unknown_token')
  const withRefreshToken = client.metadata.grant_types.includes('refresh_token')
  const outcome = await redeemCode(env, handle, request, { withRefreshToken })
  if (outcome.kind === 'refused') throw refusal(client, 'authorization_code', outcome.reason)
  const { record } = outcome
  const ids = idsOf(record)
  switch (outcome.kind) {
    case 'redeemed': {
      const { refreshToken } = outcome
      log('code.redeemed', ids)
      return { authorized: authorizedBy(record, record.scopes, 0), refreshToken }
    }
    case 'replayed':
      audit('code.replayed', { ...ids, outcome: 'revoked' }, namesOf(record))
      logRevoked(record, 'code_replayed')
      throw new OAuthError('invalid_grant', 'The code was used before. What it brought has been revoked.')
    case 'repeated':
      audit('code.replayed', { ...ids, outcome: 'refused' }, namesOf(record))
      throw new OAuthError('invalid_grant', 'The code was used a moment ago.')
  }
}
