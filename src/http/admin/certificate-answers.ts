// What a vendor or operator reads when no certificate is issued: what was wrong and what would do (security: issuing).

import type { FastifyReply } from 'fastify'
import type { IssueFault } from '../../access/certificates/issue.ts'
import { RENEWAL_DAYS } from '../../access/certificates/renewal.ts'
import { type AdminError, answerError } from './answers.ts'

/** HTTP status and words of a fault. */
interface Answer extends AdminError {
  readonly status: number
}

export function answerIssueFault(reply: FastifyReply, fault: IssueFault): FastifyReply {
  const { status, ...words } = wordsOf(fault)
  return answerError(reply, status, words)
}

function wordsOf(fault: IssueFault): Answer {
  switch (fault.fault) {
    case 'request refused':
      return {
        status: 400,
        code: 'REQUEST_REFUSED',
        message: `csr: ${fault.message}`,
        hint: 'Make one by: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout system.key -out system.csr -subj /CN=system; send system.csr only',
        ja: `証明書要求を受け付けられません（${fault.because}）。RSA 2048ビット以上、またはP-256・P-384の鍵でPKCS#10の要求を作成し、要求だけを送ってください。`,
      }
    case 'no issuing authority':
      return {
        status: 503,
        code: 'NO_AUTHORITY',
        message: `No certificate can be issued now: ${fault.message}`,
        hint: 'See "tsunagi cert authority show"; an encrypted key needs certificates.issuingPassphrase',
        ja: '発行認証局の鍵または証明書が使えないため、証明書を発行できません。"tsunagi cert authority show" で確認してください。',
      }
    case 'days':
      return {
        status: 400,
        code: 'INVALID',
        message: `days: ${fault.days} is not a whole number from 1 to ${fault.most}`,
        hint: `Give 1 to ${fault.most} days, or leave it out for ${fault.most}`,
        ja: `有効日数は1から${fault.most}までの整数で指定してください。`,
      }
    case 'key in use':
      return {
        status: 409,
        code: 'KEY_IN_USE',
        message: 'csr: its key is that of another system, or of a certificate that was revoked',
        hint: 'Make a new key and a new request for this system',
        ja: 'この鍵は別のシステム、または失効した証明書のものです。新しい鍵で証明書要求を作成してください。',
      }
    case 'unknown system':
      return {
        status: 404,
        code: 'NOT_FOUND',
        message: `There is no system "${fault.systemId}"`,
        hint: 'GET /admin/v1/systems lists them; register it first',
        ja: `システム「${fault.systemId}」は登録されていません。`,
      }
    case 'facility ended':
      return {
        status: 409,
        code: 'FACILITY_ENDED',
        message: `The facility of system "${fault.systemId}" has ended`,
        hint: 'Its systems get no certificates any more',
        ja: '施設の利用が終了しているため、証明書を発行できません。',
      }
    case 'unknown certificate':
    case 'revoked or suspended':
    case 'replaced already':
    case 'too early':
      return renewalWords(fault)
  }
}

function renewalWords(
  fault: Extract<
    IssueFault,
    { readonly fault: 'unknown certificate' | 'revoked or suspended' | 'replaced already' | 'too early' }
  >,
): Answer {
  switch (fault.fault) {
    case 'unknown certificate':
      return {
        status: 404,
        code: 'NOT_FOUND',
        message: `This system has no certificate ${fault.fingerprint}`,
        hint: 'GET /admin/v1/certificates?system=… lists them',
        ja: 'このシステムに該当する証明書はありません。',
      }
    case 'revoked or suspended':
      return {
        status: 409,
        code: 'CONFLICT',
        message: `The certificate ${fault.fingerprint} is not active, so nothing can follow it`,
        hint: 'Resume it first when it is suspended; for a revoked one sign a new request without renewal',
        ja: 'この証明書は有効な状態ではないため更新できません。停止中の場合は再開し、失効済みの場合は新規に発行してください。',
      }
    case 'replaced already':
      return {
        status: 409,
        code: 'CONFLICT',
        message: `It is replaced already, by ${fault.fingerprint}`,
        hint: 'Use that one, or revoke it and renew again',
        ja: 'この証明書は更新済みです。新しい証明書を使用するか、失効させてから再度更新してください。',
      }
    case 'too early':
      return {
        status: 409,
        code: 'TOO_EARLY',
        message: `It ends on ${fault.notAfter.toISOString()} and can be renewed from ${fault.from.toISOString()}`,
        hint: `Wait until ${RENEWAL_DAYS} days before its end, or say why it has to be now (earlyBecause; --force with --reason)`,
        ja: `更新は有効期限の${RENEWAL_DAYS}日前から可能です。それより早い場合は理由を指定してください。`,
      }
  }
}
