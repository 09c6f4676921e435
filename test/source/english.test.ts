// Plain English, held by a count: words and turns that hide who does what, per 1,000 words.
import { describe, expect, it } from 'vitest'
import { readSource } from '../support/imports.ts'

const MOST_PER_THOUSAND = 0.2

/** Pronouns that name no actor, old-fashioned turns, and clauses that put the object first. */
const MARKERS: readonly RegExp[] = [
  /\b(whom|whomever|whoever|nobody|somebody|anybody|lest|hereby|thereby|whereby|therein|thereof)\b/gi,
  /\bbut for\b/gi,
  /\b(is|are|was|were|be|been|being) told\b/gi,
  /\b(let|lets|letting) in\b|\b(was|were|is|are|be) let\b|\bputs? out\b/gi,
  /(?:^|[.:;|] )Of (?:a|an|the|all|what|those|these|its|every|each) [^,.]{2,40}, /gm,
  /(?:^|[.:;|] )What (?:is|was|has|are|comes|cannot|can|may|must|does) [^.?!,]{2,70}, (?:it|that|they) /gm,
]

const AREAS: Readonly<Record<string, readonly string[]>> = {
  'the docs': ['docs/*.md', '{AGENTS,CHANGELOG,CONTRIBUTING,SECURITY}.md', '.github/**/*.md'],
  'the commands and the bench': ['scripts/**/*.ts', 'bench/*.ts', 'bench/{measure,scale,workers}/**/*.ts'],
  'the tests': ['test/**/*.ts'],
  'the engine and its pages': ['src/**/*.{ts,tsx}'],
  'what starts and what shows': ['create/src/*.ts', 'examples/*/src/**/*.ts'],
}

/** The prose of a file: of Markdown all but code, of code the comments, texts and titles. */
function proseOf(file: string, text: string): string {
  if (file.endsWith('.md')) return text.replace(/^ *```.*?^ *```/gms, '').replace(/`[^`\n]*`/g, '')
  const parts = text.matchAll(
    /\/\*.*?\*\/|(?<=^|\s)\/\/.*?$|'[^'\n]* [^'\n]*'|`[^`]* [^`]*`|>[^<>{}=]{3,}</gms,
  )
  return [...parts].map(([part]) => part.replace(/^\s*(\/\/|\/?\*+\/?)\s*/gm, '')).join('\n')
}

describe.each(Object.entries(AREAS))('%s', (_area, patterns) => {
  const prose = [...readSource(...patterns)].map(([file, text]) => ({ file, text: proseOf(file, text) }))
  const words = prose.reduce((sum, { text }) => sum + text.split(/\s+/).length, 0)

  it(`have at most ${MOST_PER_THOUSAND} markers of roundabout English in 1,000 words`, () => {
    const found = prose.flatMap(({ file, text }) =>
      MARKERS.flatMap((marker) => [...text.matchAll(marker)].map(([marker]) => `${file}: ${marker.trim()}`)),
    )
    const most = Math.floor((words / 1000) * MOST_PER_THOUSAND)
    // Shown in full, so that a failure says where to write more plainly.
    expect(found.length > most ? found : []).toEqual([])
  })
})
