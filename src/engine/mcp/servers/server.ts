// Further MCP servers behind this gate, beside the one at /mcp: what a fork says of each, and what that becomes.
// docs/several-servers.md
import type { Hono } from 'hono'
import type { Scope } from '#config'
import type { AppEnv } from '../../http/app-env.ts'
import type { Resource } from '../../settings/resources.ts'
import type { Catalog } from '../catalog.ts'

interface Described {
  /** What users and apps are shown. */
  readonly name: string
  /** Its scopes, of those in `SCOPES`. The server at /mcp has those that no other server names. */
  readonly scopes: readonly [Scope, ...Scope[]]
  /** What apps ask for at first, and get if they name no scope; absent: all of its scopes. */
  readonly initialScopes?: readonly [Scope, ...Scope[]]
}

/** A path of its own, such as `/billing/mcp`. The end keeps it apart from every page and endpoint. */
type Path = `/${string}/mcp`

/** A server in this Worker, with lists of its own. */
export interface ServerHere extends Described, Pick<Catalog, 'tools'>, Partial<Omit<Catalog, 'tools'>> {
  readonly path: Path
  /** What a model should know before it uses the server. */
  readonly instructions?: string
}

/**
 * Answers a request: `(request, env) => env.BILLING.fetch(request)`. The caller is in the header `Gatehouse-Caller`, as
 * JSON in percent-encoding, and in `ctx.props`.
 */
export type Handler = (request: Request, env: Env, ctx: ExecutionContext) => Response | Promise<Response>

/** Anything that answers requests: another Worker by its service binding, or a handler in this one. */
export interface ServerBehind extends Described {
  readonly path: Path
  /** Gets requests that are authenticated already; see hand-over.ts. */
  readonly handler: Handler
}

/** A server at an address of its own, which checks our tokens itself. */
export interface ServerElsewhere extends Described {
  /** What clients are given, without a slash at the end. */
  readonly url: `https://${string}`
}

export type ServerDefinition = ServerHere | ServerBehind | ServerElsewhere

/** A further server, for `gatehouse({ servers })`: made by defineServer(). */
export interface FurtherServer {
  readonly resource: Resource
  /** What it offers, if it is in this Worker. */
  readonly catalog?: Catalog
  /** Where it is handed its requests, if it answers them itself. */
  readonly endpoint?: Hono<AppEnv>
}

/** @throws Error at the start of the server, with what to change */
export function resourceOf(server: ServerDefinition): Resource {
  const { name, scopes, initialScopes = scopes } = server
  const at = 'url' in server ? server.url : server.path
  const isRight = 'url' in server ? isCanonical(at) : /^(\/[\w.~-]+)+\/mcp$/.test(at)
  if (!isRight)
    throw new Error(
      `A server is at ${at}. Write a path as in /billing/mcp, or an address as browsers write it, without / at its end.`,
    )
  const instructions = 'instructions' in server ? server.instructions : undefined
  return { at, name, scopes, initialScopes, ...(instructions !== undefined && { instructions }) }
}

// Tokens and clients compare it letter for letter.
function isCanonical(url: string): boolean {
  return URL.canParse(url) && [url, `${url}/`].includes(new URL(url).href) && !url.endsWith('/')
}
