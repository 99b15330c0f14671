// What the routes of emergency access answer besides data, in English and Japanese.

import type { FastifyReply } from 'fastify'
import type { FormField } from '../../access/emergency/form.ts'
import type { Opened } from '../../access/emergency/open.ts'
import { formatCx, type PatientId } from '../../model/identifiers.ts'
import { type AdminError, answerError } from './answers.ts'

/** One answer whether the number is unknown, consent is missing or the facilities share no union: who guesses learns nothing. */
const NOT_OPENED: AdminError = {
  code: 'EMS_NOT_OPENED',
  message: 'No patient can be opened by emergency access with this entry',
  hint: 'Check facility and number; a patient is opened who consented to the network, with a facility that shares a union with yours. Every entry is recorded',
  ja: 'この入力では緊急参照（EMS）で開ける患者がいません。施設と患者番号を確認してください。入力はすべて記録されます。',
}

const NO_RIGHT: AdminError = {
  code: 'EMS_RIGHT_REQUIRED',
  message: 'Emergency access is taken by a person of a facility who holds the EMS right',
  hint: 'Log on as that person (tsunagi login); the administrator of the facility gives the right. Staff of the network and the server’s own token cannot',
  ja: '緊急参照（EMS）は、施設に所属しEMS権限を持つ個人のアカウントでのみ利用できます。権限のある利用者でログインしてください（tsunagi login）。',
}

const NO_ENTRY: AdminError = {
  code: 'INVALID',
  message: 'patient: the entry is not a patient number followed by #EMS',
  hint: 'Give the number at the other facility and #EMS, such as 0001234567#EMS, in half or full width',
  ja: '患者番号の後に「#EMS」を付けて入力してください（例: 0001234567#EMS、全角可）。',
}

const TOO_MANY: AdminError = {
  code: 'EMS_TOO_MANY',
  message: 'Too many of your entries within an hour opened nothing',
  hint: 'Wait until an hour after the first of them, or let a colleague with the EMS right enter the number',
  ja: '1時間以内に開けなかった入力が多すぎます。しばらく待つか、EMS権限を持つ別の職員が入力してください。',
}

const FIELDS: Readonly<Record<FormField, { readonly en: string; readonly ja: string }>> = {
  reason: { en: 'reason (10 characters or more)', ja: '理由（10文字以上）' },
  consentKind: { en: 'consentKind (written, oral or not-possible)', ja: '同意の形（書面・口頭・不可）' },
  consentBy: {
    en: 'consentBy (who consented, or found that nobody could)',
    ja: '同意した人（不可の場合は判断した人）',
  },
  chartNoted: { en: 'chartNoted: true (the consent is written in the chart)', ja: '診療録への記載の確認' },
}

/** 201 for a new grant, 200 for one that runs and for a patient who is linked already. */
export function answerOpened(reply: FastifyReply, opened: Opened): FastifyReply {
  switch (opened.kind) {
    case 'opened':
    case 'running': {
      const { kind, grant, patientId, facilityId } = opened
      return reply
        .code(kind === 'opened' ? 201 : 200)
        .send({ state: kind, ...grant, ...placeOf(patientId, facilityId) })
    }
    case 'linked':
      return reply.code(200).send({ state: 'linked', ...placeOf(opened.patientId, opened.facilityId) })
    case 'incomplete':
      return answerError(reply, 400, incomplete(opened.missing))
    case 'needs-review':
      return answerError(reply, 409, needsReview(opened.grantId))
    case 'no-right':
      return answerError(reply, 403, NO_RIGHT)
    case 'no-entry':
      return answerError(reply, 400, NO_ENTRY)
    case 'not-opened':
      return answerError(reply, 404, NOT_OPENED)
    case 'too-many':
      return answerError(reply, 429, TOO_MANY)
  }
  return opened satisfies never
}

/** The patient by the id of the network, and where the calendar of them is. */
function placeOf(patientId: PatientId, facilityId: string) {
  const calendar = `/admin/v1/calendar/${encodeURIComponent(patientId.value)}?facility=${facilityId}`
  return { patientId: formatCx(patientId), calendar }
}

function incomplete(missing: readonly FormField[]): AdminError {
  return {
    code: 'EMS_FORM_INCOMPLETE',
    message: `${missing.join(', ')}: missing or too short`,
    hint: `Give ${missing.map((field) => FIELDS[field].en).join('; ')}. Disaster mode of a union may relax some of it`,
    ja: `次の項目が必要です: ${missing.map((field) => FIELDS[field].ja).join('、')}`,
  }
}

function needsReview(grantId: string): AdminError {
  return {
    code: 'EMS_REVIEW_NEEDED',
    message: `Your emergency access ${grantId} to this patient has ended and was not reviewed yet`,
    hint: 'Link the patient’s own number at your facility with a consent, or ask the operator of the network to review it first',
    ja: `この患者への前回の緊急参照（${grantId}）が未確認です。自施設の患者番号の登録と同意の取得を行うか、運用者に確認を依頼してください。`,
  }
}
