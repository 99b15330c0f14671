// What the access log calls things for people, in Japanese and English: kinds of event, jobs, why something was seen (idlink L-3; docs/access-log.md).

import type { Reason } from '../../src/model/access.ts'
import type { Job } from '../../src/model/user.ts'

export interface Words {
  readonly ja: string
  readonly en: string
}

/** Kinds of event by which the log is filtered: EventID of DICOM PS3.15 A.5.3. */
export const EVENT_KINDS = {
  application: { eventCode: '110100', ja: '起動・停止', en: 'start or stop' },
  'audit-log': { eventCode: '110101', ja: '監査記録の参照', en: 'audit log used' },
  export: { eventCode: '110106', ja: '記録の閲覧・取り出し', en: 'content handed out' },
  import: { eventCode: '110107', ja: '記録の登録', en: 'content taken in' },
  patient: { eventCode: '110110', ja: '患者情報の登録・変更', en: 'patient record changed' },
  query: { eventCode: '110112', ja: '検索・照会', en: 'search' },
  security: { eventCode: '110113', ja: 'セキュリティ・設定', en: 'security or configuration' },
  login: { eventCode: '110114', ja: 'ログイン・ログアウト', en: 'log-on or log-off' },
} as const satisfies Readonly<Record<string, Words & { readonly eventCode: string }>>
export type EventKind = keyof typeof EVENT_KINDS

/** Undefined for what another system named otherwise. */
export function eventKindOf(eventCode: string): EventKind | undefined {
  return (Object.keys(EVENT_KINDS) as EventKind[]).find((kind) => EVENT_KINDS[kind].eventCode === eventCode)
}

const JOB_WORDS: Readonly<Record<Job, Words>> = {
  doctor: { ja: '医師', en: 'doctor' },
  dentist: { ja: '歯科医師', en: 'dentist' },
  pharmacist: { ja: '薬剤師', en: 'pharmacist' },
  nurse: { ja: '看護師', en: 'nurse' },
  'public-health-nurse': { ja: '保健師', en: 'public health nurse' },
  midwife: { ja: '助産師', en: 'midwife' },
  'radiological-technologist': { ja: '診療放射線技師', en: 'radiological technologist' },
  'medical-technologist': { ja: '臨床検査技師', en: 'medical technologist' },
  therapist: { ja: '療法士', en: 'therapist' },
  dietitian: { ja: '管理栄養士', en: 'dietitian' },
  'dental-hygienist': { ja: '歯科衛生士', en: 'dental hygienist' },
  'clinical-engineer': { ja: '臨床工学技士', en: 'clinical engineer' },
  'emergency-technician': { ja: '救急救命士', en: 'emergency technician' },
  'social-worker': { ja: '社会福祉士', en: 'social worker' },
  'care-manager': { ja: '介護支援専門員', en: 'care manager' },
  'care-worker': { ja: '介護職員', en: 'care worker' },
  clerk: { ja: '事務職員', en: 'clerk' },
  system: { ja: 'システム', en: 'system' },
}

export function jobWords(job: string): Words | undefined {
  return (JOB_WORDS as Readonly<Record<string, Words | undefined>>)[job]
}

const OPENS: Readonly<Partial<Record<Reason, Words>>> = {
  'union, consent and link stand': {
    ja: '患者の同意があり、閲覧した施設に患者番号が登録されていたため',
    en: 'the patient’s consent stood, and the facility had a patient number registered',
  },
  'own document': { ja: '自施設の記録のため', en: 'the record was the facility’s own' },
  'emergency access stands': { ja: '緊急参照（EMS）のため', en: 'emergency access (EMS) was open' },
  'affinity-domain mode': {
    ja: '接続試験用などのアクセス方式（affinity-domain）のシステムのため',
    en: 'the system is in access mode affinity-domain, as for conformance tests',
  },
}

/** Why it was seen, as the access decision said (`permit: …`). */
export function openedBecause(reason: string | undefined): Words {
  const known = (OPENS as Readonly<Record<string, Words | undefined>>)[reason?.replace(/^permit: /, '') ?? '']
  return (
    known ?? {
      ja: '閲覧時の判定で許可されたため',
      en: 'the access decision at that moment allowed it',
    }
  )
}

/** Why a patient was opened in an emergency (reason_code of the grant), and with which consent. */
const EMERGENCY_REASONS: Readonly<Record<string, Words>> = {
  'life-threat': { ja: '生命の危険', en: 'danger of life' },
  unreferred: { ja: '紹介のない受診', en: 'came without referral' },
  disaster: { ja: '災害', en: 'disaster' },
  asserted: { ja: '閲覧施設のシステムによる申告', en: 'as the system of the facility asserted' },
}
const EMERGENCY_CONSENTS: Readonly<Record<string, Words>> = {
  written: { ja: '書面の同意', en: 'written consent' },
  oral: { ja: '口頭の同意', en: 'oral consent' },
  'not-possible': { ja: '同意を得られない状態', en: 'consent was not possible' },
}

export function emergencyWords(grant: { readonly reasonCode: string; readonly consentKind: string }): Words {
  const code = { ja: grant.reasonCode, en: grant.reasonCode }
  const reason = EMERGENCY_REASONS[grant.reasonCode] ?? code
  const consent = EMERGENCY_CONSENTS[grant.consentKind]
  return {
    ja: `緊急参照（${[reason.ja, consent?.ja].filter((part) => part !== undefined).join('、')}）のため`,
    en: `emergency access: ${[reason.en, consent?.en].filter((part) => part !== undefined).join(', ')}`,
  }
}

/** English names of the classCodes of this network; the Japanese ones are their displays in the affinity domain. */
export const CLASS_NAMES: Readonly<Record<string, string | undefined>> = {
  DEMOGRAPHICS: 'patient demographics',
  ENCOUNTER: 'visit or stay',
  ALLERGY: 'allergies',
  PROBLEM: 'diagnoses',
  DIET: 'meals',
  MEDICATION: 'prescription',
  INJECTION: 'injection',
  LAB: 'laboratory result',
  IMAGING: 'imaging',
  PHYSIOLOGY: 'physiological test',
  VITAL: 'vital signs',
  REPORT: 'report',
  DOCUMENT: 'document',
  FILE: 'file',
  NOTE: 'note',
}
