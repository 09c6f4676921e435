// Workloads: a CI job or a service that its platform vouches for (RFC 7521 §4.1, RFC 7523 §2.1). It is its own client and
// needs no secret of ours: each rule of the configuration names an issuer, its subjects, and what they may
// do.
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { sha256 } from '../../crypto/digest.ts'
import { OAuthError } from '../../http/errors.ts'
import type { Parameters } from '../../http/parameters.ts'
import { audit } from '../../log/audit.ts'
import { requireCompact, verifyAssertion } from '../assertions/assertion.ts'
import { remoteKeys } from '../assertions/remote-keys.ts'
import { isFirstUse } from '../assertions/seen-store.ts'
import type { Client, Lookup } from './client.ts'
import { JWT_BEARER_GRANT } from './metadata.ts'

const PREFIX = 'workload_'
/** The media type of what platforms issue; other kinds of assertion have names of their own (RFC 8725 §3.11). */
const TYPES = [undefined, 'JWT', 'jwt']
/** Platforms make them for the length of a job. In seconds. */
const MAX_LIFETIME = 6 * 60 * 60

export function isWorkload({ id }: Client): boolean {
  return id.startsWith(PREFIX)
}

/** Whether a request comes without any client of ours, so that its assertion is all it has. */
export function isWithoutClient(headers: Headers, parameters: Parameters): boolean {
  const names = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type']
  return !headers.has('Authorization') && names.every((name) => parameters.get(name) === undefined)
}

/** The client that an assertion's subject is. @throws OAuthError `invalid_grant`, 503 */
export async function authenticateWorkload(
  { env, settings, issuer }: Lookup,
  parameters: Parameters,
): Promise<Client> {
  const assertion = requireCompact(parameters.require('assertion'), 'invalid_grant')
  const { iss, sub } = claimed(assertion)
  const rule = settings.workloads.find((one) => one.issuer === iss && matchesSubject(one.subject, sub))
  if (!rule) {
    audit('token.refused', { grant_type: 'workload', reason: 'unknown_workload' })
    throw refused('No rule means this workload.')
  }
  const expected = { issuer: rule.issuer, audience: issuer, maxLifetime: MAX_LIFETIME }
  const { jti, exp } = await verifyAssertion(assertion, remoteKeys(rule.jwks_uri), expected).catch(
    (cause: unknown) => {
      throw cause instanceof OAuthError ? cause : refused('It is not valid, or not any more.', cause)
    },
  )
  if (!(await isFirstUse(env, `workload ${rule.issuer}`, jti, exp))) throw refused('It was used before.')
  return {
    id: PREFIX + (await sha256(JSON.stringify([rule.issuer, sub]))),
    issuer,
    metadata: {
      client_name: rule.name,
      redirect_uris: [],
      grant_types: [JWT_BEARER_GRANT],
      response_types: [],
      token_endpoint_auth_method: 'private_key_jwt',
    },
    scopes: rule.scopes,
    issuedAt: 0,
  }
}

/** The unverified issuer and subject of an assertion; empty for another kind of token. */
function claimed(assertion: string): { iss?: string; sub?: string } {
  try {
    return TYPES.includes(decodeProtectedHeader(assertion).typ) ? decodeJwt(assertion) : {}
  } catch {
    return {}
  }
}

function matchesSubject(rule: string, subject: string | undefined): boolean {
  if (subject === undefined) return false
  return rule.endsWith('*') ? subject.startsWith(rule.slice(0, -1)) : subject === rule
}

function refused(why: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_grant', `The assertion is refused. ${why}`, { cause })
}
