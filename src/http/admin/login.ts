// Admin routes of logging on and off, and of one's own account (idlink S-2, S-3, S-5; security e.36, f).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Login, login } from '../../access/accounts/login.ts'
import {
  beginSecondFactor,
  changePassword,
  confirmSecondFactor,
  type OwnSession,
} from '../../access/accounts/own-account.ts'
import type { PasswordFault } from '../../access/accounts/password-rules.ts'
import type { SessionView } from '../../access/accounts/ports.ts'
import { answerError, invalid } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { rolesOf, sessionOf } from './principal.ts'
import { changeOf, described, exactly, NO_ZERO, peerOf } from './schemas.ts'

/** What is typed in secret: long enough for a sentence, short enough to be derived from. */
const typed = { type: 'string', minLength: 1, maxLength: 256, pattern: NO_ZERO } as const
const user = { ...typed, maxLength: 64 } as const
const oneTimeCode = { ...typed, maxLength: 64, description: 'code of the authenticator, or a recovery code' } as const

const GUARDED = { 'cache-control': 'no-store' }

interface LoginBody {
  readonly user: string
  readonly password: string
  readonly oneTimeCode?: string
}

export function registerLoginRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { accounts } = ports
  app.post<{ Body: LoginBody }>(
    '/login',
    {
      schema: described('Log on: a session, to be sent as Authorization: Bearer', {
        roles: 'public',
        body: exactly({ user, password: typed, oneTimeCode }, ['oneTimeCode']),
      }),
    },
    async (request, reply) => {
      const { user: name, password, oneTimeCode: code } = request.body
      const given = { user: loginName(name), password, ...(code === undefined ? {} : { code }) }
      const entered = await login({ ...given, address: addressOf(request), peer: peerOf(request) }, accounts)
      return answerLogin(reply.headers(GUARDED), entered)
    },
  )
  app.post('/logout', { schema: described('End this session', { roles: 'anyone' }) }, async (request) => {
    const session = sessionOf(request)
    if (session !== undefined) await accounts.accounts.endSession(session.digest, peerOf(request))
    return { status: 'ok' }
  })
  app.get(
    '/me',
    { schema: described('Who I am, and where else I am logged on', { roles: 'anyone' }) },
    async (request) => {
      const session = sessionOf(request)
      return session === undefined ? { kind: 'host', roles: rolesOf({ kind: 'host' }) } : shownSession(session.view)
    },
  )
  registerOwnAccount(app, ports)
}

function registerOwnAccount(app: FastifyInstance, { accounts }: AdminPorts): void {
  app.post<{ Body: { current: string; next: string } }>(
    '/me/password',
    {
      schema: described('Set an own password; every session of the person ends, the answer has a new one', {
        roles: 'anyone',
        body: exactly({ current: typed, next: typed }),
      }),
    },
    async (request, reply) => {
      const own = ownOf(request)
      if (own === undefined) return onlyForPersons(reply)
      const change = changeOf(request, `password of ${own.staffId} changed`)
      const changed = await changePassword({ ...request.body, own, change }, accounts)
      switch (changed.kind) {
        case 'changed':
          return reply.headers(GUARDED).send({ session: changed.session })
        case 'wait':
          return answerWait(reply, changed.seconds)
        case 'wrong password':
          return answerRefused(reply)
        case 'fault':
          return invalid(reply, passwordWords(changed.fault))
      }
    },
  )
  app.post(
    '/me/second-factor',
    { schema: described('Begin to set up an authenticator: the secret, shown once', { roles: 'anyone' }) },
    async (request, reply) => {
      const own = ownOf(request)
      if (own === undefined) return onlyForPersons(reply)
      const begun = await beginSecondFactor(own.staffId, accounts)
      return begun === undefined ? alreadyInUse(reply) : reply.headers(GUARDED).send(begun)
    },
  )
  app.post<{ Body: { oneTimeCode: string } }>(
    '/me/second-factor/confirm',
    {
      schema: described(
        'Show the first code of the authenticator: from now on it is asked for. The answer has recovery codes',
        {
          roles: 'anyone',
          body: exactly({ oneTimeCode }),
        },
      ),
    },
    async (request, reply) => {
      const own = ownOf(request)
      if (own === undefined) return onlyForPersons(reply)
      const change = changeOf(request, `second factor of ${own.staffId} set up`)
      const confirmed = await confirmSecondFactor({ code: request.body.oneTimeCode, own, change }, accounts)
      if (confirmed === 'not begun') return alreadyInUse(reply)
      return confirmed === 'wrong code' ? invalid(reply, WRONG_CODE) : reply.headers(GUARDED).send(confirmed)
    },
  )
}

/** As it is typed on any keyboard: full width, capitals. */
function loginName(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase()
}

function addressOf({ socket }: FastifyRequest): string {
  return socket.remoteAddress ?? ''
}

function ownOf(request: FastifyRequest): OwnSession | undefined {
  const session = sessionOf(request)
  if (session === undefined) return undefined
  const { principal, secondFactor } = session.view
  return { staffId: principal.staffId, secondFactor, address: addressOf(request), peer: peerOf(request) }
}

function answerLogin(reply: FastifyReply, entered: Login): FastifyReply {
  switch (entered.kind) {
    case 'in':
      return reply.send({ session: entered.session, ...shownSession(entered.view) })
    case 'wait':
      return answerWait(reply, entered.seconds)
    case 'refused':
      return answerRefused(reply)
    case 'code needed':
      return answerError(reply, 401, {
        code: 'SECOND_FACTOR_REQUIRED',
        message: 'The code of the authenticator is needed too',
        hint: 'Send it as oneTimeCode, or a recovery code',
        ja: '認証アプリの確認コード（またはリカバリーコード）も入力してください。',
      })
  }
}

/** The same for an unknown name, a wrong password, a wrong code and a closed account. */
function answerRefused(reply: FastifyReply): FastifyReply {
  return answerError(reply, 401, {
    code: 'LOGIN_REFUSED',
    message: 'Name, password or code is wrong, or the account is closed',
    hint: 'Check them; the administrator of your facility gives a new access code. After five failures the name is locked for 15 minutes',
    ja: '利用者ID・パスワード・確認コードのいずれかが誤っているか、利用できないアカウントです。5回続けて失敗すると15分間ログインできません。分からない場合は施設の管理者にアクセスコードの再発行を依頼してください。',
  })
}

function answerWait(reply: FastifyReply, seconds: number): FastifyReply {
  return answerError(reply.header('retry-after', String(seconds)), 429, {
    code: 'LOGIN_WAIT',
    message: `Too many attempts failed; try again in ${seconds} s`,
    hint: 'Wait as long as Retry-After says; the administrator of your facility can unlock the name',
    ja: `ログインの失敗が続いています。${seconds}秒後にもう一度お試しください。施設の管理者がロックを解除することもできます。`,
  })
}

function onlyForPersons(reply: FastifyReply): FastifyReply {
  return answerError(reply, 409, {
    code: 'NOT_LOGGED_ON',
    message: 'The token of the host is nobody’s account',
    hint: 'Log on as a person: tsunagi login',
    ja: 'ホストのトークンには個人のアカウントがありません。利用者としてログインしてください（tsunagi login）。',
  })
}

function alreadyInUse(reply: FastifyReply): FastifyReply {
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: 'A second factor is in use already, or none was begun',
    hint: 'Begin with POST /admin/v1/me/second-factor; a lost one is reset by the administrator of your facility with a new access code',
    ja: '二要素認証は設定済みか、設定が開始されていません。紛失した場合は施設の管理者に再設定を依頼してください。',
  })
}

const WRONG_CODE = {
  message: 'oneTimeCode: it is no code of now of the secret that was shown',
  hint: 'Type the six digits that the authenticator shows; check the clock of the device',
  ja: '確認コードが正しくありません。認証アプリに表示されている6桁を入力してください。端末の時刻も確認してください。',
}

function passwordWords(fault: PasswordFault): { readonly message: string; readonly hint: string; readonly ja: string } {
  switch (fault.fault) {
    case 'too short': {
      const more = fault.secondFactor === 'none' ? '; 8 will do with a second factor' : ''
      return {
        message: `next: the password has fewer than ${fault.least} characters`,
        hint: `Take ${fault.least} characters or more${more}. Several words that do not belong together are easy to keep in mind`,
        ja: `パスワードは${fault.least}文字以上にしてください${fault.secondFactor === 'none' ? '（二要素認証を設定すると8文字以上）' : ''}。関連のない言葉を組み合わせると覚えやすくなります。`,
      }
    }
    case 'too long':
      return {
        message: `next: the password has more than ${fault.most} characters`,
        hint: `Take at most ${fault.most} characters`,
        ja: `パスワードは${fault.most}文字以内にしてください。`,
      }
    case 'letters and digits':
      return {
        message: 'next: the password needs letters and digits',
        hint: 'Put at least one letter and one digit into it',
        ja: 'パスワードには英字と数字をどちらも含めてください。',
      }
    case 'well known':
      return {
        message:
          'next: the password is made of what everybody tries: well-known words, keys side by side, dates, names of you or your facility',
        hint: 'Add parts that nobody would guess; well-known parts count as two characters each, names of you and your facility as none',
        ja: 'よく使われる言葉、キーボードの並び、日付、ご本人や施設の名前からできたパスワードは使えません。推測されにくい文字を加えてください。',
      }
    case 'like the former':
      return {
        message: 'next: the password is too much like the one before',
        hint: 'Change at least four characters; neither may be part of the other',
        ja: '前のパスワードと似ています。4文字以上変え、一方が他方を含まないようにしてください。',
      }
    case 'used before':
      return {
        message: 'next: the password was used before',
        hint: 'The last twelve are not used again',
        ja: '過去12回以内に使ったパスワードは使えません。',
      }
  }
}

function shownSession(view: SessionView): Readonly<Record<string, unknown>> {
  const { principal, ...rest } = view
  const { staffId, facilityId, roles, job, mayUseEms } = principal
  return { kind: 'staff', staffId, ...(facilityId === undefined ? {} : { facilityId }), roles, job, mayUseEms, ...rest }
}
