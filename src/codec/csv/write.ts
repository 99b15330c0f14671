// Tables as CSV for spreadsheets (RFC 4180): UTF-8 with byte order mark, CRLF, and no cell that a spreadsheet would compute.

/** Stands once before everything: without it Japanese spreadsheets read Shift_JIS. */
export const CSV_MARK = '\ufeff'

/** A cell that begins so would be a formula; the full-width signs are one in Japanese spreadsheets, and Shift_JIS makes one of U+2212. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠\u2212]/

export function csvLine(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

function cell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
