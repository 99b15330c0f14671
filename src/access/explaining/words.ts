// Reasons and factors of the access decision in words, English and Japanese, with what would have to change (docs/access-rights.md).

import type { Factor, Reason } from '../../model/access.ts'

export interface Words {
  readonly en: string
  readonly ja: string
}

/** What the doors refuse before the access decision is asked. */
export type DoorReason =
  | 'the facility is not active'
  | 'the system is not active'
  | 'no certificate of the system is good'
  | 'the person is not active'
  | 'the person belongs to another facility'

export type FactorName = Factor['name'] | 'facility' | 'system' | 'certificate' | 'person'

export const FACTOR_WORDS: Readonly<Record<FactorName, Words>> = {
  facility: { en: 'facility', ja: '施設' },
  system: { en: 'system', ja: 'システム' },
  certificate: { en: 'certificate', ja: '証明書' },
  person: { en: 'person', ja: '職員' },
  support: { en: 'support', ja: '支援中止' },
  'access mode': { en: 'access mode', ja: 'アクセス方式' },
  owner: { en: 'owner', ja: '公開元' },
  'purpose of use': { en: 'purpose of use', ja: '利用目的' },
  consent: { en: 'consent', ja: '同意' },
  'viewing facility': { en: 'viewing facility', ja: '閲覧施設' },
  link: { en: 'link', ja: '患者番号の紐付け' },
  union: { en: 'union', ja: 'ユニオン' },
  'publishing facility': { en: 'publishing facility', ja: '公開施設' },
  kind: { en: 'kind', ja: '文書種別' },
  right: { en: 'right', ja: 'アクセス権' },
}

/** Of what holds by rule, where that says little. */
export const HELD_WORDS: Readonly<Partial<Record<FactorName, Words>>> = {
  certificate: { en: 'one certificate is good', ja: '有効な証明書があります。' },
  system: { en: 'active', ja: '稼働中です。' },
  facility: { en: 'active', ja: '稼働中です。' },
  person: { en: 'active, of the facility', ja: '閲覧施設の有効な職員です。' },
  support: { en: 'support was not stopped', ja: '支援中止ではありません。' },
  'access mode': { en: 'by consent, union and link', ja: '同意・ユニオン・紐付けによる方式です。' },
  owner: { en: 'another facility published it', ja: '他施設が公開した文書です。' },
  'purpose of use': { en: 'nothing against it', ja: '問題ありません。' },
  consent: { en: 'a consent stands', ja: '有効な同意があります。' },
  'viewing facility': { en: 'covered by the consent', ja: '閲覧施設は同意の対象です。' },
  link: { en: 'a number is linked', ja: '患者番号が紐付けられています。' },
  union: { en: 'in a union now', ja: 'ユニオンに属しています。' },
  'publishing facility': { en: 'covered by the consent', ja: '公開施設は同意の対象です。' },
  kind: { en: 'not excluded', ja: '除外されていません。' },
  right: { en: 'within the right', ja: '権利の範囲内です。' },
}

interface ReasonWords extends Words {
  /** What would have to change; absent where it lets see. */
  readonly change?: Words
}

const ASK_FACILITY: Words = {
  en: 'link the patient’s number of the viewing facility (tsunagi patient link), or use emergency access',
  ja: '閲覧施設の患者番号を紐付ける（tsunagi patient link）か、緊急アクセスを利用してください。',
}
const RIGHT: Words = {
  en: 'widen the right of the job, or name the person (tsunagi rights set)',
  ja: '職種のアクセス権を広げるか、職員個人に権利を設定してください（tsunagi rights set）。',
}

export const REASON_WORDS: Readonly<Record<Reason | DoorReason, ReasonWords>> = {
  'the facility is not active': {
    en: 'the facility is suspended or has ended',
    ja: '施設が停止中または終了しています。',
    change: {
      en: 'resume the facility (tsunagi facility resume)',
      ja: '施設を再開してください（tsunagi facility resume）。',
    },
  },
  'the system is not active': {
    en: 'the system is suspended',
    ja: 'システムが停止中です。',
    change: {
      en: 'resume the system (tsunagi system resume)',
      ja: 'システムを再開してください（tsunagi system resume）。',
    },
  },
  'no certificate of the system is good': {
    en: 'the system has no certificate that is neither suspended, revoked nor expired',
    ja: '有効な証明書がありません（停止・失効・期限切れ）。',
    change: {
      en: 'issue or resume a certificate (tsunagi cert)',
      ja: '証明書を発行または再開してください（tsunagi cert）。',
    },
  },
  'the person is not active': {
    en: 'the person is suspended or not in the period of the account',
    ja: '職員が停止中または有効期間外です。',
    change: { en: 'resume the person (tsunagi staff)', ja: '職員を再開してください（tsunagi staff）。' },
  },
  'the person belongs to another facility': {
    en: 'the person is not of the viewing facility',
    ja: '閲覧施設の職員ではありません。',
    change: { en: 'ask for a person of the facility', ja: '閲覧施設の職員を指定してください。' },
  },
  'affinity-domain mode': {
    en: 'the system is in access mode affinity-domain, where only a support stop hides anything',
    ja: 'アクセス方式がaffinity-domainのため、支援中止以外では隠されません。',
  },
  'own document': { en: 'the facility published it itself', ja: '自施設が公開した文書です。' },
  'union, consent and link stand': { en: 'stands by rule', ja: '条件を満たしています。' },
  'emergency access stands': {
    en: 'emergency access that runs stands for it',
    ja: '有効な緊急アクセスにより満たしています。',
  },
  'support was stopped': {
    en: 'support of the patient was stopped; nobody sees the record',
    ja: '支援中止のため、誰も閲覧できません。',
    change: {
      en: 'an operator resumes support at the patient’s wish (tsunagi patient resume-support)',
      ja: '患者の意思により運用者が支援を再開する必要があります（tsunagi patient resume-support）。',
    },
  },
  'no consent stands': {
    en: 'no consent of the patient stands now',
    ja: '有効な同意がありません。',
    change: {
      en: 'record a consent of the patient (tsunagi consent add)',
      ja: '患者の同意を登録してください（tsunagi consent add）。',
    },
  },
  'consent excludes the facility': {
    en: 'no consent covers the viewing facility: it is not named, or it is excluded',
    ja: '閲覧施設が同意の対象に含まれていないか、除外されています。',
    change: {
      en: 'the patient names the facility in the consent, or takes its exclusion back (tsunagi consent)',
      ja: '患者が同意に閲覧施設を加えるか、除外を取り消す必要があります（tsunagi consent）。',
    },
  },
  'consent excludes the publishing facility': {
    en: 'no consent that covers the viewing facility covers the publishing one, or it is excluded',
    ja: '公開施設が同意の対象に含まれていないか、除外されています。',
    change: {
      en: 'the patient names the publishing facility in the consent, or takes its exclusion back (tsunagi consent)',
      ja: '患者が同意に公開施設を加えるか、除外を取り消す必要があります（tsunagi consent）。',
    },
  },
  'consent excludes the kind of document': {
    en: 'the patient excluded this kind of document',
    ja: '患者がこの文書種別を除外しています。',
    change: {
      en: 'the patient takes the exclusion of the kind back (tsunagi consent)',
      ja: '患者が文書種別の除外を取り消す必要があります（tsunagi consent）。',
    },
  },
  'the facility has no linked patient number': {
    en: 'the viewing facility has no number of its own linked to the patient',
    ja: '閲覧施設の患者番号が紐付けられていません。',
    change: ASK_FACILITY,
  },
  'emergency access is for other kinds of document': {
    en: 'the emergency access that runs is for other kinds of document',
    ja: '有効な緊急アクセスの対象外の文書種別です。',
    change: ASK_FACILITY,
  },
  'no union with the publishing facility': {
    en: 'viewing and publishing facility are in no common union now, or the publishing one is not active',
    ja: '閲覧施設と公開施設が共通のユニオンに属していないか、公開施設が停止中です。',
    change: {
      en: 'put both into one union (tsunagi union), or resume the publishing facility',
      ja: '両施設を同じユニオンに加えるか（tsunagi union）、公開施設を再開してください。',
    },
  },
  'facility is in no union': {
    en: 'the viewing facility is in no union now',
    ja: '閲覧施設がどのユニオンにも属していません。',
    change: {
      en: 'put the facility into a union (tsunagi union)',
      ja: '施設をユニオンに加えてください（tsunagi union）。',
    },
  },
  'confidentiality above the system’s ceiling': {
    en: 'the document is marked more strictly than the system may see without a named person',
    ja: '文書の機密度が、利用者を示さないシステムの上限を超えています。',
    change: {
      en: 'raise the ceiling of the system, or let it say who asks (XUA)',
      ja: 'システムの上限を上げるか、利用者を示して（XUA）照会してください。',
    },
  },
  'confidentiality above the right of the job': {
    en: 'the document is marked more strictly than the job may see',
    ja: '文書の機密度が職種の権利を超えています。',
    change: RIGHT,
  },
  'confidentiality above the right of the person': {
    en: 'the document is marked more strictly than this person may see by name',
    ja: '文書の機密度が職員個人の権利を超えています。',
    change: {
      en: 'change the right of the person (tsunagi rights set --person)',
      ja: '職員個人の権利を変更してください（tsunagi rights set --person）。',
    },
  },
  'the viewing facility narrowed the right': {
    en: 'the viewing facility narrowed what its staff may see',
    ja: '閲覧施設が自施設職員の権利を狭めています。',
    change: {
      en: 'the facility takes its narrowing back (tsunagi rights remove --facility)',
      ja: '閲覧施設が設定を取り消す必要があります（tsunagi rights remove --facility）。',
    },
  },
  'the facility does not publish the kind to the job': {
    en: 'the publishing facility does not publish this kind to the job',
    ja: '公開施設がこの文書種別を当該職種に公開していません。',
    change: {
      en: 'the publishing facility publishes the kind to the job (tsunagi facility audience)',
      ja: '公開施設が公開範囲を変更する必要があります（tsunagi facility audience）。',
    },
  },
  'the agreement with the community is for other kinds of document': {
    en: 'the agreement with the neighbouring community does not let this kind of document through',
    ja: '相手ネットワークとの合意に、この文書種別は含まれていません。',
    change: {
      en: 'conclude an agreement about this kind (tsunagi agreement add)',
      ja: 'この文書種別を含む合意を登録してください（tsunagi agreement add）。',
    },
  },
  'the purpose of use opens nothing': {
    en: 'the purpose of use that was said opens nothing',
    ja: '示された利用目的では閲覧できません。',
    change: { en: 'ask for treatment or emergency', ja: '診療または緊急の目的で照会してください。' },
  },
  'unknown patient': { en: 'the patient is unknown', ja: '患者が登録されていません。' },
  'published by another facility': { en: 'another facility published it', ja: '他施設が公開した文書です。' },
}
