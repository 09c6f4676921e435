// What an answer has to be like for a client to go on.
import { elements, textOf } from './html.ts'
import type { Json } from './play.ts'
import type { Answer } from './request.ts'

/** @throws Error with the status, and what the server says about it */
export function expectStatus(answer: Answer, ...statuses: readonly number[]): void {
  if (statuses.includes(answer.status)) return
  throw new Error(`It answers ${described(answer)} instead of ${statuses.join(' or ')}.`)
}

/** The status, and in a few words why. */
export function described(answer: Answer): string {
  const location = answer.headers.get('Location')
  const why = location === null ? reasonOf(answer) : `a redirect to ${location}`
  return why === '' ? String(answer.status) : `${answer.status} (${why})`
}

/** @throws Error if it is no JSON object */
export function jsonOf({ text }: Answer, what: string): Json {
  const value = objectIn(text)
  if (!value) throw new Error(`${what} is no JSON object.`)
  return value
}

/** A JSON object; undefined if it is none. */
export function objectIn(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
  } catch {
    return undefined
  }
}

/** @throws Error that names the fields which are null: libraries refuse the whole answer for one of them */
export function expectNoNull(json: Json, what: string): void {
  const nulls = Object.keys(json).filter((name) => json[name] === null)
  if (nulls.length > 0) throw new Error(`${what} has null for ${nulls.join(', ')}.`)
}

export function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

/** What a page says to its reader, cut. */
export function textOfPage(html: string): string {
  const [main] = [...elements(html, 'main'), ...elements(html, 'body')]
  return shortened(textOf(main?.inside ?? html))
}

function reasonOf({ headers, text }: Answer): string {
  if (headers.get('Content-Type')?.startsWith('text/html')) return textOfPage(text)
  const { error, error_description } = objectIn(text) ?? {}
  const said = [error_description, typeof error === 'object' ? (error as Json | null)?.message : error]
  return shortened(String(said.find((one) => typeof one === 'string') ?? ''))
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}
