// Tables for people and JSON for programs; columns are aligned by the width a terminal gives each character (UAX #11).

import type { Terminal } from './terminal.ts'

export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{20000}-\u{3fffd}]/u

/** Columns of a terminal that the text takes. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += WIDE.test(character) ? 2 : 1
  return width
}

/** Control and direction-override characters of a foreign text would act on the terminal: they are shown as a dot. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '·')
}

/** A table with a header line; '' for no rows. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  if (rows.length === 0) return ''
  const lines = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ value }) => printable(value(row)))),
  ]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => widthOf(line[index] ?? ''))))
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, index) => pad(cell, widths[index] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

export interface Shown<Row> {
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  /** Said where there is no row. */
  readonly empty: string
}

/** Prints rows as a table, or as a JSON array. */
export function printRows<Row>(terminal: Terminal, shown: Shown<Row>, format: 'json' | 'table'): void {
  if (format === 'json') terminal.out(toJson(shown.rows))
  else terminal.out(shown.rows.length === 0 ? `${shown.empty}\n` : formatTable(shown.rows, shown.columns))
}

export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
