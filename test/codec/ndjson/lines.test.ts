// Lines of an import: batches over any chunking, and lines of which nothing is taken (docs/patient-import.md).

import t from 'tap'
import { encode } from '../../../src/codec/hl7v2/charset.ts'
import { lineBatches, MAX_LINE_BYTES, type TextLine } from '../../../src/codec/ndjson/lines.ts'

async function linesOf(bytes: Buffer, chunk: number): Promise<readonly TextLine[]> {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk)
  }
  const lines: TextLine[] = []
  for await (const batch of lineBatches(pieces(), 2)) lines.push(...batch)
  return lines
}

t.test('a line that is not in UTF-8 is refused, not read with lost characters', async (t) => {
  const json = '{"names":[{"family":"架空","given":"花"}]}'
  const other = (['Shift_JIS', 'EUC-JP'] as const).map((charset) => encode(json, charset) ?? Buffer.alloc(0))
  const bytes = Buffer.concat(
    [...other, Buffer.from(json), Buffer.from(json).subarray(0, -20)].flatMap((line) => [line, Buffer.from('\n')]),
  )
  for (const chunk of [1, 7, bytes.length])
    t.same(await linesOf(bytes, chunk), [
      { line: 1, fault: 'not-utf-8' },
      { line: 2, fault: 'not-utf-8' },
      { line: 3, text: json },
      { line: 4, fault: 'not-utf-8' },
    ])
})

t.test('byte order mark, CRLF and empty lines are no text; a line too long is counted', async (t) => {
  const bytes = Buffer.from(`\ufeff{}\r\n\r\n${'9'.repeat(MAX_LINE_BYTES + 1)}\n[]`)
  t.same(await linesOf(bytes, 4096), [
    { line: 1, text: '{}' },
    { line: 3, fault: 'too-long' },
    { line: 4, text: '[]' },
  ])
})
