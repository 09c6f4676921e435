// A refusal that a person reads. It knows no page: pages/error.tsx renders it.

/** A link that leads on. */
export interface Way {
  readonly href: string
  readonly text: string
}

/** Throw it anywhere below a page. */
export class PageError extends Error {
  readonly status: number
  readonly title: string
  readonly way: Way | undefined

  /** @param way where the person can go from here */
  constructor(status: number, title: string, message: string, way?: Way) {
    super(message)
    this.status = status
    this.title = title
    this.way = way
  }
}
