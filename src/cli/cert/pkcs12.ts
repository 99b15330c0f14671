// tsunagi cert pkcs12: certificate and key as one file, for a system that cannot make a request.

import { open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { request } from 'undici'
import { isObject, refusedError, textOf } from '../admin-client.ts'
import { given, segment, withAdmin } from '../admin-command.ts'
import { configOf, contextOf, managementUrlOf } from '../context.ts'
import { UsageError } from '../failure.ts'
import { toJson } from '../output.ts'
import { secretOf } from '../secret.ts'
import type { Terminal } from '../terminal.ts'
import { fingerprintOf } from './fingerprint.ts'
import { daysOf } from './signing.ts'

interface OrderOptions {
  readonly days?: string
  readonly terminal?: string
  readonly legacy?: true
  readonly replaces?: string
  readonly force?: true
  readonly reason?: string
}

const PRIVATE_MODE = 0o600

export function registerPkcs12(cert: Command, terminal: Terminal): void {
  const group = cert
    .command('pkcs12')
    .description('key and certificate as PKCS#12, for systems without CSR / PKCS#12（CSRを作れないシステム用）')
  registerOrder(group, terminal)
  registerFetch(group, terminal)
}

function registerOrder(group: Command, terminal: Terminal): void {
  group
    .command('order <systemId>')
    .description('a code to fetch it once within 24 hours, and the password of the file / 取得コードとパスワードの発行')
    .option('--days <days>', 'validity, at most 397')
    .option('--terminal <name>', 'where it is installed, as the facility calls the terminal / 端末名')
    .option('--legacy', '3DES and SHA-1, for Windows before 2019')
    .option('--replaces <fingerprint>', 'it renews this certificate')
    .option('--force', 'earlier than 60 days before its end; needs --reason')
    .option('--reason <text>', 'why so early')
    .action((systemId: string, options: OrderOptions, command: Command) =>
      withAdmin(command, terminal, async ({ admin, context }) => {
        const { days, terminal: name, legacy, replaces, force, reason } = options
        if ((force === undefined) !== (reason === undefined))
          throw new UsageError('--force needs --reason <text>, and --reason needs --force')
        const body = given({
          days: daysOf(days),
          terminal: name,
          form: legacy === undefined ? undefined : 'legacy',
          replaces: replaces === undefined ? undefined : await fingerprintOf(admin, replaces),
          earlyBecause: reason,
        })
        const answer = await admin.post(`/systems/${segment(systemId)}/pkcs12`, body)
        const ordered = isObject(answer.body) ? answer.body : {}
        if (context.format === 'json') return terminal.out(toJson(answer.body))
        terminal.out(
          [
            `code      ${textOf(ordered.code)}`,
            `password  ${textOf(ordered.password)}`,
            `until     ${textOf(ordered.expiresAt)}`,
            'Tell them by two ways, such as a letter and the telephone; neither can be shown again.',
            'コードとパスワードは別々の方法（書面と電話など）で伝えてください。再表示はできません。',
            '',
          ].join('\n'),
        )
      }),
    )
}

function registerFetch(group: Command, terminal: Terminal): void {
  group
    .command('fetch')
    .description('make and fetch the file, once / ファイルの生成と取得（一度だけ）')
    .requiredOption('--code <code>', 'as ordered; worth nothing without the password')
    .option('--password-file <file>', 'file with the password as ordered, - for standard input; else it is asked for')
    .requiredOption('--out <file>', 'where it goes, mode 0600')
    .action(
      async (
        { code, passwordFile, out }: { readonly code: string; readonly passwordFile?: string; readonly out: string },
        command: Command,
      ) => {
        const question = 'Password / パスワード: '
        const password = await secretOf(terminal, { file: passwordFile, question, option: '--password-file' })
        const url = managementUrlOf(configOf(contextOf(command, terminal)))
        await fetchInto(resolve(terminal.cwd, out), { url, code, password })
        terminal.out(`${out}\n`)
      },
    )
}

/** The file is opened before it is fetched: what cannot be written would be lost. */
async function fetchInto(
  path: string,
  { url, ...secrets }: { readonly url: string; readonly code: string; readonly password: string },
): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_MODE).catch((cause: unknown) => {
    throw new UsageError(`${path} is there already or cannot be written`, { cause })
  })
  try {
    const { statusCode, body } = await request(`${url}/pki/pkcs12`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(secrets),
    })
    if (statusCode >= 400) throw refusedError(statusCode, await body.text())
    await file.writeFile(Buffer.from(await body.arrayBuffer()))
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}
