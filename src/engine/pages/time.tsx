// Instants as people read them, in UTC, since a page without a script does not know where its reader is.

/** @param instant milliseconds since the epoch */
export function day(instant: number) {
  return time(instant, { day: 'numeric', month: 'short', year: 'numeric' })
}

/** @param instant milliseconds since the epoch */
export function minute(instant: number) {
  const parts = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } as const
  return time(instant, { ...parts, timeZoneName: 'short' })
}

function time(instant: number, parts: Intl.DateTimeFormatOptions) {
  const date = new Date(instant)
  const text = date.toLocaleString('en-GB', { ...parts, timeZone: 'UTC' })
  return <time datetime={date.toISOString()}>{text}</time>
}
