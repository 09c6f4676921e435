// The source as text: which file imports which names from which file.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Import {
  /** The file that is imported; `#config` and its like, which mean another file in each server. */
  readonly of: string
  /** As they are called there; `*` is all of them. */
  readonly names: readonly string[]
}

/** The text of each file that the patterns mean. */
export function readSource(...patterns: readonly string[]): ReadonlyMap<string, string> {
  const files = globSync([...patterns], { exclude: ['**/env.d.ts', '**/node_modules/**'] })
  return new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
}

/** What a file takes from other files of this project. */
export function importsIn(file: string, text: string): Import[] {
  const named = [...text.matchAll(/^(?:import|export)\b([^'"]*?)\bfrom '([.#][^']+)'/gms)]
  const whole = [...text.matchAll(/^import ()'([.#][^']+)'|\bimport\(()'([.#][^']+)'\)/gm)]
  return [...named, ...whole].map(([, clause = '', from = '', , dynamic = from]) => ({
    of: dynamic.startsWith('.') ? join(dirname(file), dynamic) : dynamic.replace(/^#engine\//, 'src/engine/'),
    names: namesIn(clause),
  }))
}

function namesIn(clause: string): string[] {
  const named = /\{([^}]*)\}/.exec(clause)?.[1]
  if (named === undefined) return ['*']
  return [...named.matchAll(/(?:^|,)\s*(?:type )?(\w+)/g)].map((match) => match[1] as string)
}
