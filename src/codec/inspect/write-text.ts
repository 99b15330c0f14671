// A journal entry as text for a terminal or a letter to a vendor: what happened, why, what would do, and the messages (docs/journal.md).

import type { InspectionTable } from '../../model/inspection.ts'
import type { ExplainedError, JournalLine, JournalView, MessageView } from '../../model/journal-view.ts'
import { jstIso } from '../../model/jst.ts'

export function writeJournalText(view: JournalView): string {
  return clean(
    [head(view), ...view.errors.map(errorText), timings(view), ...messages(view)]
      .filter((part) => part !== '')
      .join('\n\n'),
  )
}

/** Control characters of a message must not act on the terminal that shows it (security e.33). */
function clean(text: string): string {
  return `${text.replace(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/gu, '·')}\n`
}

function head(view: JournalView): string {
  const bytes = `${view.requestBytes} in, ${view.responseBytes ?? 'unknown'} out`
  return lines([
    ['journal id / 記録番号', view.journalId],
    ['time / 日時', momentOf(view)],
    ['transaction / 取引', `${view.transaction} at ${view.door} ${view.endpoint}`],
    ['result / 結果', resultOf(view)],
    ['system / システム', [view.systemId ?? 'unknown', view.facilityId, view.peer].filter(isThere).join(', ')],
    ['message id / メッセージID', view.messageId ?? ''],
    ['patients / 患者', view.patients.join(', ')],
    ['documents / 文書', view.documents.join(', ')],
    ['waived rules / 免除した規則', view.waivedRules.join(', ')],
    ['bytes / サイズ', bytes],
    ['took / 所要時間', `${view.durationMs.toFixed(1)} ms`],
  ])
}

function isThere(text: string | undefined): text is string {
  return text !== undefined
}

export function momentOf({ at }: Pick<JournalLine, 'at'>): string {
  return jstIso(new Date(at).getTime())
}

function resultOf({ result, codes }: JournalLine): string {
  return codes.length === 0 ? result : `${result} (${codes.join(', ')})`
}

const BLAME: Readonly<Record<string, string>> = {
  caller: 'the sender / 送信側',
  us: 'this server / 本サーバ',
  neighbour: 'another system / 他システム',
}
const RETRY: Readonly<Record<string, string>> = {
  never: 'sent again as it is, it is refused again / 再送しても同じ結果',
  same: 'may be sent again as it is / そのまま再送可',
  later: 'may be sent again later / 時間をおいて再送可',
}

function errorText(error: ExplainedError): string {
  return `${error.code}\n${lines([
    ['  what / 内容', error.message ?? ''],
    ['  where / 箇所', error.at ?? ''],
    ['  value / 値', error.value ?? ''],
    ['  rule / 規則', error.rule ?? ''],
    ['  what would do / 対処', error.hint ?? ''],
    ['', error.ja ?? ''],
    ['  cause / 原因', BLAME[error.blame] ?? error.blame],
    ['  again / 再送', RETRY[error.retry] ?? error.retry],
  ])}`
}

function timings({ timings: stations }: JournalView): string {
  if (stations === undefined) return ''
  return `stations / 処理時間: ${Object.entries(stations)
    .map(([name, ms]) => `${name} ${Number(ms).toFixed(1)} ms`)
    .join(', ')}`
}

const NO_MESSAGES = {
  'not kept': 'messages: none is kept / 電文は保存されていません',
  sealed: 'messages: sealed with a key that this server does not have / 電文の復号鍵がありません',
} as const

function messages({ messagesAre, messages: kept }: JournalView): readonly string[] {
  return messagesAre === 'kept' ? kept.map(messageText) : [NO_MESSAGES[messagesAre]]
}

function messageText(message: MessageView): string {
  const masked = message.sight === 'masked' ? ', masked / マスク表示' : ''
  const title = `${message.direction} of ${message.sentBy}: ${message.title}, ${message.sizeBytes} bytes${masked}`
  const facts = lines(message.facts.map(({ name, value }) => [`  ${name}`, value]))
  const parts = message.parts.map(
    ({ contentId, contentType, sizeBytes, sha256, kept }) =>
      `  part ${contentId}: ${contentType}, ${sizeBytes} bytes, SHA-256 ${sha256}${kept === 'yes' ? '' : ', not kept'}`,
  )
  return [
    `== ${title}`,
    ...(message.contentType === undefined ? [] : [`  Content-Type: ${message.contentType}`]),
    ...(facts === '' ? [] : [facts]),
    ...parts,
    ...message.notes.map((note) => `  note: ${note}`),
    ...message.tables.map(tableText),
    ...(message.form === 'hl7v2' || message.text === '' ? [] : [message.text]),
  ].join('\n')
}

/** Columns part by a bar: the first of them says the same in many lines, and is said once. */
function tableText({ title, columns, rows }: InspectionTable): string {
  let before = ''
  const body = rows.flatMap((row) => {
    const [first = '', ...rest] = row
    const line = `    ${rest.join(' | ')}`
    if (columns.length < 3) return [`  ${row.join(' | ')}`]
    const isSame = first === before
    before = first
    return isSame ? [line] : [`  ${first}`, line]
  })
  return [`  -- ${title} (${columns.join(' | ')})`, ...body].join('\n')
}

function lines(rows: readonly (readonly [string, string])[]): string {
  return rows
    .flatMap(([name, value]) => (value === '' ? [] : [name === '' ? `    ${value}` : `${name}: ${value}`]))
    .join('\n')
}
