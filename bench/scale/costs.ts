// What each step costs, as docs/cost.md says it: `test/oauth/cost.test.ts` counts it there on the real bindings.
import { readFileSync } from 'node:fs'

export const STEPS = {
  register: 'An app discovers the server, and registers',
  signIn: 'A user opens its link, and signs in',
  approve: 'They approve it, as its first user',
  exchange: 'It exchanges the code for tokens',
  firstCall: 'Its first call with a new access token',
  call: 'Each further call',
  callAfterMinute: 'The first call after a minute',
  refresh: 'It refreshes its tokens, once an hour',
  account: 'A user opens their account page, with one app',
  revoke: 'They revoke it, with its two approvals',
  expire: 'A client that no grant needs is deleted',
  strangers: 'A registration that no user approves, deleted after a day',
} as const
export type Step = keyof typeof STEPS

const BILLED = ['requests', 'kvReads', 'kvWrites', 'kvDeletes', 'objectRequests', 'rows'] as const
const CLASSES = ['grant', 'account', 'client', 'audit', 'directory'] as const
export type Billed = (typeof BILLED)[number]
export type ObjectClass = (typeof CLASSES)[number]

export type Cost = Readonly<Record<Billed | ObjectClass, number>>

/** By step. @throws Error when the page lacks a step */
export function readCosts(): Readonly<Record<Step, Cost>> {
  const rows = [...readFileSync('docs/cost.md', 'utf8').matchAll(/^\| (.+?) +((?:\| +\d+ +)+)\|$/gm)]
  const tables = new Map<string, Partial<Record<Billed | ObjectClass, number>>>()
  for (const [, step = '', cells = ''] of rows) {
    const numbers = (cells.match(/\d+/g) ?? []).map(Number)
    const columns = numbers.length === BILLED.length ? BILLED : CLASSES
    const named = Object.fromEntries(columns.map((column, at) => [column, numbers[at]]))
    tables.set(step, { ...tables.get(step), ...named })
  }
  const nothing = Object.fromEntries([...BILLED, ...CLASSES].map((name) => [name, 0]))
  const costs = Object.entries(STEPS).map(([name, step]) => {
    const found = tables.get(step)
    if (!found) throw new Error(`docs/cost.md has no row "${step}".`)
    return [name, { ...nothing, ...found }]
  })
  return Object.fromEntries(costs)
}
