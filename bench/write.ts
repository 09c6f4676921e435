// Puts what a run has found into docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { chart } from './chart.ts'
import { markdown, type Section } from './report.ts'

const PAGE = 'docs/performance.md'
const PLACE = /(<!-- measured -->\n)([\s\S]*)(<!-- end -->)/

/** @param isAll whether every part has run; otherwise the sections of the others stay, and so does the chart */
export function write(sections: readonly Section[], { isAll }: { isAll: boolean }): void {
  if (isAll) writeFileSync('docs/performance.svg', chart(sections.flatMap(({ drawn }) => drawn)))
  const page = readFileSync(PAGE, 'utf8')
  writeFileSync(
    PAGE,
    page.replace(PLACE, (_, begin, before, end) => {
      const kept = isAll ? [] : sectionsOf(before)
      const texts = new Map([...kept, ...sections.map((one) => [one.title, markdown(one)] as const)])
      return `${begin}\n${[...texts.values()].join('\n\n')}\n\n${end}`
    }),
  )
}

/** Those that are there, by title. */
function sectionsOf(text: string): (readonly [string, string])[] {
  const parts = text.split(/^(?=### )/m).filter((part) => part.startsWith('### '))
  return parts.map((part) => [/^### (.*)/.exec(part)?.[1] ?? '', part.trim()] as const)
}
