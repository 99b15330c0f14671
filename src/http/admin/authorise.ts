// Who comes in at the admin API: whoever holds the token of the host, and staff with a session; nobody from a web page (design §5; security e.36).

import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isSession, sessionDigest } from '../../access/accounts/one-time.ts'
import type { Pending } from '../../access/accounts/ports.ts'
import { answerError } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { routeRolesOf, setPrincipal, setSession } from './principal.ts'
import { isStaffName, STAFF_HEADER } from './schemas.ts'

const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/
const BEARER = 'Bearer '

/**
 * The token, compared in constant time, or a session. A browser page can reach loopback too, so a foreign Host or any Origin is refused
 * before either (DNS rebinding, request forgery).
 */
export async function authorise(
  request: FastifyRequest,
  reply: FastifyReply,
  ports: AdminPorts,
): Promise<FastifyReply | undefined> {
  const { host = '', origin, authorization = '' } = request.headers
  const name = host.toLowerCase().replace(/:\d+$/, '')
  if (origin !== undefined || !(LOOPBACK_HOST.test(name) || ports.hostNames?.includes(name)))
    return refuseForeign(reply)
  if (routeRolesOf(request) === 'public') return undefined
  if (sameText(authorization, `${BEARER}${ports.token}`)) {
    setPrincipal(request, { kind: 'host' })
    return refuseStaff(request, reply)
  }
  const given = authorization.startsWith(BEARER) ? authorization.slice(BEARER.length) : ''
  if (!isSession(given)) return refuseStranger(reply)
  const digest = sessionDigest(given)
  const view = await ports.accounts.accounts.session(digest)
  if (view === undefined) return refuseEnded(reply)
  setPrincipal(request, view.principal)
  setSession(request, { digest, view })
  return isOpenTo(request, view.pending) ? undefined : refusePending(reply, view.pending)
}

/** Until the account is in order a session opens what is about itself, and what is for anyone. */
function isOpenTo(request: FastifyRequest, pending: readonly Pending[]): boolean {
  return pending.length === 0 || request.is404 || routeRolesOf(request) === 'anyone'
}

/** A name that history and audit are to keep is one that they can show. */
function refuseStaff(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const name = request.headers[STAFF_HEADER]
  if (name === undefined || isStaffName(name)) return undefined
  return answerError(reply, 400, {
    code: 'INVALID',
    message: `${STAFF_HEADER} names no member of staff`,
    hint: 'Send a name of letters, digits, dots, hyphens and @, at most 64 characters, or leave the header out',
    ja: `${STAFF_HEADER} は英数字・ピリオド・ハイフン・@ の64文字以内で指定してください。`,
  })
}

function sameText(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

function refuseForeign(reply: FastifyReply): FastifyReply {
  return answerError(reply, 403, {
    code: 'FOREIGN_ORIGIN',
    message: 'The admin API answers local programs only, not web pages or other host names',
    hint: 'Call it as localhost or 127.0.0.1 from a program on this host, without an Origin header',
    ja: '管理APIはこのサーバ上のプログラムからのみ利用できます。',
  })
}

function refuseStranger(reply: FastifyReply): FastifyReply {
  return answerError(reply, 401, {
    code: 'TOKEN_REQUIRED',
    message: 'The admin API needs its token, or the session of somebody who logged on',
    hint: 'Send Authorization: Bearer with the token that stands in <data directory>/config/admin-token, or with a session of POST /admin/v1/login',
    ja: '管理APIのトークン、またはログインしたセッションが必要です。データディレクトリの config/admin-token にあるトークンか、POST /admin/v1/login のセッションを Authorization: Bearer で送信してください。',
  })
}

function refuseEnded(reply: FastifyReply): FastifyReply {
  return answerError(reply, 401, {
    code: 'SESSION_ENDED',
    message: 'This session opens nothing any more',
    hint: 'Log on again: tsunagi login',
    ja: 'セッションは終了しています。もう一度ログインしてください（tsunagi login）。',
  })
}

function refusePending(reply: FastifyReply, pending: readonly Pending[]): FastifyReply {
  return pending.includes('password')
    ? answerError(reply, 403, {
        code: 'PASSWORD_CHANGE_REQUIRED',
        message: 'The access code is for the first log-on: an own password comes first',
        hint: 'Set one: tsunagi account password, or POST /admin/v1/me/password',
        ja: 'アクセスコードは初回ログイン用です。先にご自身のパスワードを設定してください（tsunagi account password）。',
      })
    : answerError(reply, 403, {
        code: 'SECOND_FACTOR_SETUP_REQUIRED',
        message: 'This role needs a second factor, and none was shown',
        hint: 'Set up an authenticator: tsunagi account totp, or POST /admin/v1/me/second-factor',
        ja: 'この権限には二要素認証が必要です。認証アプリを登録してください（tsunagi account totp）。',
      })
}
