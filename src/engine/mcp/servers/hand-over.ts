// Requests for a server that answers them itself: another Worker, an `McpAgent`, any handler. It gets a caller who has been
// verified, and never the token. What it is handed counts only where strangers cannot call it: docs/several-servers.md.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { Hono } from '../../http/hono.ts'
import { log } from '../../log/log.ts'
import type { AccessToken } from '../../oauth/tokens/access-token.ts'
import type { Resource } from '../../settings/resources.ts'
import { VERSION } from '../../version.ts'
import { authenticate } from '../bearer-auth.ts'
import { challenge } from '../challenge.ts'
import { anyPage, refuseForeignOrigin } from '../endpoint.ts'
import { SESSION_ID, withSingleHeaders } from '../headers.ts'
import { sessionNotFound } from '../message.ts'
import { endingWith } from '../stream.ts'
import type { Handler } from './server.ts'
import { ownId, sealedId } from './session-id.ts'

/** Who makes a request. */
export interface VerifiedCaller {
  readonly userId: string
  readonly userName: string
  readonly clientId: string
  /** Of this server, which decides what each of them allows. */
  readonly scopes: readonly string[]
  /** Which approval it came of; absent where no person gave one. */
  readonly grantId?: string
  /** When the right ends, in seconds since the epoch. */
  readonly expiresAt: number
}

const CALLER = 'Gatehouse-Caller'
/** What proves a right at this origin. */
const CREDENTIALS = ['Authorization', 'DPoP', 'Cookie']

/** The endpoint of a server that answers for itself. */
export function handedOver(resource: Resource, handler: Handler): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  app.onError((error, c) => challenge(c, error))
  app.use(resource.at, anyPage)
  app.all(resource.at, (c) => {
    c.set('resource', resource)
    return handOver(c, handler)
  })
  return app
}

async function handOver(c: Context<AppEnv>, handler: Handler): Promise<Response> {
  c.req.raw = withSingleHeaders(c.req.raw)
  const refused = refuseForeignOrigin(c)
  if (refused) return refused
  const started = Date.now()
  const accessToken = await authenticate(c, [])
  const sealed = c.req.raw.headers.get(SESSION_ID)
  const session = sealed === null ? undefined : await ownId(c, accessToken, sealed)
  const caller = callerOf(accessToken)
  const answer =
    sealed !== null && session === undefined
      ? sessionNotFound()
      : await handler(handed(c.req.raw, caller, session), c.env, contextWith(c, caller))
  log('mcp.request', {
    user: caller.userId,
    client: caller.clientId,
    status: answer.status,
    ms: Date.now() - started,
    version: VERSION,
  })
  return endingWith(accessToken, c, await returned(c, accessToken, answer), [])
}

function callerOf({ userId, userName, clientId, scopes, grant, expiresAt }: AccessToken): VerifiedCaller {
  return { userId, userName, clientId, scopes, ...(grant && { grantId: grant.id }), expiresAt }
}

// What a stranger writes into the header is replaced.
function handed(request: Request, caller: VerifiedCaller, session: string | undefined): Request {
  const copy = new Request(request)
  for (const name of CREDENTIALS) copy.headers.delete(name)
  copy.headers.set(CALLER, encodeURIComponent(JSON.stringify(caller)))
  if (session !== undefined) copy.headers.set(SESSION_ID, session)
  return copy
}

// Where an `McpAgent` looks.
function contextWith(c: Context<AppEnv>, props: VerifiedCaller): ExecutionContext {
  return Object.assign(c.executionCtx, { props }) as ExecutionContext
}

async function returned(c: Context<AppEnv>, accessToken: AccessToken, answer: Response): Promise<Response> {
  const copy = new Response(answer.body, answer)
  // On this origin are the sign-in and consent pages: another Worker has no say in their cookies.
  copy.headers.delete('Set-Cookie')
  const session = copy.headers.get(SESSION_ID)
  if (session !== null) copy.headers.set(SESSION_ID, await sealedId(c, accessToken, session))
  return copy
}
