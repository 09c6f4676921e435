// Grant type device_code (RFC 8628 §3.4, §3.5). Once a person has allowed it, the device code redeems their grant as an
// authorization code does: once, and used again it revokes the grant.
import { OAuthError } from '../../http/errors.ts'
import { DEVICE_CODE_GRANT } from '../clients/metadata.ts'
import { redeem } from '../grant-types/authorization-code.ts'
import {
  type AuthenticatedTokenRequest,
  type Exchanged,
  type GrantType,
  refusal,
} from '../grant-types/grant-type.ts'
import { parseHandle } from '../tokens/handle.ts'
import { pollRequest } from './store.ts'

/**
 * Stands where the grant of an authorization code has its challenge. No S256 challenge is this short: no device code passes
 * as an authorization code.
 */
export const NO_CHALLENGE = 'device'

export const deviceCode: GrantType = { isOn: ({ deviceGrant }) => deviceGrant, exchange }

async function exchange(request: AuthenticatedTokenRequest): Promise<Exchanged> {
  const { env, issuer, client, parameters } = request
  const code = parseHandle(parameters.require('device_code'))
  if (!code) throw refusal(client, DEVICE_CODE_GRANT, 'unknown_token')
  const outcome = await pollRequest(env, code, { issuer, clientId: client.id })
  switch (outcome.kind) {
    case 'pending':
      throw new OAuthError('authorization_pending', 'The person has not decided yet.')
    case 'too_soon':
      throw new OAuthError('slow_down', 'That was too soon. Wait 5 seconds more between two requests.')
    case 'denied':
      throw new OAuthError('access_denied', 'The person said no.')
    case 'expired':
      throw new OAuthError('expired_token', 'The device code has expired. Ask for a new one.')
    case 'refused':
      throw refusal(client, DEVICE_CODE_GRANT, outcome.reason)
    case 'allowed': {
      const { grantId } = outcome
      const handle = { grantId, secret: code.secret }
      return redeem(request, DEVICE_CODE_GRANT, handle, {
        redirectUri: undefined,
        codeChallenge: NO_CHALLENGE,
      })
    }
  }
}
