// Which audit events are looks at a patient's record, what they are called in the content-reference records, and in plain words (idlink L-1, L-2).

import type { Words } from './words.ts'

/** AccessType of the content-reference records. `EMS` stands for any of the others under emergency access. */
export const ACCESS_TYPES = {
  VIEW: { ja: '閲覧', en: 'read' },
  LIST: { ja: '一覧表示', en: 'saw in a list' },
  DOWNLOAD: { ja: '取得', en: 'retrieved' },
  EMS: { ja: '緊急参照', en: 'emergency access' },
} as const satisfies Readonly<Record<string, Words>>
export type AccessType = keyof typeof ACCESS_TYPES

export interface Look {
  /** EventTypeCode of the audit event. */
  readonly typeCode: string
  /** Of the event, where the type does not tell. */
  readonly endpoint?: string
  /**
   * `content`: documents that the event names were handed out. `list`: their titles, dates and kinds were shown. `search`: what was asked
   * for is known, what was answered is not kept (ITI TF-2 3.20). `identity`: numbers, names, addresses.
   */
  readonly saw: 'content' | 'list' | 'search' | 'identity'
  readonly accessType: Exclude<AccessType, 'EMS'>
  readonly words: Words
}

const retrieval = { saw: 'content', accessType: 'DOWNLOAD', words: { ja: '取得しました', en: 'retrieved' } } as const
const reading = { saw: 'content', accessType: 'VIEW', words: { ja: '閲覧しました', en: 'read' } } as const
const search = {
  saw: 'search',
  accessType: 'LIST',
  words: { ja: '記録の一覧を検索しました', en: 'searched the list of the records' },
} as const
const identity = {
  saw: 'identity',
  accessType: 'LIST',
  words: { ja: '患者番号・氏名などを照会しました', en: 'asked for patient numbers and personal data' },
} as const

/** The first that fits. */
export const LOOKS: readonly Look[] = [
  { typeCode: 'ITI-43', ...retrieval },
  { typeCode: 'ITI-39', ...retrieval },
  {
    typeCode: 'clinical-content',
    endpoint: '/admin/v1/documents/bytes',
    ...retrieval,
    words: { ja: 'ダウンロードしました', en: 'downloaded' },
  },
  { typeCode: 'clinical-content', ...reading },
  {
    typeCode: 'calendar',
    saw: 'list',
    accessType: 'LIST',
    words: { ja: 'カレンダーで表示しました', en: 'saw in the calendar' },
  },
  {
    typeCode: 'ssmix-export',
    saw: 'content',
    accessType: 'DOWNLOAD',
    words: { ja: 'SS-MIX2形式のファイルに書き出しました', en: 'wrote all documents into files (SS-MIX2)' },
  },
  { typeCode: 'ITI-18', ...search },
  { typeCode: 'ITI-38', ...search },
  { typeCode: 'ITI-51', ...search },
  { typeCode: 'ITI-9', ...identity },
  { typeCode: 'ITI-21', ...identity },
  { typeCode: 'ITI-45', ...identity },
  { typeCode: 'ITI-47', ...identity },
  { typeCode: 'ITI-55', ...identity },
  { typeCode: 'patient-search', ...identity },
]

export function lookOf(event: { readonly typeCode: string; readonly endpoint: string }): Look | undefined {
  return LOOKS.find(
    ({ typeCode, endpoint }) => typeCode === event.typeCode && (endpoint === undefined || endpoint === event.endpoint),
  )
}

/** Types whose events name the documents: the records of references are made of them. Word for word those of the index event_reference. */
export const REFERENCE_TYPES = ['ITI-43', 'ITI-39', 'clinical-content', 'calendar'] as const
