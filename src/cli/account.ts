// tsunagi account: one's own password and second factor; unlocking and new access codes, for administrators (アカウント).

import type { Command } from 'commander'
import { isObject, type Json, textOf } from './admin-client.ts'
import { type AdminCall, given, segment, showChange, withAdmin, withSession } from './admin-command.ts'
import { configOf, managementUrlOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { toJson } from './output.ts'
import { secretOf } from './secret.ts'
import { readSession, writeSession } from './session-file.ts'
import type { Terminal } from './terminal.ts'

interface PasswordOptions {
  readonly currentFile?: string
  readonly passwordFile?: string
}

export const registerAccount: Registration = (program, terminal) => {
  const group = program.command('account').description('accounts of persons / アカウント')
  registerOwn(group, terminal)
  group
    .command('unlock <staffId>')
    .description('end the wait after failed log-ons / ロックの解除')
    .requiredOption('--reason <text>', 'why, for history and audit / 理由')
    .action((staffId: string, { reason }: { readonly reason: string }, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/staff/${segment(staffId)}/unlock`, { reason })
        showChange(call, answer, `${staffId} may try again / ロックを解除しました`)
      }),
    )
  group
    .command('reissue <staffId>')
    .description('a new access code: the former password is dead at once / アクセスコードの発行・再発行')
    .requiredOption('--reason <text>', 'why, for history and audit / 理由')
    .option('--reset-second-factor', 'the authenticator was lost too / 二要素認証も再設定')
    .action(
      (staffId: string, options: { readonly reason: string; readonly resetSecondFactor?: true }, command: Command) =>
        withAdmin(command, terminal, (call) => giveAccessCode(call, staffId, options)),
    )
}

/** Shown once, for the person who hands it over. */
export async function giveAccessCode(
  { admin, context }: AdminCall,
  staffId: string,
  { reason, resetSecondFactor }: { readonly reason: string; readonly resetSecondFactor?: true },
): Promise<void> {
  const secondFactor = resetSecondFactor === true ? 'reset' : undefined
  const { body } = await admin.post(`/staff/${segment(staffId)}/access-code`, given({ reason, secondFactor }))
  if (context.format === 'json') return context.terminal.out(toJson(body))
  context.terminal.out(`${textOf(isObject(body) ? body.accessCode : '')}\n`)
  context.terminal.err(
    `access code of ${staffId}, for seven days, until an own password is set; hand it over in person / 7日間有効です。本人に直接渡してください\n`,
  )
}

function registerOwn(group: Command, terminal: Terminal): void {
  group
    .command('password')
    .description('set an own password / パスワードの設定')
    .option(
      '--current-file <file>',
      'file with the present password or access code, - for standard input; else it is asked for',
    )
    .option('--password-file <file>', 'file with the new one; else it is asked for, twice')
    .action(({ currentFile, passwordFile }: PasswordOptions, command: Command) =>
      withSession(command, terminal, async (call) => {
        const question = 'Present password or access code / 現在のパスワード: '
        const current = await secretOf(terminal, { file: currentFile, question, option: '--current-file' })
        const next = await newPassword(terminal, passwordFile)
        const { body } = await call.admin.post('/me/password', { current, next })
        await keep(call, body)
        terminal.err(
          'the password is set; other sessions have ended / パスワードを設定しました。ほかのセッションは終了しました\n',
        )
      }),
    )
  group
    .command('totp')
    .description('set up an authenticator (TOTP) / 認証アプリの登録')
    .option('--code <code>', 'the first code of the secret that was shown before / 確認コード')
    .action(({ code }: { readonly code?: string }, command: Command) =>
      withSession(command, terminal, async (call) => {
        const shown = code ?? (await firstCode(call))
        if (shown === undefined) return
        const { body } = await call.admin.post('/me/second-factor/confirm', { oneTimeCode: shown })
        await keep(call, body)
        const codes = isObject(body) && Array.isArray(body.recoveryCodes) ? body.recoveryCodes.map(textOf) : []
        if (call.context.format === 'json') return terminal.out(toJson({ recoveryCodes: codes }))
        terminal.err(
          'Recovery codes, each for one log-on without the device; keep them in a safe place / リカバリーコード（各1回）。安全な場所に保管してください:\n',
        )
        terminal.out(`${codes.join('\n')}\n`)
      }),
    )
}

async function newPassword(terminal: Terminal, file: string | undefined): Promise<string> {
  const question = 'New password / 新しいパスワード: '
  const next = await secretOf(terminal, { file, question, option: '--password-file' })
  if (file !== undefined) return next
  const again = await secretOf(terminal, { file, question: 'Again / もう一度: ', option: '--password-file' })
  if (again !== next) throw new UsageError('the two are not the same / 2回の入力が一致しません')
  return next
}

/** Undefined when nobody can be asked: then it is given by `--code` next time. */
async function firstCode({ admin, context }: AdminCall): Promise<string | undefined> {
  const { terminal } = context
  const { body } = await admin.post('/me/second-factor', {})
  const { secret, uri } = isObject(body) ? body : {}
  if (context.format === 'json') terminal.out(toJson({ secret: textOf(secret), uri: textOf(uri) }))
  else terminal.out(`${textOf(secret)}\n${textOf(uri)}\n`)
  terminal.err('Enter the secret or the address into the authenticator / 認証アプリに登録してください\n')
  if (terminal.ask !== undefined) return terminal.ask('Code / 確認コード: ', 'shown')
  terminal.err('then: tsunagi account totp --code <code>\n')
  return undefined
}

/** The session that the answer has in place of the one that ended. */
async function keep({ context }: AdminCall, body: unknown): Promise<void> {
  const { terminal } = context
  const baseUrl = managementUrlOf(configOf(context))
  const saved = await readSession(terminal, baseUrl)
  const session = textOf((isObject(body) ? body : ({} as Json)).session)
  await writeSession(terminal, { ...saved, session })
}
