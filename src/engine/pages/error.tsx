// What a person sees when something is refused: what happened, and what they can do.
import { LIMIT_PERIOD } from '#config'
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

export function errorPage({ status, title, message, way }: PageError): Promise<Response> {
  return page({
    title,
    status,
    retryAfter: status === 429 ? LIMIT_PERIOD : undefined,
    children: (
      <>
        <h1>{title}</h1>
        <p>{message}</p>
        {way && (
          <p>
            <a href={way.href}>{way.text}</a>
          </p>
        )}
      </>
    ),
  })
}
