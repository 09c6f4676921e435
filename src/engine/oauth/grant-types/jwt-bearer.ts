// Grant type jwt-bearer (RFC 7523 §2.1): an issuer vouches for the one who acts. An enterprise's identity provider, for a
// person who uses a client that we know; or a platform, for a workload that is its own client.
import { authenticateWorkload, isWithoutClient, isWorkload } from '../clients/workload.ts'
import { forItself } from './client-credentials.ts'
import type { GrantType } from './grant-type.ts'
import { identityAssertion, isNamedForAssertions } from './identity-assertion.ts'

export const jwtBearer: GrantType = {
  authenticate: (lookup, { headers, parameters }) =>
    isWithoutClient(headers, parameters) ? authenticateWorkload(lookup, parameters) : undefined,
  admits: isNamedForAssertions,
  exchange: (request) =>
    isWorkload(request.client) ? forItself(request, 'workload') : identityAssertion(request),
}
