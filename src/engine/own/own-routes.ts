// What a fork has beside the engine: HTTP routes, and the files in public/. A server without them has none of this folder.
import type { Context, Hono } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { assetOf } from './assets.ts'
import { addRoutes, enginePaths, type Routes, requireOwnPaths } from './routes.ts'

/** Adds them to a server. Returns what is to be called once the engine has all of its paths, and then finds files. */
export type Own = (app: Hono<AppEnv>) => () => (c: Context) => Promise<Response | undefined>

/** Your routes, and the files in public/. The server does not start with a route that covers a path of the engine. */
export function ownRoutes(routes?: Routes): Own {
  return (app) => {
    const own = addRoutes(app, routes)
    return () => {
      const engine = enginePaths(app.routes, own)
      requireOwnPaths(own, engine)
      return (c) => assetOf(c, engine)
    }
  }
}
