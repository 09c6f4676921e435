// A list that has pages, and the way to its next one.

/** A part of a list. */
export interface Part<T> {
  readonly shown: readonly T[]
  /** With what the next page is asked for. */
  readonly next: string | undefined
}

/** The way to the next part. */
export function more(query: string, { next }: Part<unknown>, text: string) {
  return (
    next !== undefined && (
      <p>
        <a class="button" href={`${query}=${encodeURIComponent(next)}`}>
          {text}
        </a>
      </p>
    )
  )
}
