// Instants as people read them, in UTC, since a page without a script does not know where its reader is. Written by hand:
// a formatter of Intl takes half a millisecond to make, and a page has hundreds of instants.

/** The script that writes them in the zone of the reader, with UTC where the pointer rests. */
export const TIMES = `{
const day = { day: 'numeric', month: 'short', year: 'numeric' }
const minute = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }
const [days, minutes] = [day, minute].map((form) => new Intl.DateTimeFormat('en-GB', form))
for (const one of document.querySelectorAll('time')) {
  one.title = one.dateTime.slice(0, 16).replace('T', ' ') + ' UTC'
  one.textContent = (one.textContent.endsWith('UTC') ? minutes : days).format(new Date(one.dateTime))
}
}`

/** @param instant milliseconds since the epoch */
export function day(instant: number) {
  const { day, month, year } = partsOf(instant)
  return time(instant, `${day} ${month} ${year}`)
}

/** @param instant milliseconds since the epoch */
export function minute(instant: number) {
  const { day, month, clock } = partsOf(instant)
  return time(instant, `${day} ${month}, ${clock} UTC`)
}

/** ECMA-262 §21.4.4.43 fixes the form: `Sun, 01 Mar 2026 08:05:00 GMT`. */
function partsOf(instant: number) {
  const [, day, month, year, clock = ''] = new Date(instant).toUTCString().split(' ')
  return { day: Number(day), month, year, clock: clock.slice(0, 5) }
}

function time(instant: number, text: string) {
  return <time datetime={new Date(instant).toISOString()}>{text}</time>
}
