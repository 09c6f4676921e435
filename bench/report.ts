// What a run has found: tables for a terminal and for docs/performance.md alike.
import type { Group } from './chart.ts'

export interface Section {
  readonly title: string
  readonly tables: readonly Table[]
  readonly goals: readonly Goal[]
  /** What of it is drawn. */
  readonly drawn: readonly Group[]
  /** Rows of README.md: Gatehouse, the peer, Better Auth. */
  readonly readme?: Readonly<Record<string, readonly string[]>>
}

export interface Table {
  /** How many columns, from the first, have words and not numbers. @default 1 */
  readonly words?: number
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface Goal {
  readonly rule: string
  readonly reached: boolean
  readonly measured: string
}

export function markdown({ title, tables }: Pick<Section, 'title' | 'tables'>): string {
  return [`### ${title}`, ...tables.map(tableOf)].join('\n\n')
}

/** What became of each goal, of all sections. */
export function goalsOf(sections: readonly Section[]): string {
  const rows = sections.flatMap(({ title, goals }) =>
    goals.map(({ rule, reached, measured }) => [title, rule, measured, reached ? 'yes' : '**no**']),
  )
  return markdown({
    title: 'Goals',
    tables: [{ words: 4, columns: ['of', 'goal', 'measured', 'reached'], rows }],
  })
}

export function tableOf({ words = 1, columns, rows }: Table): string {
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...rows.map((row) => (row[at] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => (at < words ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, at) => (at < words ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(columns), line(rule), ...rows.map(line)].join('\n')
}
