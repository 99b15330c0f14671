// tsunagi login, logout, whoami: the session of a person, for what the token of the host does not open (利用者のログイン).

import type { Command } from 'commander'
import { type AdminClient, createAdminClient, isObject, type Json, textOf } from './admin-client.ts'
import { given, withSession } from './admin-command.ts'
import { type Context, configOf, contextOf, managementUrlOf, type Registration } from './context.ts'
import { RefusedError, UsageError } from './failure.ts'
import { listOf } from './index-output.ts'
import { toJson } from './output.ts'
import { secretOf } from './secret.ts'
import { removeSession, writeSession } from './session-file.ts'

interface LoginOptions {
  readonly user?: string
  readonly passwordFile?: string
  readonly code?: string
}

export const registerLogin: Registration = (program, terminal) => {
  program
    .command('login')
    .description('log on as a person, with password and second factor / 利用者としてログイン')
    .option('--user <staffId>', 'log-on name; else it is asked for / 利用者ID')
    .option(
      '--password-file <file>',
      'file with the password or access code, - for standard input; else it is asked for',
    )
    .option('--code <code>', 'code of the authenticator, or a recovery code / 確認コード')
    .action(async (options: LoginOptions, command: Command) => {
      const context = contextOf(command, terminal)
      const baseUrl = managementUrlOf(configOf(context))
      const user = options.user ?? (await terminal.ask?.('User / 利用者ID: ', 'shown'))
      if (user === undefined) throw new UsageError('nobody can be asked here: give --user <staffId>')
      const question = 'Password / パスワード: '
      const password = await secretOf(terminal, { file: options.passwordFile, question, option: '--password-file' })
      const client = createAdminClient({ baseUrl, token: '' })
      const entered = await enter({ client, context }, { user, password, code: options.code })
      await writeSession(terminal, { baseUrl, staffId: textOf(entered.staffId), session: textOf(entered.session) })
      const { session: _, ...shown } = entered
      showPerson(context, shown)
    })
  program
    .command('logout')
    .description('end the session / ログアウト')
    .action((_: unknown, command: Command) =>
      withSession(command, terminal, async ({ admin }) => {
        // A session that has ended already is as good as ended.
        await admin.post('/logout', {}).catch((error: unknown) => {
          if (!(error instanceof RefusedError)) throw error
        })
        await removeSession(terminal)
        terminal.err('logged off / ログアウトしました\n')
      }),
    )
  program
    .command('whoami')
    .description('who is logged on here, and where else / ログイン中の利用者')
    .action((_: unknown, command: Command) =>
      withSession(command, terminal, async ({ admin, context }) => {
        const { body } = await admin.get('/me')
        showPerson(context, isObject(body) ? body : {})
      }),
    )
}

/** Asks for the second factor when the server does. */
async function enter(
  { client, context }: { readonly client: AdminClient; readonly context: Context },
  { user, password, code }: { readonly user: string; readonly password: string; readonly code: string | undefined },
): Promise<Json> {
  const { ask } = context.terminal
  const attempt = async (oneTimeCode: string | undefined): Promise<Json> => {
    const { body } = await client.post('/login', given({ user, password, oneTimeCode }))
    return isObject(body) ? body : {}
  }
  try {
    return await attempt(code)
  } catch (error) {
    const isCodeWanted = error instanceof RefusedError && error.code === 'SECOND_FACTOR_REQUIRED'
    if (!isCodeWanted || ask === undefined) throw error
    return attempt(await ask('Code / 確認コード: ', 'shown'))
  }
}

function showPerson(context: Context, person: Json): void {
  const { terminal, format } = context
  if (format === 'json') {
    terminal.out(toJson(person))
    return
  }
  const facility = textOf(person.facilityId)
  const roles = Array.isArray(person.roles) ? person.roles.map(textOf).join(', ') : ''
  const of = facility === '' ? '' : ` of ${facility} ${textOf(person.facilityName)}`
  terminal.out(`${textOf(person.staffId)} ${textOf(person.name)} (${textOf(person.job)})${of}: ${roles}\n`)
  for (const other of listOf(person.others))
    terminal.err(
      `also logged on since ${textOf(other.startedAt)} from ${textOf(other.peer)}, last used ${textOf(other.usedAt)}; if that is not you, change the password / ほかの場所でもログイン中です。心当たりがなければパスワードを変更してください\n`,
    )
  const pending = Array.isArray(person.pending) ? person.pending.map(textOf) : []
  if (pending.includes('password')) terminal.err(FIRST_PASSWORD)
  if (pending.includes('second-factor')) terminal.err(FIRST_FACTOR)
}

const FIRST_PASSWORD = 'set an own password now: tsunagi account password / ご自身のパスワードを設定してください\n'
const FIRST_FACTOR = 'set up an authenticator: tsunagi account totp / 認証アプリを登録してください\n'
