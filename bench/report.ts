// What a run has found: tables for a terminal and for docs/performance.md alike, and what became of each goal.
import type { Group } from './chart.ts'

export interface Section {
  readonly title: string
  readonly tables: readonly Table[]
  readonly goals: readonly Goal[]
  /** What of it is drawn. */
  readonly drawn: readonly Group[]
}

export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface Goal {
  readonly rule: string
  readonly reached: boolean
  readonly measured: string
}

export function markdown({ title, tables, goals }: Section): string {
  const said = goals.map(
    ({ rule, reached, measured }) => `- ${reached ? 'reached' : '**not reached**'}: ${rule} (${measured})`,
  )
  return [`### ${title}`, ...tables.map(tableOf), said.join('\n')].join('\n\n')
}

export function tableOf({ columns, rows }: Table): string {
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...rows.map((row) => (row[at] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(columns), line(rule), ...rows.map(line)].join('\n')
}
