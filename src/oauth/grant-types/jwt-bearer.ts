// Grant type jwt-bearer (RFC 7523 §2.1): somebody else's word for who acts. An enterprise's, for a person who uses a client
// that we know; or a platform's, for a workload, which has proven by it to be a client of its own.
import { isWorkload } from '../clients/workload.ts'
import { forItself } from './client-credentials.ts'
import type { GrantType } from './grant-type.ts'
import { identityAssertion } from './identity-assertion.ts'

export const jwtBearer: GrantType = (request) =>
  isWorkload(request.client) ? forItself(request, 'workload') : identityAssertion(request)
