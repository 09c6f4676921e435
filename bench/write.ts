// Puts what a run has found into docs/performance.md, and what README.md says of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { chart } from './chart.ts'
import { goalsOf, markdown, type Section } from './report.ts'

const PAGE = 'docs/performance.md'
const PLACE = /(<!-- measured -->\n)[\s\S]*(<!-- end -->)/

/** @param sections of one run of every part, so that all figures belong together */
export function write(sections: readonly Section[]): void {
  writeFileSync('docs/performance.svg', chart(sections.flatMap(({ drawn }) => drawn)))
  const texts = [goalsOf(sections), ...sections.map(markdown)]
  const page = readFileSync(PAGE, 'utf8')
  const measured = page.replace(PLACE, (_, begin, end) => `${begin}\n${texts.join('\n\n')}\n\n${end}`)
  writeFileSync(PAGE, measured)
  const rows = sections.flatMap(({ readme = {} }) => Object.entries(readme))
  writeFileSync('README.md', rows.reduce(withRow, readFileSync('README.md', 'utf8')))
}

/** @throws Error unless the table has such a row */
function withRow(text: string, [name, cells]: readonly [string, readonly string[]]): string {
  const place = new RegExp(`^\\| ${name} \\|.*$`, 'm')
  if (!place.test(text)) throw new Error(`README.md has no row "${name}".`)
  return text.replace(place, `| ${[name, ...cells.map((cell) => `[${cell}](${PAGE})`)].join(' | ')} |`)
}
