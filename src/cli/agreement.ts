// tsunagi agreement: agreements on use beyond the network (広域的利用に係る合意書; idlink U-9).

import type { Command } from 'commander'
import { isObject, textOf } from './admin-client.ts'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

interface AgreementOptions {
  readonly title: string
  readonly community?: string
  readonly withUnion?: string
  readonly union?: string
  readonly direction: string
  readonly kinds?: string
  readonly from: string
  readonly to: string
  readonly evidence?: string
}

export const registerAgreement: Registration = (program, terminal) => {
  const group = program
    .command('agreement')
    .description('agreements with neighbouring communities and other unions / 広域的利用の合意')
  registerAdd(group, terminal)
  group
    .command('list')
    .description('all agreements, former ones too / 一覧')
    .option('--running', 'those in force now only / 有効な合意のみ')
    .action(({ running }: { readonly running?: true }, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get(`/agreements${running === undefined ? '' : '?running=true'}`), [
          'agreementId',
          'title',
          'unionId',
          'partnerCommunity',
          'partnerUnion',
          'direction',
          'kinds',
          'validFrom',
          'validTo',
          'isRunning',
          'endReason',
        ]),
      ),
    )
  group
    .command('end <agreementId>')
    .description('end it before its time; sharing ends at once / 合意の解除')
    .requiredOption('--reason <text>', 'why, for the history / 理由')
    .action((agreementId: string, { reason }: { readonly reason: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/agreements/${segment(agreementId)}/end`, { reason })
        showChange(call, answer, `agreement ${agreementId} ended`)
      }),
    )
}

function registerAdd(group: Command, terminal: Terminal): void {
  group
    .command('add')
    .description('record an agreement / 合意の登録')
    .requiredOption('--title <title>', 'what it is called / 名称')
    .option('--community <oid>', 'home community id of the other side, without urn:oid: / 相手のホームコミュニティID')
    .option('--with-union <unionId>', 'a union beside ours, instead of a community / 相手のユニオン')
    .option('--union <unionId>', 'our side; default the whole network / 当方のユニオン')
    .option('--direction <which>', 'outgoing (they see ours), incoming (we see theirs) or both / 方向', 'both')
    .option('--kinds <codes>', 'classCodes, separated by commas; default all / 文書種別')
    .requiredOption('--from <time>', 'ISO 8601 time from which it holds / 開始')
    .requiredOption('--to <time>', 'ISO 8601 time at which it ends / 終了')
    .option('--evidence <text>', 'where the signed paper is kept / 合意書の保管場所')
    .action((options: AgreementOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post('/agreements', bodyOf(options))
        const number = isObject(answer.body) ? textOf(answer.body.agreementId) : ''
        showChange(call, answer, `agreement ${number} recorded`)
      }),
    )
}

/** @throws {UsageError} without a partner, or with two. */
function bodyOf(options: AgreementOptions) {
  if ((options.community === undefined) === (options.withUnion === undefined))
    throw new UsageError('an agreement has one partner: --community <oid> or --with-union <unionId>')
  return given({
    title: options.title,
    partnerCommunity: options.community,
    partnerUnion: options.withUnion,
    unionId: options.union,
    direction: options.direction,
    kinds: options.kinds === undefined ? undefined : listOf(options.kinds),
    validFrom: options.from,
    validTo: options.to,
    evidence: options.evidence,
  })
}
