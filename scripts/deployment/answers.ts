// Waits for the deployed server: a new address or version takes a while to reach every location.
import { setTimeout as wait } from 'node:timers/promises'
import { printable } from '../printable.ts'
import { begin, done, Stopped } from './terminal.ts'

const PATIENCE_MS = 180_000
/** A failing Worker has arrived. Once the version before can no longer answer, waiting does not help. */
const PATIENCE_WITH_FAILURE_MS = 15_000
const PAUSE_MS = 2_000

/** The last answer, or why there is none. */
type Heard = { readonly answer: unknown } | { readonly problem: string; readonly patience: number }

/**
 * Sends requests until an answer has status 200 and `isRight` accepts it.
 * @param what it waits for, as the user reads it
 * @throws Stopped after three minutes, with the last answer
 */
export async function awaitAnswer(
  url: string,
  what: string,
  isRight: (answer: unknown) => boolean,
): Promise<void> {
  begin(what)
  const began = Date.now()
  let last = ''
  let since = began
  for (;;) {
    const heard = await ask(url)
    if ('answer' in heard && isRight(heard.answer)) return done('It answers')
    const { problem, patience } = 'answer' in heard ? NOT_YET : heard
    if (problem !== last) {
      console.log(`    ${problem}`)
      since = Date.now()
    }
    last = problem
    // The answer can differ each time.
    const isOver = Date.now() - since > patience || Date.now() - began > PATIENCE_MS
    if (isOver) throw new Stopped(`${url} does not answer as it should: ${problem}`)
    await wait(PAUSE_MS)
  }
}

/** Whether it gives such an answer now. */
export async function answersNow(url: string, isRight: (answer: unknown) => boolean): Promise<boolean> {
  const heard = await ask(url)
  return 'answer' in heard && isRight(heard.answer)
}

const NOT_YET = { problem: 'not there yet', patience: PATIENCE_MS }

async function ask(url: string): Promise<Heard> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    const text = await response.text()
    if (response.ok) return { answer: JSON.parse(text) }
    const patience = response.status === 500 ? PATIENCE_WITH_FAILURE_MS : PATIENCE_MS
    return { problem: `it answers ${response.status}: ${printable(text.slice(0, 300)).trim()}`, patience }
  } catch (error) {
    const { message, cause } = error as Error
    const reason = cause instanceof Error ? `${message}: ${cause.message}` : message
    return { problem: printable(reason), patience: PATIENCE_MS }
  }
}
