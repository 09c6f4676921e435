// The resources that access tokens are for (RFC 8707): each MCP server behind this gate is one. The first is the server at
// /mcp; most deployments have no other.
import { INITIAL_SCOPES, SCOPES, type Scope, SERVER } from '#config'
import type { ServerDescription } from './description.ts'

export interface Resource {
  /** Where it is: a path of this origin, or the address of a server elsewhere. */
  readonly at: string
  readonly name: string
  readonly scopes: readonly Scope[]
  /** What clients ask for at first, and get if they name no scope. */
  readonly initialScopes: readonly Scope[]
  /** What a model should know before it uses the server. */
  readonly instructions?: string
}

export type Resources = readonly [Resource, ...Resource[]]

const MAIN_PATH = '/mcp'

/** What a request came to: an origin, and what it gives tokens for. */
export interface Gate {
  /** Without a trailing slash. */
  readonly issuer: string
  readonly resources: Resources
}

/** The name by which tokens and clients know it. */
export function identifierOf(issuer: string, { at }: Resource): string {
  return at.startsWith('/') ? issuer + at : at
}

/** The main one first. */
export function identifiersOf({ issuer, resources }: Gate): string[] {
  return resources.map((one) => identifierOf(issuer, one))
}

/** RFC 9728 §3.1: the well-known part goes between the host and the path. @param identifier of a resource */
export function metadataUrl(issuer: string, identifier: string): string {
  return `${issuer}/.well-known/oauth-protected-resource${identifier.slice(issuer.length)}`
}

/** Whether it is the server at /mcp, whichever others there are. */
export function isMain({ at }: Resource): boolean {
  return at === MAIN_PATH
}

/**
 * All resources, the main one first. Its scopes are those that no other one has, so that no scope means two things.
 * @throws Error at the start of the server, with what to change
 */
export function withMain(others: readonly Resource[]): Resources {
  const taken = others.flatMap(({ scopes }) => scopes)
  const wrong = INITIAL_SCOPES.find((scope) => taken.includes(scope))
  if (wrong) throw new Error(`INITIAL_SCOPES are of ${MAIN_PATH}, and ${wrong} is a scope of another server.`)
  const scopes = (Object.keys(SCOPES) as Scope[]).filter((scope) => !taken.includes(scope))
  const { title: name, instructions }: ServerDescription = SERVER
  const main = {
    at: MAIN_PATH,
    name,
    scopes,
    initialScopes: INITIAL_SCOPES,
    ...(instructions !== undefined && { instructions }),
  }
  const twice = [main, ...others].map(({ at }) => at).find((at, index, all) => all.indexOf(at) !== index)
  if (twice) throw new Error(`Two servers are at ${twice}. Give one of them another path.`)
  return [main, ...others]
}
