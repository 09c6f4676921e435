// Operations on storage, as the tables show them.
import type { Operations } from '../storage.ts'

const NAMES: Readonly<Record<keyof Operations | 'calls', string>> = {
  reads: 'read',
  writes: 'write',
  lists: 'list',
  deletes: 'delete',
  queries: 'query',
  calls: 'object call',
}

/** @param requests what they are the sum of */
export function showOperations(all: Operations & { readonly calls: number }, requests = 1): string {
  const shown = Object.entries(all).flatMap(([kind, total]) => {
    const name = NAMES[kind as keyof typeof NAMES]
    const each = Number((total / requests).toFixed(1))
    return total === 0 ? [] : [`${each} ${each === 1 ? name : name.replace(/y$/, 'ie').concat('s')}`]
  })
  return shown.join(', ') || 'none'
}
