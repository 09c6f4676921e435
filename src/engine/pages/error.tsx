// What a person sees when something is refused: what happened, and what they can do.
import type { Context } from 'hono'
import { LIMIT_PERIOD, SERVER } from '#config'
import { PageError } from '../http/page-error.ts'
import { page } from './layout.tsx'

export const UNEXPECTED = new PageError(
  500,
  'Something went wrong here',
  'This is our mistake, not yours. It has been written down. Please try again.',
)

export const NOT_SET_UP = new PageError(
  500,
  'This server is not set up correctly',
  'Its owner finds the reason in the log of the server.',
)

/** @param c of the request that was refused */
export function errorPage({ status, title, message, way }: PageError, c: Context): Promise<Response> {
  const ray = rayOf(c)
  return page({
    title,
    status,
    retryAfter: status === 429 ? LIMIT_PERIOD : undefined,
    children: (
      <>
        <h1>{title}</h1>
        <p>{message}</p>
        <p class="row">
          {way && <a href={way.href}>{way.text}</a>}
          <a href="/">Home</a>
          {SERVER.support && <a href={SERVER.support}>Get help</a>}
        </p>
        {ray !== undefined && (
          <p class="quiet">
            If you ask for help, name this request: <code>{ray}</code>
          </p>
        )}
      </>
    ),
  })
}

/** The id by which the owner finds the request in the log of Cloudflare; a stranger may write anything there. */
function rayOf(c: Context): string | undefined {
  return /^[0-9a-f]{16}(-[A-Z]{3})?$/.exec(c.req.header('CF-Ray') ?? '')?.[0]
}
