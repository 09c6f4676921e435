// From the person's answer to tokens, and to new ones (RFC 6749 §4.1.3, §6; RFC 9207; RFC 7523 for a client that signs).
import { SignJWT } from 'jose'
import { expectNoNull, expectStatus, jsonOf, listOf } from './answers.ts'
import { inOrder, newAuthorizationUrl, resourceOf } from './authorization.ts'
import type { Client, Parameter } from './client.ts'
import { NotChecked } from './examine.ts'
import type { Json, Person, Play, Step } from './play.ts'
import { register } from './registration.ts'
import { send } from './request.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const signIn = ({ name }: Client): Step => ({
  rule: `The person allows it, and the answer comes back to ${name} unchanged`,
  fix: 'Redirect to the redirect URI letter for letter, with code, the whole state, and iss (RFC 6749 §4.1.2, RFC 9207).',
  vital: true,
  look: async (play) => {
    const note = await standInForSigner(play)
    play.answer = await (play.person as Person)(newAuthorizationUrl(play), play.redirectUri)
    const { location } = play.answer
    if (!location.startsWith(`${play.redirectUri}?`))
      throw new Error(
        `The browser is sent to ${location.replace(/\?.*/s, '')} instead of ${play.redirectUri}.`,
      )
    const { searchParams } = new URL(location)
    const error = searchParams.get('error')
    if (error !== null) throw new Error(`The answer is ${error}: ${searchParams.get('error_description')}`)
    if (searchParams.get('state') !== play.state) throw new Error('The state is not the one that was sent.')
    const iss = searchParams.get('iss')
    const isPromised = play.serverMetadata.authorization_response_iss_parameter_supported === true
    if ((iss !== null || isPromised) && iss !== play.issuer)
      throw new Error(`iss is ${JSON.stringify(iss)} instead of "${play.issuer}".`)
    if (!searchParams.get('code')) throw new Error('There is no code.')
    return note
  },
})

// The key of a document is its maker's.
async function standInForSigner(play: Play): Promise<string | undefined> {
  const { client, clientId, serverMetadata } = play
  if (client.authMethod !== 'private_key_jwt' || clientId !== client.document?.url) return undefined
  const only = `Only ${client.name} has the key that its document names.`
  if (serverMetadata.registration_endpoint === undefined) throw new NotChecked(only)
  await register(play)
  return `${only} From here on a registration stands in, with a key of the doctor's own.`
}

// Of clients that cannot ask again: what the person does not allow now is out of reach.
const offersFurther = ({ name, furtherScope }: Client): Step | undefined =>
  furtherScope === 'cannot ask'
    ? {
        rule: `The consent page offers the further scopes, which ${name} cannot ask for later`,
        fix: 'List all scopes on the consent page, those that were not asked for unticked (RFC 6749 §3.3 lets a grant differ from its request).',
        look: async ({ answer, serverMetadata, resourceMetadata }) => {
          const offered = answer?.offered
          if (!offered) throw new NotChecked('The doctor did not see the consent page.')
          const all = new Set([
            ...listOf(serverMetadata.scopes_supported),
            ...listOf(resourceMetadata.scopes_supported),
          ])
          const missing = [...all].filter((one) => one !== 'offline_access' && !offered.includes(one))
          if (missing.length > 0) throw new Error(`It does not offer ${missing.join(', ')}.`)
        },
      }
    : undefined

const redeem = ({ name, authMethod }: Client): Step => ({
  rule: `${name} gets tokens for the code`,
  fix:
    authMethod === 'private_key_jwt'
      ? 'Accept its assertion with the token endpoint as audience, as well as the issuer (RFC 7523 §3). Leave out what is absent, and give a refresh token.'
      : 'Answer 200 with access_token, token_type Bearer and refresh_token, also where offline_access was not asked for. Leave out what is absent.',
  vital: true,
  look: async (play) => {
    const { searchParams } = new URL(play.answer?.location ?? '')
    play.tokens = await request(play, play.client.token, {
      grant_type: 'authorization_code',
      code: searchParams.get('code') ?? '',
      code_verifier: play.verifier,
      redirect_uri: play.redirectUri,
    })
    if (typeof play.tokens.refresh_token !== 'string') throw new Error('There is no refresh_token.')
  },
})

const refresh = ({ name, refresh }: Client): Step => ({
  rule: `${name} refreshes, and keeps its scopes`,
  fix: refresh.includes('scope')
    ? 'Accept the scope of the grant in a refresh (RFC 6749 §6).'
    : 'Accept a refresh without a scope: it means all that was granted (RFC 6749 §6).',
  look: async (play) => {
    const before = granted(play)
    play.tokens = { ...play.tokens, ...(await refreshed(play)) }
    const lost = before.filter((one) => !granted(play).includes(one))
    if (lost.length > 0) throw new Error(`After it, ${lost.join(' and ')} is gone.`)
  },
})

const refreshTwice = ({ name, refreshesInParallel }: Client): Step | undefined =>
  refreshesInParallel
    ? {
        rule: `Two refreshes of ${name} at the same time both work`,
        fix: 'Give the same successor to a refresh token that comes again within a minute or two: more than one server of the maker sends it.',
        look: async (play) => {
          const both = await Promise.all([refreshed(play), refreshed(play)])
          play.tokens = { ...play.tokens, ...both[1] }
          play.tokens = { ...play.tokens, ...(await refreshed(play)) }
        },
      }
    : undefined

/** The scopes that the client has: those that it asked for, where the answer names none (RFC 6749 §5.1). */
export function granted({ tokens, scope }: Play): string[] {
  return String(tokens.scope ?? scope)
    .split(' ')
    .filter(Boolean)
}

function refreshed(play: Play): Promise<Json> {
  const { refresh_token } = play.tokens
  return request(play, play.client.refresh, {
    grant_type: 'refresh_token',
    refresh_token: String(refresh_token),
    scope: granted(play).join(' '),
  })
}

/** @param values those that this request has beside the client's own. @throws Error with what the server says */
async function request(
  play: Play,
  names: readonly Parameter[],
  values: Partial<Record<Parameter, string>>,
): Promise<Json> {
  const { client, serverMetadata } = play
  const { headers, fields } = await proof(play)
  const all = inOrder(names, { resource: resourceOf(play), ...fields, ...values })
  const answer = await send(new URL(String(serverMetadata.token_endpoint)), {
    method: 'POST',
    headers: { ...client.headers.token, ...headers },
    body: new URLSearchParams([...all, ...secretField(fields)]).toString(),
  })
  expectStatus(answer, 200)
  const tokens = jsonOf(answer, 'The answer')
  if (client.refusesNull) expectNoNull(tokens, 'The answer')
  if (typeof tokens.access_token !== 'string') throw new Error('There is no access_token.')
  if (!/^bearer$/i.test(String(tokens.token_type)))
    throw new Error(`token_type is ${JSON.stringify(tokens.token_type)} instead of "Bearer".`)
  return tokens
}

type Proof = { client_secret?: string } & Partial<Record<Parameter, string>>

/** How the client shows who it is. A server may have given a secret to one that asked for none. */
export async function proof(play: Play): Promise<{ headers: Record<string, string>; fields: Proof }> {
  const { client, clientId, registered } = play
  const secret = registered?.client_secret
  if (client.authMethod === 'private_key_jwt') {
    const assertion = await assertionOf(play)
    return {
      headers: {},
      fields: { client_id: clientId, client_assertion_type: ASSERTION_TYPE, client_assertion: assertion },
    }
  }
  if (typeof secret !== 'string') return { headers: {}, fields: { client_id: clientId } }
  if (registered?.token_endpoint_auth_method === 'client_secret_post')
    return { headers: {}, fields: { client_id: clientId, client_secret: secret } }
  return { headers: { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` }, fields: {} }
}

function secretField({ client_secret }: Proof): [string, string][] {
  return client_secret === undefined ? [] : [['client_secret', client_secret]]
}

// ChatGPT's audience has been the token endpoint (exomem#380).
function assertionOf({ key, clientId, serverMetadata }: Play): Promise<string> {
  if (!key) throw new NotChecked('There is no key to sign with.')
  return new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'RS256', kid: key.jwk.kid as string, typ: 'JWT' })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(String(serverMetadata.token_endpoint))
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(key.privateKey)
}

export const SIGN_IN = [signIn, offersFurther, redeem] as const
export const REFRESHES = [refresh, refreshTwice] as const
