// tsunagi audit months, export, drop, key: the audit log by month, out of the house and away.

import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { isObject, textOf } from './admin-client.ts'
import { segment, showList, withAdmin } from './admin-command.ts'
import { receiveStream } from './admin-stream.ts'
import { adminTarget, type Context, contextOf } from './context.ts'
import { toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

const COLUMNS = ['chain', 'events', 'signedSeq', 'isClosed', 'verifiedSeq', 'failure', 'isKept', 'droppedAt']

const EXPORT_HELP = `
As auditor, with --as-me: the file is everybody's access log / 監査担当者が --as-me で実行します。
The file proves itself: "tsunagi audit verify <file>" needs neither server nor database. Its SHA-256 is printed; "tsunagi audit drop" asks for it.
出力したファイルは、サーバなしで検証できます（tsunagi audit verify）。`

/** Below `audit`. */
export function registerAuditChain(group: Command, terminal: Terminal): void {
  group
    .command('months')
    .description('months of the log: how far sealed, signed, verified, exported / 月別の状態')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) => showList(call, await call.admin.get('/audit/months'), COLUMNS)),
    )
  group
    .command('export')
    .description('a month of the log, with what proves it; --as-me, as auditor / 月別の出力')
    .requiredOption('--month <YYYY-MM>', 'month in Japan')
    .option('--out <file>', 'where to; without it standard output')
    .addHelpText('after', EXPORT_HELP)
    .action((options: { readonly month: string; readonly out?: string }, command) =>
      exportMonth(contextOf(command, terminal), options),
    )
  group
    .command('drop <month>')
    .description('the export of a month is kept: drop the month when its time is over / 保存期間を過ぎた月の削除')
    .requiredOption('--exported <sha256>', 'SHA-256 of the export that is kept')
    .action((month: string, { exported }: { readonly exported: string }, command) =>
      withAdmin(command, terminal, async ({ admin, context }) => {
        const { body } = await admin.post(`/audit/months/${segment(month)}/drop`, { sha256: exported.toLowerCase() })
        if (context.format === 'json') terminal.out(toJson(body ?? null))
        else terminal.out(`${month}: ${sentence(body)}\n`)
      }),
    )
  group
    .command('key')
    .description('public keys that verify the log, PEM / 検証用の公開鍵')
    .action((_, command) =>
      withAdmin(command, terminal, async ({ admin }) => terminal.out(await admin.text('/audit/key'))),
    )
}

function sentence(body: unknown): string {
  const { done, dropsAfter } = isObject(body) ? body : {}
  return done === 'noted'
    ? `noted; the month will be dropped after ${textOf(dropsAfter)} / 保存期間の終了後に削除します`
    : 'dropped / 削除しました'
}

async function exportMonth(
  context: Context,
  { month, out }: { readonly month: string; readonly out?: string },
): Promise<void> {
  const { terminal } = context
  const digest = createHash('sha256')
  const stream = receiveStream(await adminTarget(context), `/audit/export?month=${segment(month)}`)
  if (out === undefined) {
    for await (const chunk of stream) {
      digest.update(chunk)
      terminal.out(chunk)
    }
  } else await writeFile(resolve(terminal.cwd, out), stream, (chunk) => digest.update(chunk))
  const sha256 = digest.digest('hex')
  // Standard output may be the export itself.
  if (out === undefined) terminal.err(`SHA-256 ${sha256}\n`)
  else terminal.out(context.format === 'json' ? toJson({ month, file: out, sha256 }) : `${out}\nSHA-256 ${sha256}\n`)
}

/** The log names patients: nobody else of the machine reads it. An existing file is left alone. */
async function writeFile(path: string, stream: AsyncIterable<Buffer>, seen: (chunk: Buffer) => void): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of stream) {
      seen(chunk)
      await file.write(chunk)
    }
    await file.sync()
  } catch (error) {
    // A part of an export is none.
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}
