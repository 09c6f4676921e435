// The device grant (RFC 8628), for apps without a browser. Without this part the server has none of it.
import { DEVICE_CODE_GRANT } from '../clients/metadata.ts'
import type { Part } from '../part.ts'
import { authorizeDevice } from './authorization.ts'
import { deviceCode } from './grant-type.ts'
import { devicePages } from './routes.tsx'

const ENDPOINT = '/device_authorization'

/** Lets an app without a browser ask for access by a code. `DEVICE_GRANT` switches it off for a deployment. */
export const deviceGrant: Part = {
  grantTypes: { [DEVICE_CODE_GRANT]: deviceCode },
  endpoints: { [ENDPOINT]: { POST: authorizeDevice } },
  // RFC 8628 §4
  metadata: (issuer, settings) =>
    settings.deviceGrant ? { device_authorization_endpoint: issuer + ENDPOINT } : {},
  pages: devicePages,
}
