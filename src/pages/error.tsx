// What a person sees when something is refused: what happened, and what they can do.
import { LIMIT_PERIOD } from '../config.ts'
import { page } from './layout.tsx'

export interface Way {
  readonly href: string
  readonly text: string
}

/** A refusal that a person must read. Throw it anywhere below a page. */
export class PageError extends Error {
  readonly status: number
  readonly title: string
  readonly way: Way | undefined

  /** @param way a link that leads on. */
  constructor(status: number, title: string, message: string, way?: Way) {
    super(message)
    this.status = status
    this.title = title
    this.way = way
  }
}

export const UNEXPECTED = new PageError(
  500,
  'Something went wrong here',
  'This is our mistake, not yours. It has been written down. Please try again.',
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
