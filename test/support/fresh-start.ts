// For every test file of the engine: it starts as in a new workerd. It gets one that ran other files before, because to start
// one takes longer than most files.
import { waitForGlobalWaitUntil } from 'cloudflare:test-internal'
import { env } from 'cloudflare:workers'
import { afterAll, expect, vi } from 'vitest'
import { emptyStorage } from './empty-storage.ts'

type Values = Readonly<Record<string, unknown>>

/** Where the bindings and globals are kept as the first file found them. */
const FIRST = Symbol.for('what the first file found')
const LEFT_BEHIND = 'left behind'

vi.useRealTimers()
vi.resetModules()
const first: { bindings: Values; globals: Values } = Reflect.get(globalThis, FIRST) ?? {
  bindings: valuesOf(env),
  globals: valuesOf(globalThis),
}
Reflect.set(globalThis, FIRST, first)
restore(env, first.bindings)
restore(globalThis, first.globals)
await emptyStorage()
const earlier =
  (await env.RECORDS.get(LEFT_BEHIND)) ??
  Reflect.get(env, LEFT_BEHIND) ??
  Reflect.get(globalThis, LEFT_BEHIND)
if (earlier) throw new Error(`This file finds what ${earlier} left behind.`)

afterAll(async () => {
  // Otherwise the work that goes on after an answer would write into the storage of the next file.
  await waitForGlobalWaitUntil()
  const file = expect.getState().testPath ?? 'another file'
  await env.RECORDS.put(LEFT_BEHIND, file)
  Reflect.set(env, LEFT_BEHIND, file)
  Reflect.set(globalThis, LEFT_BEHIND, file)
})

/** Takes back what a file added, replaced or removed. */
function restore(target: object, values: Values): void {
  const added = Object.keys(valuesOf(target)).filter((name) => !(name in values))
  for (const name of added) Reflect.deleteProperty(target, name)
  for (const [name, value] of Object.entries(values))
    if (!Object.is(Reflect.get(target, name), value)) Reflect.set(target, name, value)
}

/** Without those that vitest keeps for itself. */
function valuesOf(target: object): Values {
  const names = Object.getOwnPropertyNames(target).filter((name) => !name.startsWith('__'))
  return Object.fromEntries(names.map((name) => [name, Reflect.get(target, name)]))
}
