// How the server comes to know a client (its metadata document, or RFC 7591), and what the person's browser then gets to see.
import { generateKeyPairSync } from 'node:crypto'
import { exportJWK } from 'jose'
import { described, expectNoNull, jsonOf, listOf, textOfPage } from './answers.ts'
import { filledIn, newAuthorizationUrl } from './authorization.ts'
import type { Client } from './client.ts'
import { NotChecked } from './examine.ts'
import { Browser, type Page } from './pages.ts'
import type { Play, Step } from './play.ts'
import { send } from './request.ts'

const identify = ({ name, document }: Client): Step => ({
  rule: document
    ? `The server knows ${name} by its metadata document, or registers it`
    : `The server registers ${name}`,
  fix: 'Accept its registration as it is (RFC 7591): null and empty fields are absent, redirect URIs stay as they were written. Or accept its metadata document, and say so: client_id_metadata_document_supported, and none among the authentication methods.',
  vital: true,
  look: async (play) => {
    if (!document || !acceptsDocuments(play)) {
      await register(play)
      return play.client.document && 'The server accepts no metadata documents, so it registers.'
    }
    play.clientId = document.url
    play.redirectUri = String(filledIn(document.redirectUri, play))
    const page = await openPage(play)
    if (page.status < 400) return undefined
    return standIn(play, page, document.url)
  },
})

function acceptsDocuments({ serverMetadata }: Play): boolean {
  return (
    serverMetadata.client_id_metadata_document_supported === true &&
    listOf(serverMetadata.token_endpoint_auth_methods_supported).includes('none')
  )
}

// Where the document cannot be had from here either, its refusal is no fault of the server.
async function standIn(play: Play, page: Page, url: string): Promise<string> {
  const isThere = await send(new URL(url), { headers: { accept: 'application/json' } }).then(
    ({ status }) => status === 200,
    () => false,
  )
  if (isThere)
    throw new Error(`It refuses the client id ${url}: the authorization page answers ${described(page)}.`)
  const silent = `The server cannot read ${url}, and neither can this computer.`
  if (play.serverMetadata.registration_endpoint === undefined) throw new NotChecked(silent)
  await register(play)
  return `${silent} A registration stands in for it.`
}

/** @throws Error with what the server says · NotChecked for its limit */
export async function register(play: Play): Promise<void> {
  const { client, serverMetadata } = play
  const { registration_endpoint } = serverMetadata
  if (registration_endpoint === undefined) {
    throw new Error(
      'The server offers no registration, and takes no metadata document. Register the client by hand (`npm run client -- add`), and type its id into the app.',
    )
  }
  const body = Object.fromEntries(
    Object.entries(client.registration).map(([name, value]) => [name, filledIn(value, play)]),
  )
  if (body.scope === '') delete body.scope
  if (client.authMethod === 'private_key_jwt') {
    play.key = await newKey()
    Object.assign(body, { jwks: { keys: [play.key.jwk] } })
  }
  const answer = await send(new URL(String(registration_endpoint)), {
    method: 'POST',
    headers: client.headers.register,
    body: JSON.stringify(body),
  })
  if (answer.status === 429)
    throw new NotChecked('The server limits registrations just now. Wait a minute, and try again.')
  if (answer.status < 200 || answer.status > 299)
    throw new Error(`It answers ${described(answer)} instead of 201.`)
  const registered = jsonOf(answer, 'The answer')
  if (client.refusesNull) expectNoNull(registered, 'The answer')
  if (typeof registered.client_id !== 'string') throw new Error('There is no client_id.')
  play.registered = registered
  play.clientId = registered.client_id
  play.redirectUri = String(filledIn(client.redirectUri, play))
  requireUnchanged(listOf(body.redirect_uris), registered.redirect_uris)
}

/** A server may leave a redirect URI out. One that it has rewritten no longer matches. */
function requireUnchanged(sent: readonly string[], kept: unknown): void {
  const changed = listOf(kept).find((uri) => !sent.includes(uri))
  if (changed !== undefined)
    throw new Error(`It has changed a redirect URI: it keeps ${changed} of ${sent.join(', ')}.`)
}

async function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...(await exportJWK(publicKey)), kid: crypto.randomUUID(), alg: 'RS256', use: 'sig' }
  return {
    privateKey: privateKey.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign']),
    jwk,
  }
}

const openAuthorization = ({ name }: Client): Step => ({
  rule: `The authorization page opens for what ${name} asks`,
  fix: 'Accept the redirect URI with any port if it is loopback (RFC 8252 §7.3), long states, the scopes that the challenge names, and resource.',
  vital: true,
  look: async (play) => {
    const page = await openPage(play)
    const { leftFor } = page
    if (leftFor?.startsWith(play.redirectUri)) {
      const { searchParams } = new URL(leftFor)
      const said = searchParams.get('error_description') ?? searchParams.get('error')
      throw new Error(`It sends the browser back to the client at once: ${said}`)
    }
    if (leftFor === undefined && page.status >= 400)
      throw new Error(`The authorization page answers ${page.status} (${textOfPage(page.text)}).`)
  },
})

function openPage(play: Play): Promise<Page> {
  return new Browser().get(newAuthorizationUrl(play))
}

// HTML, "Cross-origin opener policies": every value but the default cuts `window.opener` and `closed`.
const keepsOpener = ({ name, hosted }: Client): Step | undefined =>
  hosted
    ? {
        rule: `The sign-in leaves its window to the page of ${name} that opened it`,
        fix: 'Send no Cross-Origin-Opener-Policy on the pages of the sign-in and their errors: the page that opened them as a popup loses its handle.',
        look: async (play) => {
          const url = newAuthorizationUrl(play)
          const ways = await Promise.all(
            [url, new URL(url.pathname, url)].map((one) => new Browser().get(one)),
          )
          for (const { url, headers } of ways.flatMap(({ way }) => way)) {
            const policy = headers.get('Cross-Origin-Opener-Policy')
            if (policy !== null && !policy.startsWith('unsafe-none'))
              throw new Error(`${url.pathname} has Cross-Origin-Opener-Policy: ${policy}.`)
          }
        },
      }
    : undefined

// anthropics/claude-ai-mcp#706, #900: the path is taken for granted, whatever the metadata says.
const leadsThere = ({ hosted }: Client): Step | undefined =>
  hosted
    ? {
        rule: `/authorize on the address of /mcp leads to the authorization server`,
        fix: 'Redirect /authorize there, with the query. Hosted clients have been seen to open it on the address of /mcp, although the metadata names another server.',
        look: async (play) => {
          const url = newAuthorizationUrl(play)
          if (url.origin === play.mcp.origin) return 'Both have the same address.'
          const answer = await send(new URL(`/authorize${url.search}`, play.mcp))
          if (answer.status === 404 || answer.status >= 500)
            throw new Error(`It answers ${described(answer)}.`)
          return undefined
        },
      }
    : undefined

export const BEFORE_A_PERSON = [identify, openAuthorization, keepsOpener, leadsThere] as const
