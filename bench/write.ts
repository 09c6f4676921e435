// Puts what a run has found into docs/performance.md, and what README.md says of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { chart } from './chart.ts'
import { goalsOf, markdown, type Section } from './report.ts'

const PAGE = 'docs/performance.md'
const PLACE = /(<!-- measured -->\n)[\s\S]*(<!-- end -->)/

/** @param sections of one run of every part, so that all figures belong together */
export function write(sections: readonly Section[]): void {
  writeFileSync('docs/performance.svg', chart(sections.flatMap(({ drawn }) => drawn)))
  const texts = [...sections.map(markdown), goalsOf(sections)]
  const page = readFileSync(PAGE, 'utf8')
  writeFileSync(
    PAGE,
    page.replace(PLACE, (_, begin, end) => `${begin}\n${texts.join('\n\n')}\n\n${end}`),
  )
}
