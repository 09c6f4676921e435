// JWT access tokens, proven by the keys that their server publishes (RFC 7517, RFC 9068 §4).
import type { Context } from 'hono'
import { compactVerify, createLocalJWKSet, errors } from 'jose'
import type { ForeignServer } from '../../settings/authorization-servers.ts'
import { invalid, type Statement } from './claims.ts'
import { discover, requireEndpoint } from './discovery.ts'
import { fetchJson, Unanswered } from './fetch-json.ts'
import { Remembered } from './remembered.ts'

// RFC 8725 §3.1: signatures by a key that only the server has. With HS256 its public key would be the secret.
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'EdDSA', 'Ed25519'],
]
const ACCESS_TOKEN = 'at+jwt'
// RFC 9068 §4 knows only the first. But Entra, Keycloak and, at first, Auth0 write JWT, Okta nothing; claims.ts then
// looks harder.
const TYPES: readonly unknown[] = [ACCESS_TOKEN, 'jwt', undefined]

type KeySet = ReturnType<typeof createLocalJWKSet>
type Header = Parameters<KeySet>[0]

const published = new WeakMap<ForeignServer, Remembered<KeySet>>()

/** What a token says, as its server has signed it. @throws OAuthError `invalid_token` · Unanswered */
export async function verifySignature(c: Context, server: ForeignServer, token: string): Promise<Statement> {
  const { payload, protectedHeader } = await compactVerify(token, (header) => keyFor(c, server, header), {
    algorithms: ALGORITHMS,
  }).catch((cause) => {
    throw cause instanceof Unanswered ? cause : invalid(unsigned(cause), cause)
  })
  // RFC 7515 §4.1.9: the prefix may be there or not, in any case.
  const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '')
  if (!TYPES.includes(type)) throw invalid('is of another type')
  return { claims: JSON.parse(new TextDecoder().decode(payload)), isAccessToken: type === ACCESS_TOKEN }
}

/** What is wrong with a signature, for the one who set the other server up. */
function unsigned(error: unknown): string {
  if (error instanceof errors.JOSEAlgNotAllowed) return 'is signed with an algorithm that is not accepted'
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'fits several keys of its server: it names none (kid), or the server lists that one twice'
  return 'is not signed by the server that it names'
}

// A server changes its keys without telling: one that is not known may be new.
async function keyFor(c: Context, server: ForeignServer, header: Header): Promise<CryptoKey> {
  const keys = publishedBy(server)
  const known = await keys.current(c)
  try {
    return await known(header)
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    const renewed = await keys.renewed(c)
    return renewed(header)
  }
}

function publishedBy(server: ForeignServer): Remembered<KeySet> {
  const keys = published.get(server) ?? new Remembered(server, () => fetchKeys(server))
  published.set(server, keys)
  return keys
}

async function fetchKeys(server: ForeignServer): Promise<KeySet> {
  const url = requireEndpoint(server, await discover(server), 'jwks_uri')
  const jwks = await fetchJson(url)
  try {
    return createLocalJWKSet(jwks as never)
  } catch (cause) {
    throw new Unanswered(`${url} is no JWK Set`, { cause })
  }
}
