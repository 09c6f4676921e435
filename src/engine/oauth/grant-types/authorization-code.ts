// Grant type authorization_code (RFC 6749 §4.1.3, OAuth 2.1 §4.1.3, RFC 7636 §4.5).
import { OAuthError } from '../../http/errors.ts'
import { audit } from '../../log/audit.ts'
import { log } from '../../log/log.ts'
import type { RedeemEvent } from '../grants/grant.ts'
import { idsOf, logRevoked, namesOf } from '../grants/logged.ts'
import { redeemCode } from '../grants/store.ts'
import { codeChallengeOf } from '../pkce.ts'
import { canonicalResource } from '../resource.ts'
import { type Handle, parseHandle } from '../tokens/handle.ts'
import {
  type AuthenticatedTokenRequest,
  authorizedBy,
  type Exchanged,
  type GrantType,
  refusal,
} from './grant-type.ts'

export const authorizationCode: GrantType = {
  exchange: async (request) => {
    const { client, parameters } = request
    const handle = parseHandle(parameters.require('code'))
    const verifier = parameters.get('code_verifier')
    const codeChallenge = verifier && (await codeChallengeOf(verifier))
    if (!handle) throw refusal(client, 'authorization_code', 'unknown_token')
    const redirectUri = parameters.get('redirect_uri')
    return redeem(request, 'authorization_code', handle, { redirectUri, codeChallenge })
  },
}

/** Redeems what stands for a grant that waits for its client, once. @throws OAuthError */
export async function redeem(
  { env, issuer, resources, client, parameters, jkt }: AuthenticatedTokenRequest,
  grantType: string,
  handle: Handle,
  proof: Pick<RedeemEvent, 'redirectUri' | 'codeChallenge'>,
): Promise<Exchanged> {
  const named = parameters.all('resource').map((one) => canonicalResource({ issuer, resources }, one))
  const request = { issuer, clientId: client.id, resources: named, ...proof }
  const withRefreshToken = client.metadata.grant_types.includes('refresh_token')
  const outcome = await redeemCode(env, handle, request, { withRefreshToken, jkt })
  if (outcome.kind === 'refused') throw refusal(client, grantType, outcome.reason)
  const { record } = outcome
  const ids = idsOf(record)
  switch (outcome.kind) {
    case 'redeemed':
      log('code.redeemed', ids)
      return { authorized: authorizedBy(record, record.scopes, 0), refreshToken: outcome.refreshToken }
    case 'replayed':
      audit('code.replayed', { ...ids, outcome: 'revoked' }, namesOf(record))
      logRevoked(record, 'code_replayed')
      throw new OAuthError('invalid_grant', 'The code was used before. What it brought has been revoked.')
    case 'repeated':
      audit('code.replayed', { ...ids, outcome: 'refused' }, namesOf(record))
      throw new OAuthError('invalid_grant', 'The code was used a moment ago.')
  }
}
