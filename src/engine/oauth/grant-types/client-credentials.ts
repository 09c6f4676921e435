// Grant type client_credentials (RFC 6749 §4.4): a machine that acts for itself. Only the owner makes such clients
// (`npm run client`), and says what each may do at most. No refresh token: it can always ask again.
import { OAuthError } from '../../http/errors.ts'
import { log } from '../../log/log.ts'
import { identifierOf } from '../../settings/resources.ts'
import { displayName } from '../clients/client.ts'
import { requireResource } from '../resource.ts'
import { ofResource, withinScopes } from '../scopes.ts'
import type { AuthenticatedTokenRequest, Exchanged, GrantType } from './grant-type.ts'

export const clientCredentials: GrantType = {
  exchange: (request) => forItself(request, 'client_credentials'),
}

/** What a client may do that acts for itself. @throws OAuthError */
export async function forItself(
  { issuer, resources, client, parameters }: AuthenticatedTokenRequest,
  grantType: string,
): Promise<Exchanged> {
  if (client.metadata.token_endpoint_auth_method === 'none') {
    throw new OAuthError('unauthorized_client', 'A client that anyone can claim to be cannot act for itself.')
  }
  const resource = requireResource({ issuer, resources }, parameters.all('resource'))
  const allowed = ofResource(resource, client.scopes ?? [])
  const scopes = withinScopes(allowed, parameters.get('scope'))
  log('token.issued', { client: client.id, grant_type: grantType, scopes })
  const authorized = {
    issuer,
    resource: identifierOf(issuer, resource),
    endsAt: Number.POSITIVE_INFINITY,
    // RFC 9068 §2.2: without a person, the client is the subject.
    userId: client.id,
    userName: displayName(client),
    clientId: client.id,
    scopes,
  }
  return { authorized }
}
