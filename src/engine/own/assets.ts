// The files in public/, where the Worker has an ASSETS binding. The Worker runs first: a file is served where neither the
// engine nor src/routes.ts has a path, behind the same origin guard and with the same headers.
import type { Context } from 'hono'
import { overlap } from './paths.ts'

/** Scripts, styles and pictures from public/ itself; none inline. `public/_headers` can say otherwise. */
const POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** No file has a longer one. A stranger's can be 16 KB, of which each segment costs. */
const MAX_PATH = 1024

/** For apps, by the resources of their tools. */
const VIEWS = '/views/*'

/** The file that a request asks for; undefined where there is none. @param engine the paths of the engine */
export async function assetOf(c: Context, engine: readonly string[]): Promise<Response | undefined> {
  const assets: Fetcher | undefined = Reflect.get(c.env, 'ASSETS')
  if (!assets || (c.req.method !== 'GET' && c.req.method !== 'HEAD')) return undefined
  const path = pathOf(c.req.url)
  if (path === undefined || [...engine, VIEWS].some((one) => overlap(one, path))) return undefined
  const response = await assets.fetch(c.req.raw)
  if (response.status === 404) return undefined
  const answer = new Response(response.body, response)
  if (!answer.headers.has('Content-Security-Policy')) answer.headers.set('Content-Security-Policy', POLICY)
  return answer
}

/** As the assets read it; undefined for a path that no file has. */
function pathOf(url: string): string | undefined {
  try {
    const path = decodeURIComponent(new URL(url).pathname)
    return path.length > MAX_PATH || /\/\/|[:*{}?]/.test(path) ? undefined : path
  } catch {
    return undefined
  }
}
