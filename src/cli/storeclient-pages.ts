// The generated pages of the guide for StoreClient vendors: data kinds and acknowledgement errors, in Japanese and English.

import { errorTable } from '../../profiles/errors/index.ts'
import { type DataKind, dataKinds, type KindEvent } from '../../profiles/storeclient/index.ts'
import type { ErrorRow } from '../model/error.ts'

/** What else than HL7 v2 itself a push can be answered with. */
const OF_EVERY_DOOR: ReadonlySet<string> = new Set([
  'CERTIFICATE_REFUSED',
  'ROLE_MISSING',
  'FACILITY_SUSPENDED',
  'CONTENT_TYPE',
  'TOO_LARGE',
  'BUSY',
  'INTERNAL',
])

const KEYS: Readonly<Record<DataKind['key'], string>> = {
  patient: '患者ごとに1件 / one a patient',
  order: 'オーダ番号＋診療日 / order number and care date',
  'care-date': '診療日 / care date',
  'care-date-department': '診療日＋診療科 / care date and department',
  'care-time': '診療日＋時刻 / care date and time',
  document: '文書番号 (TXA-12) / document number',
}

/** How a document is cancelled by its ordinary message. */
const ORDER_CANCELLED = 'ORC-1 = CA, DC, OC, CR'
const RESULTS_CANCELLED = `OBX-11 = D, X, W; ${ORDER_CANCELLED}`
const CANCELLED_WITHIN: Readonly<Partial<Record<DataKind['kind'], string>>> = {
  'ADT-61': 'IAM-6 = D, 空の一覧 / empty list',
  'PPR-01': 'PRB-1 = DE, 空の一覧 / empty list',
  'OMP-11': `RXA-21 = D; ${ORDER_CANCELLED}`,
  'OMP-12': `RXA-21 = D; ${ORDER_CANCELLED}`,
  'OML-11': RESULTS_CANCELLED,
  'OMG-13': RESULTS_CANCELLED,
  VITAL: RESULTS_CANCELLED,
  REPORT: RESULTS_CANCELLED,
}

/** `docs/storeclient/errors.md`. */
export function storeClientErrorsPage(): string {
  const rows = errorTable.filter(({ code }) => code.startsWith('HL7_') || OF_EVERY_DOOR.has(code))
  const refusals = rows.filter(({ severity }) => severity !== 'Warning')
  const warnings = rows.filter(({ severity }) => severity === 'Warning')
  return [
    '# エラーと警告 / Errors and warnings',
    '',
    '応答の `MSA-1`、`ERR-3`（HL7表0357）、`ERR-5`（体系 99STC）と、その意味・対処です。場所は `ERR-2`、説明は `ERR-8`、記録番号は `ERR-7` に入ります。',
    'What MSA-1, ERR-3 (HL7 table 0357) and ERR-5 (system 99STC) of an acknowledgement mean, and what to do. ERR-2 says where, ERR-8 why,',
    'ERR-7 names the journal entry, which the sender looks up itself ([the journal](../journal.md)). Written by `npm run generate`.',
    '',
    '**AE**: 内容を直すまで再送しても同じ結果です。**AR**: 原因が解消した後に再送してください。 AE: sending it again changes nothing until the',
    'content, link or consent is mended. AR: keep the message and send it again later, or mend MSH.',
    '',
    '## 拒否 / Refusals',
    '',
    ...refusals.flatMap(errorSection),
    '## 警告 / Warnings',
    '',
    '受理（AA）された電文に付く注意です。 The message was accepted (AA); each warning is an ERR of severity W.',
    '',
    ...warnings.flatMap(errorSection),
  ].join('\n')
}

function errorSection({ code, v2, message, hint, ja }: ErrorRow): readonly string[] {
  const application = v2.application === undefined ? '' : ` · ${v2.application}`
  return [`### ${code}`, '', `${v2.ack} · ${v2.table0357}${application}`, '', ja, '', `${message}. ${hint}.`, '']
}

/** `docs/storeclient/kinds.md`. */
export function storeClientKindsPage(): string {
  return [
    '# データ種別 / Data kinds',
    '',
    '受け付ける電文と、登録される文書の一覧です。同じキーの新しい電文は前の文書を置き換えます。',
    'The messages that are taken and the documents they become; a newer message of the same key replaces the document.',
    'Written by `npm run generate`.',
    '',
    '| 種別 / kind | 名称 / name | 新規・更新 / new, update | 取消 / cancel | 診療日 / care date | キー / key | typeCode | カレンダー / calendar |',
    '|---|---|---|---|---|---|---|---|',
    ...dataKinds.map(kindRow),
    '',
  ].join('\n')
}

function kindRow({ kind, name, events, careDate, key, typeCode, calendarRow }: DataKind): string {
  const eventsOf = (action: KindEvent['action']) =>
    events.flatMap((event) => (event.action === action ? [`${event.type}^${event.trigger}^${event.structure}`] : []))
  const cells = [
    kind,
    `${name.ja} / ${name.en}`,
    eventsOf('publish').join(', '),
    eventsOf('delete').join(', ') || (CANCELLED_WITHIN[kind] ?? ORDER_CANCELLED),
    careDate.join(', ') || '–',
    KEYS[key],
    typeCode.code,
    calendarRow ?? '–',
  ]
  return `| ${cells.join(' | ')} |`
}
