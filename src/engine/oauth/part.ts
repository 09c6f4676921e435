// The seam for what a server can do without: grant types, endpoints and pages of a folder of its own. `gatehouse({ parts })`
// takes one such value from each folder. A folder that no fork names is not in its bundle.
import type { Context, Hono } from 'hono'
import type { Child } from 'hono/jsx'
import type { AppEnv } from '../http/app-env.ts'
import type { Session } from '../people/session.ts'
import type { Settings } from '../settings/load.ts'
import type { GrantTypes } from './grant-types/grant-type.ts'
import type { AccessToken } from './tokens/access-token.ts'

type Handler = (c: Context<AppEnv>) => Response | Promise<Response>
export type Methods = { readonly [method in 'GET' | 'POST' | 'PUT' | 'DELETE']?: Handler }
/** By their paths. */
export type Endpoints = Readonly<Record<string, Methods>>

/**
 * Verifies access tokens of a form of their own. Returns undefined for a token of another form.
 * @param rememberMs how old what this isolate knows of revocations may be
 * @throws OAuthError `invalid_token`, 429, 503
 */
export type Bearer = (
  c: Context<AppEnv>,
  token: string,
  rememberMs: number,
) => Promise<AccessToken> | undefined

export type Bearers = readonly Bearer[]

/** An optional part of the server. */
export interface Part {
  readonly grantTypes?: GrantTypes
  /** For programs: any origin may call them, and their errors are JSON. */
  readonly endpoints?: Endpoints
  /** What the metadata of the authorization server says of it (RFC 8414). */
  readonly metadata?: (issuer: string, settings: Settings) => object
  /** For users in a browser. Their forms are theirs alone by `ownForms`: http/own-page.ts. */
  readonly pages?: Hono<AppEnv>
  /** What the account page shows of it. */
  readonly accountSection?: (c: Context<AppEnv>, session: Session) => Promise<Child>
  /** What else is a token at /mcp. */
  readonly bearer?: Bearer
}
