// A reader of CSV by RFC 4180, independent of what writes it: rows of cells; anything that is no CSV throws.

export function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let at = 0
  while (at < text.length) {
    const row: string[] = []
    for (;;) {
      const { value, end } = text[at] === '"' ? quoted(text, at) : plain(text, at)
      row.push(value)
      at = end
      if (text[at] !== ',') break
      at += 1
    }
    if (text.slice(at, at + 2) !== '\r\n') throw new Error(`no CRLF after the record at ${at}`)
    at += 2
    rows.push(row)
  }
  return rows
}

function plain(text: string, start: number): { readonly value: string; readonly end: number } {
  let end = start
  while (end < text.length && !',\r\n'.includes(text.charAt(end))) {
    if (text[end] === '"') throw new Error(`a quote inside a plain cell at ${end}`)
    end += 1
  }
  return { value: text.slice(start, end), end }
}

function quoted(text: string, start: number): { readonly value: string; readonly end: number } {
  let value = ''
  let at = start + 1
  for (;;) {
    const close = text.indexOf('"', at)
    if (close < 0) throw new Error(`a cell that never ends at ${start}`)
    value += text.slice(at, close)
    if (text[close + 1] !== '"') return { value, end: close + 1 }
    value += '"'
    at = close + 2
  }
}
