// How a client begins: it is refused, and finds its way from the challenge to the authorization server (MCP authorization,
// RFC 9728, RFC 8414).
import { expectNoNull, expectStatus, jsonOf, listOf } from './answers.ts'
import { bearerChallenge } from './challenges.ts'
import type { Client, Knock } from './client.ts'
import { headersOf, initialization, messageOf } from './messages.ts'
import type { Json, Play, Step } from './play.ts'
import { send } from './request.ts'
import { metadataUrls, resourceMetadataPath } from './well-known.ts'

const knock = ({ name, knocks }: Client): Step | undefined =>
  knocks.length === 0
    ? undefined
    : {
        rule: `The first request of ${name} is answered with 401 and a challenge`,
        fix: 'Check the token before method, headers and body, and answer 401 with `WWW-Authenticate: Bearer resource_metadata="…"` (RFC 9728 §5.1).',
        vital: true,
        look: async (play) => {
          for (const kind of knocks) await knockAt(play, kind)
        },
      }

async function knockAt(play: Play, kind: Knock): Promise<void> {
  const { client, mcp } = play
  const answer =
    kind === 'GET'
      ? await send(mcp, { headers: client.headers.get })
      : await send(mcp, {
          method: 'POST',
          headers: headersOf(client, kind),
          body: messageOf(client, { jsonrpc: '2.0', id: 0, method: kind, params: initialization(client) }),
        })
  const location = answer.headers.get('Location')
  if (location !== null && URL.canParse(location, mcp) && new URL(location, mcp).href === mcp.href)
    throw new Error(`It answers ${answer.status} and redirects to itself: ${mcp.href}`)
  expectStatus(answer, 401)
  const header = answer.headers.get('WWW-Authenticate') ?? ''
  const challenge = bearerChallenge(header)
  if (!challenge) throw new Error(`WWW-Authenticate is "${header}".`)
  play.challenge = challenge
}

const resourceMetadata = ({ name, resource, resourceMetadata }: Client): Step => ({
  rule: `${name} finds the protected resource metadata, and it is about this address`,
  fix: 'Serve it where the challenge says and at both well-known addresses, and set resource to the address that people paste (RFC 9728 §3).',
  vital: true,
  look: async (play) => {
    const { client, mcp, challenge } = play
    const root = new URL('/.well-known/oauth-protected-resource', mcp)
    const places = {
      challenge: challenge.get('resource_metadata'),
      path: new URL(resourceMetadataPath(mcp), mcp),
      root,
    }
    const urls = resourceMetadata.flatMap((place) => places[place] ?? [])
    const metadata = await firstOf(urls, client.headers.resourceMetadata)
    if (client.refusesNull) expectNoNull(metadata, 'The metadata')
    requireResource(String(metadata.resource), mcp, resource)
    const [issuer] = listOf(metadata.authorization_servers)
    if (issuer === undefined) throw new Error('It names no authorization_servers.')
    play.resourceMetadata = metadata
    play.issuer = issuer
  },
})

function requireResource(resource: string, mcp: URL, kind: Client['resource']): void {
  const found = URL.canParse(resource) ? new URL(resource) : undefined
  const isIt =
    kind === 'exact'
      ? found?.href === mcp.href
      : found?.origin === mcp.origin && `${mcp.pathname}/`.startsWith(found.pathname.replace(/\/?$/, '/'))
  if (!isIt) throw new Error(`resource is "${resource}" instead of "${mcp.href}".`)
}

const serverMetadata = ({ name, refusesNull }: Client): Step => ({
  rule: `${name} finds the authorization server metadata, and can use it`,
  fix: 'Serve RFC 8414 metadata for the issuer, with its endpoints and code_challenge_methods_supported: ["S256"]; answer 404 elsewhere, and leave out what is absent.',
  vital: true,
  look: async (play) => {
    const issuer = new URL(play.issuer)
    const metadata = await firstOf(metadataUrls(issuer), play.client.headers.serverMetadata)
    if (refusesNull) expectNoNull(metadata, 'The metadata')
    const endpoints = ['authorization_endpoint', 'token_endpoint', 'registration_endpoint']
    const missing = endpoints.find((one) => {
      const isOff = one === 'registration_endpoint' && metadata[one] === undefined
      return !isOff && !URL.canParse(String(metadata[one]))
    })
    if (missing) throw new Error(`${missing} is ${JSON.stringify(metadata[missing])}.`)
    if (metadata.issuer !== play.issuer)
      throw new Error(`issuer is ${JSON.stringify(metadata.issuer)} instead of "${play.issuer}".`)
    const methods = listOf(metadata.code_challenge_methods_supported)
    if (!methods.includes('S256')) throw new Error('code_challenge_methods_supported has no S256.')
    play.serverMetadata = metadata
  },
})

/** The first that is there. An answer in the 500s ends the search, as it does in the clients. */
async function firstOf(
  urls: readonly (URL | string)[],
  headers: Readonly<Record<string, string>>,
): Promise<Json> {
  const seen: string[] = []
  for (const url of urls) {
    if (!URL.canParse(url)) throw new Error(`resource_metadata is "${url}", which is no absolute address.`)
    const answer = await send(new URL(url), { headers })
    if (answer.status === 200) return jsonOf(answer, String(url))
    seen.push(`${url} answers ${answer.status}`)
    if (answer.status >= 500) break
  }
  throw new Error(`${seen.join(', ')}.`)
}

export const DISCOVERY = [knock, resourceMetadata, serverMetadata] as const
