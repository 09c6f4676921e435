// Login at another site: the person goes there, and comes back with a code (RFC 6749 §4.1, RFC 7636). What GitHub and
// OpenID providers have in common. Each knows its endpoints and how to identify its users.
import type { Context } from 'hono'
import { raw } from 'hono/html'
import * as oauth from 'oauth4webapi'
import type { AppEnv } from '../http/app-env.ts'
import { Hono } from '../http/hono.ts'
import { audit } from '../log/audit.ts'
import { logError } from '../log/log.ts'
import { PERSON } from '../pages/icons.ts'
import type { Identity } from '../people/identity.ts'
import { localPath, loginUrl } from '../people/session.ts'
import type { UpstreamGrant } from '../people/upstream.ts'
import { requireSetting } from '../settings/setting.ts'
import { requireFewAttempts } from './attempts.ts'
import { finishLogin } from './finish-login.ts'
import { beginFlow, type Flow, resumeFlow } from './flow.ts'
import type { LoginMethod } from './method.ts'
import { keysOf, NoAnswer, requestOptions } from './provider-request.ts'
import { LoginRefused, LoginUnavailable } from './refused.ts'

/** Where a person signs in. Its client id and secret are the settings `<ID>_CLIENT_ID` and `<ID>_CLIENT_SECRET`. */
export interface Provider {
  readonly id: string
  /** What people call it. */
  readonly name: string
  /** Inline SVG. */
  readonly icon?: string | undefined
  readonly server: () => Promise<oauth.AuthorizationServer>
  /** What signing in needs, beside what tools want. */
  readonly scopes: (c: Context<AppEnv>) => readonly string[]
  /** Further parameters of the authorization request. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Whether an ID token is to come with the access token (OpenID Connect Core §3.1.3.3). */
  readonly openId: boolean
  readonly identify: (c: Context<AppEnv>, answer: Answer) => Promise<Found>
  /** The origins to which a tool may send the person's token. */
  readonly apis: readonly string[]
}

/** Who signed in. `note`: see finishLogin(). */
export interface Found {
  readonly identity: Identity
  readonly note?: string | undefined
}

/** What came back for a code. */
export interface Answer {
  readonly server: oauth.AuthorizationServer
  readonly client: oauth.Client
  readonly tokens: oauth.TokenEndpointResponse
}

export function redirectMethod(provider: Provider): LoginMethod {
  const { id, name, icon = PERSON } = provider
  const routes = new Hono<AppEnv>()
  routes.onError((error) => {
    throw refusedBy(provider, error)
  })

  routes.get('/', async (c) => {
    // Begun on our own page, or typed: pop-ups of another site must not fill this browser's cookies.
    if (!['same-origin', 'none', undefined].includes(c.req.header('Sec-Fetch-Site')))
      return c.redirect(loginUrl(localPath(c.req.query('return_to'))), 303)
    // Check both before the redirect, which would fail otherwise.
    for (const what of ['CLIENT_ID', 'CLIENT_SECRET'] as const)
      requireSetting(c.env, settingOf(provider, what))
    const server = await provider.server()
    const flow = await beginFlow(c, id, c.req.query('return_to'))
    return c.redirect(await authorizationUrl(c, provider, server, flow), 303)
  })

  routes.get('/callback', async (c) => {
    // Each code, made up or not, is a request to the provider.
    await requireFewAttempts(c, id)
    const flow = await resumeFlow(c, id)
    c.set('returnTo', flow.returnTo)
    const answer = await redeem(c, provider, flow)
    const { identity, note } = await provider.identify(c, answer)
    return finishLogin(c, identity, flow.returnTo, { upstream: upstreamGrant(c, provider, answer), note })
  })

  return {
    id,
    name,
    routes,
    View: ({ returnTo }) => (
      <a class="button" href={`/login/${id}?return_to=${encodeURIComponent(returnTo)}`}>
        {raw(icon)}
        Continue with {name}
      </a>
    ),
  }
}

async function authorizationUrl(
  c: Context<AppEnv>,
  provider: Provider,
  server: oauth.AuthorizationServer,
  { state, nonce, codeVerifier }: Flow,
): Promise<string> {
  const wanted = c.get('upstreamScopes')[provider.id] ?? []
  const url = new URL(server.authorization_endpoint as string)
  const parameters = {
    client_id: requireSetting(c.env, settingOf(provider, 'CLIENT_ID')),
    redirect_uri: callbackOf(c, provider),
    response_type: 'code',
    scope: [...new Set([...provider.scopes(c), ...wanted])].join(' '),
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...(provider.openId && { nonce }),
    ...provider.parameters,
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

async function redeem(c: Context<AppEnv>, provider: Provider, flow: Flow): Promise<Answer> {
  const server = await provider.server()
  const client = { client_id: requireSetting(c.env, settingOf(provider, 'CLIENT_ID')) }
  const secret = requireSetting(c.env, settingOf(provider, 'CLIENT_SECRET'))
  const code = oauth.validateAuthResponse(server, client, new URL(c.req.url), flow.state)
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    authenticationAt(server) === 'client_secret_basic'
      ? oauth.ClientSecretBasic(secret)
      : oauth.ClientSecretPost(secret),
    code,
    callbackOf(c, provider),
    flow.codeVerifier,
    requestOptions(server),
  )
  const checks = provider.openId ? { expectedNonce: flow.nonce, requireIdToken: true } : {}
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, checks)
  if (provider.openId) {
    await oauth.validateApplicationLevelSignature(server, response, {
      ...requestOptions(server),
      [oauth.jwksCache]: keysOf(server.issuer),
    })
  }
  return { server, client, tokens }
}

// OpenID Connect Discovery §3: a server that says nothing takes Basic.
function authenticationAt({
  token_endpoint_auth_methods_supported: supported,
}: oauth.AuthorizationServer): UpstreamGrant['authentication'] {
  const basic = supported === undefined || supported.includes('client_secret_basic')
  return basic ? 'client_secret_basic' : 'client_secret_post'
}

/** What tools may use later; undefined while no tool asks for it. */
function upstreamGrant(
  c: Context<AppEnv>,
  provider: Provider,
  { server, tokens }: Answer,
): { name: string; grant: UpstreamGrant } | undefined {
  if (c.get('upstreamScopes')[provider.id] === undefined) return undefined
  const grant = {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    expiresAt: tokens.expires_in === undefined ? undefined : Date.now() + tokens.expires_in * 1000,
    tokenEndpoint: server.token_endpoint as string,
    authentication: authenticationAt(server),
    clientIdSetting: settingOf(provider, 'CLIENT_ID'),
    clientSecretSetting: settingOf(provider, 'CLIENT_SECRET'),
    origins: provider.apis,
  }
  return { name: provider.id, grant }
}

function settingOf({ id }: Provider, what: 'CLIENT_ID' | 'CLIENT_SECRET'): string {
  return `${id.toUpperCase().replaceAll('-', '_')}_${what}`
}

function callbackOf(c: Context<AppEnv>, { id }: Provider): string {
  return `${c.get('issuer')}/login/${id}/callback`
}

const UNREADABLE: readonly unknown[] = [
  oauth.PARSE_ERROR,
  oauth.RESPONSE_IS_NOT_JSON,
  oauth.RESPONSE_IS_NOT_CONFORM,
]

/** The message for the user. The provider's reason goes to the log only, because strangers can write it. */
function refusedBy({ id, name }: Provider, error: unknown): unknown {
  if (error instanceof oauth.AuthorizationResponseError) {
    audit('signin.failed', { method: id, reason: 'refused_upstream' })
    return new LoginRefused(`${name} did not sign you in. Try again, or choose another way.`)
  }
  const code = (error as { code?: unknown }).code
  if (error instanceof NoAnswer || UNREADABLE.includes(code)) {
    logError(error, { method: id })
    return new LoginUnavailable(`${name} does not answer. Try again in a moment, or choose another way.`)
  }
  if (typeof code === 'string' && code.startsWith('OAUTH_')) {
    audit('signin.failed', { method: id, reason: code })
    return new LoginRefused(
      `The answer from ${name} cannot be trusted, or says no. Try again; if it stays so, its settings here may be wrong.`,
    )
  }
  return error
}
