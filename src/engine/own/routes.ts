// The routes of a fork (src/routes.ts), on the origin of the sign-in and consent pages: none may take the place of an
// engine's path, and a document that a route serves runs no script unless the route says so.
import type { Context, Hono, Next } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { overlap } from './paths.ts'

/** A Hono app with routes of one's own. */
export type Routes = Hono<{ Bindings: Env }>

/** What a route has of Hono. */
export interface Route {
  readonly path: string
}

// A file that a person has uploaded must not act on this origin as its reader.
const POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Adds the routes to the server. Returns what was added. */
export function addRoutes(app: Hono<AppEnv>, routes: Routes | undefined): readonly Route[] {
  const before = app.routes.length
  if (!routes) return []
  for (const path of new Set(routes.routes.map((route) => route.path))) app.use(path, withoutScripts)
  app.route('/', routes)
  return app.routes.slice(before)
}

async function withoutScripts(c: Context, next: Next): Promise<void> {
  await next()
  if (!c.res.headers.has('Content-Security-Policy')) c.header('Content-Security-Policy', POLICY)
}

/** The paths of the engine: all but those of a fork, and but what stands before every path. */
export function enginePaths(all: readonly Route[], own: readonly Route[]): string[] {
  const paths = all.filter((route) => !own.includes(route)).map(({ path }) => path)
  return [...new Set(paths)].filter((path) => path !== '/*')
}

/** @throws Error at the start of the server, with what to change */
export function requireOwnPaths(own: readonly Route[], engine: readonly string[]): void {
  for (const { path } of own) {
    const taken = engine.find((one) => overlap(one, path))
    if (taken === undefined) continue
    throw new Error(
      `The route ${path} in src/routes.ts covers ${taken}, which belongs to the engine. ` +
        'Begin its path with a word of its own, such as /files/*.',
    )
  }
}
