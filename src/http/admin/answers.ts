// What the admin API answers besides data: refusals with code, message and hint in English and Japanese.

import type { FastifyError, FastifyReply } from 'fastify'
import type { Fault } from '../../access/administration.ts'
import { explain, type IheError } from '../../model/error.ts'

export interface AdminError {
  readonly code: string
  readonly message: string
  /** What would do. */
  readonly hint: string
  /** Message and hint in Japanese. */
  readonly ja: string
}

export function answerError(reply: FastifyReply, status: number, error: AdminError): FastifyReply {
  return reply.code(status).send(error)
}

export function notFound(reply: FastifyReply): FastifyReply {
  return answerError(reply, 404, {
    code: 'NOT_FOUND',
    message: 'There is nothing of this name',
    hint: 'Check the ids in the path and in the body: what they name has to be registered first. GET /admin/v1/openapi.json lists the routes',
    ja: '該当するものがありません。パスと本文のIDを確認し、先に登録してください。',
  })
}

/** A value that a schema cannot judge, named with its key. */
export function invalid(reply: FastifyReply, error: Omit<AdminError, 'code'>): FastifyReply {
  return answerError(reply, 400, { code: 'INVALID', ...error })
}

/** What a consent, a membership, a delegation or an agreement may not say. */
export function answerFault(reply: FastifyReply, given: Fault): FastifyReply {
  switch (given.fault) {
    case 'no facility named':
      return invalid(reply, {
        message: 'facilities: an individual consent names at least one facility',
        hint: 'Name the facilities, or record a comprehensive consent',
        ja: '個別同意には施設を1つ以上指定してください。',
      })
    case 'facilities of a comprehensive consent':
      return invalid(reply, {
        message:
          'facilities: a comprehensive consent names nobody and opens the patient to every facility of the union',
        hint: 'Withdraw it and record an individual consent that names them, or exclude the others',
        ja: '包括同意に施設は指定できません。施設を限る場合は、包括同意を撤回して個別同意（individual）を登録するか、他の施設を除外してください。',
      })
    case 'period ends before it begins':
      return invalid(reply, {
        message: `validTo ${given.validTo} is not later than validFrom, or than now when validFrom is absent`,
        hint: 'Give a later validTo, or leave it out',
        ja: '有効期間の終了は開始より後の日時を指定してください。',
      })
    case 'unknown facility':
      return invalid(reply, {
        message: `"${given.facilityId}" is no facility of this network`,
        hint: 'GET /admin/v1/facilities lists them; register the facility first',
        ja: `施設「${given.facilityId}」は登録されていません。施設IDを確認してください。`,
      })
    case 'unknown kind':
      return invalid(reply, {
        message: `"${given.kind}" is no kind of document of this network`,
        hint: `The kinds are ${given.known.join(', ')}`,
        ja: `文書種別「${given.kind}」はありません。種別: ${given.known.join(', ')}`,
      })
    case 'no relation':
      return invalid(reply, {
        message: 'consentedBy: whoever consents for the patient is named with the relation to the patient',
        hint: 'Send relation as family or guardian, or leave consentedBy out when the patient consented',
        ja: '本人以外が同意した場合は続柄（family：家族、guardian：代理人）を指定してください。本人の場合は consentedBy を省略してください。',
      })
    case 'no consenting person':
      return invalid(reply, {
        message: `relation ${given.relation}: the person who consented for the patient is not named`,
        hint: 'Send consentedBy with the name of that person',
        ja: '本人に代わって同意した方の氏名（consentedBy）を指定してください。',
      })
    case 'no single partner':
      return invalid(reply, {
        message: 'partnerCommunity, partnerUnion: an agreement has one partner, which is not the union itself',
        hint: 'Name a community by its home community id, or another union',
        ja: '合意の相手は、他地域のホームコミュニティIDまたは別のユニオンのどちらか一方を指定してください。',
      })
    case 'no such day':
      return invalid(reply, {
        message: `${given.day} is no day of the calendar`,
        hint: 'Send a day as YYYY-MM-DD, such as 2026-04-01',
        ja: `「${given.day}」という日付はありません。YYYY-MM-DD の形式で指定してください。`,
      })
    case 'day to come':
      return invalid(reply, {
        message: `givenOn ${given.day} is yet to come`,
        hint: `Send the day on which consent was given, ${given.today} at the latest; validFrom is for one that holds later`,
        ja: `同意日（givenOn）には${given.today}以前の日付を指定してください。後日から有効とする場合は validFrom を使います。`,
      })
  }
}

/** 201 for what is new, 200 for the same again, 409 for other content under the same name, 404 for what it refers to. */
export function answerStored(
  reply: FastifyReply,
  stored: 'created' | 'unchanged' | 'conflict' | 'missing',
  body: unknown,
): FastifyReply {
  switch (stored) {
    case 'created':
      return reply.code(201).send(body)
    case 'unchanged':
      return reply.code(200).send(body)
    case 'missing':
      return notFound(reply)
    case 'conflict':
      return answerError(reply, 409, {
        code: 'CONFLICT',
        message: 'This name, OID, code or period is already used with other content',
        hint: 'Read what is there (GET) and choose another one, or end what is there first',
        ja: 'この名前・OID・コード・期間は別の内容で登録済みです。登録内容を確認してください。',
      })
  }
}

/** 200 also for what is so already; 409 for what cannot be taken back. */
export function answerChanged(
  reply: FastifyReply,
  changed: 'changed' | 'unchanged' | 'conflict' | 'missing',
): FastifyReply {
  switch (changed) {
    case 'changed':
    case 'unchanged':
      return reply.code(200).send({ status: 'ok' })
    case 'missing':
      return notFound(reply)
    case 'conflict':
      return answerError(reply, 409, {
        code: 'CONFLICT',
        message: 'What was revoked stays revoked',
        hint: 'Issue and register a new certificate',
        ja: '失効した証明書は元に戻せません。新しい証明書を発行して登録してください。',
      })
  }
}

/** A refusal of an actor: busy and unknown outcomes can be sent again, the others name nothing, or collide with what is there. */
export function answerRefusal(reply: FastifyReply, error: IheError): FastifyReply {
  const { code, http, retry, hint, ja } = error.row
  const status = http === 404 ? 404 : retry === 'never' ? 409 : 503
  return answerError(reply, status, { code, message: explain(error), hint, ja })
}

/** What the schema of the route disliked: key, value, what would do. */
export function answerInvalid(reply: FastifyReply, error: FastifyError): FastifyReply {
  const message = (error.validation ?? []).map((fault) => describe(fault, error.validationContext)).join('; ')
  return invalid(reply, {
    message,
    hint: 'Correct what the message names; GET /admin/v1/openapi.json has the schema of every request',
    ja: `入力に誤りがあります: ${message}`,
  })
}

type SchemaFault = NonNullable<FastifyError['validation']>[number] & {
  readonly data?: unknown
  readonly parentSchema?: { readonly description?: string }
}

const SHOWN_LENGTH = 80

function describe(fault: SchemaFault, context = 'body'): string {
  const { instancePath, message, params, data, parentSchema } = fault
  const { additionalProperty, allowedValues, missingProperty } = params
  const key = instancePath.slice(1).replaceAll('/', '.') || context
  if (additionalProperty !== undefined) return `${key}: "${String(additionalProperty)}" is not a member of this request`
  if (missingProperty !== undefined) return `${key}: "${String(missingProperty)}" is required`
  const choice = Array.isArray(allowedValues) ? `: ${allowedValues.join(', ')}` : ''
  const form = parentSchema?.description === undefined ? '' : ` (${parentSchema.description})`
  return `${key}${shown(`${context}${instancePath}`, data)} ${message ?? 'is wrong'}${choice}${form}`
}

/** In a body, and in the query of a search; what is shown at a log-on opens an account. */
const DESCRIBING =
  /^(body\/(demographics|patient|reason|consentBy|user|password|current|next|oneTimeCode)|querystring\/(name|family|given|birth|phone|postal))\b/

/** A value is repeated to its sender, but not what describes a patient: answers end up in terminals and their logs. */
function shown(path: string, value: unknown): string {
  if (DESCRIBING.test(path) || typeof value === 'object' || value === undefined) return ''
  return ` ${JSON.stringify(value).slice(0, SHOWN_LENGTH)}`
}
