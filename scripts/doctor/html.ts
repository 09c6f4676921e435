// HTML of a page, as far as the doctor reads it. Any server wrote it, so the time grows with its length alone.

interface Element {
  /** What its start tag says. */
  readonly attributes: string
  readonly inside: string
  /** Where it begins, and what comes after it. */
  readonly start: number
  readonly end: number
}

/** The elements of this name, in lower case. One that never ends is none; one in another of its name is a part of that. */
export function* elements(html: string, name: string): Generator<Element> {
  const [open, close] = [`<${name}`, `</${name}>`]
  for (let start = html.indexOf(open); start >= 0; start = html.indexOf(open, start + 1)) {
    const from = start + open.length
    if (!/[\s>]/.test(html[from] ?? '')) continue
    const head = html.indexOf('>', from)
    const foot = head < 0 ? -1 : html.indexOf(close, head)
    if (foot < 0) return
    const end = foot + close.length
    yield { attributes: html.slice(from, head), inside: html.slice(head + 1, foot), start, end }
    start = end - 1
  }
}

/** The text without its tags, styles and scripts. */
export function textOf(html: string): string {
  const text = without(without(html, 'style'), 'script').replace(/<[^<>]*>/g, ' ')
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}

function without(html: string, name: string): string {
  const parts: string[] = []
  let from = 0
  for (const { start, end } of elements(html, name)) {
    parts.push(html.slice(from, start))
    from = end
  }
  return [...parts, html.slice(from)].join(' ')
}
