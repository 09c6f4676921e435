// Puts what a run has found into docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { chart } from './chart.ts'
import { markdown, type Section } from './report.ts'

const PAGE = 'docs/performance.md'
const PLACE = /(<!-- measured -->\n)[\s\S]*(<!-- end -->)/

export function write(sections: readonly Section[]): void {
  writeFileSync('docs/performance.svg', chart(sections.flatMap(({ drawn }) => drawn)))
  const tables = sections.map(markdown).join('\n\n')
  const page = readFileSync(PAGE, 'utf8')
  writeFileSync(
    PAGE,
    page.replace(PLACE, (_, begin, end) => `${begin}\n${tables}\n\n${end}`),
  )
}
