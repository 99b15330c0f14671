// tsunagi repository: repositories and On-Demand Document Sources of this network apart from this server, for the gateways.

import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

interface TermOptions {
  readonly url?: string
  readonly facility?: string
  readonly seconds?: string
}

export const registerRepository: Registration = (program, terminal) => {
  const group = program
    .command('repository')
    .description('repositories apart whose documents the gateways fetch / 別置きのリポジトリ')
  registerAdd(group, terminal)
  registerList(group, terminal)
  registerChange(group, terminal)
  registerRemove(group, terminal)
}

function termsOf({ url, facility: facilityId, seconds }: TermOptions): Readonly<Record<string, unknown>> {
  return given({ url, facilityId, retrieveMs: millisecondsOf(seconds) })
}

/** @throws {UsageError} for what is no number of seconds. */
function millisecondsOf(seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined
  if (!(Number(seconds) > 0)) throw new UsageError(`--seconds needs a number of seconds, not "${seconds}"`)
  return Math.round(Number(seconds) * 1000)
}

const FACILITY = 'facility whose authorities hold for its server certificate / サーバー証明書を確認する施設'
const SECONDS = 'how long a retrieval may take; default 120 / 取得の待ち時間'

function registerAdd(group: Command, terminal: Terminal): void {
  group
    .command('add <repositoryUniqueId>')
    .description('the gateways fetch its documents from there / 登録')
    .requiredOption('--url <url>', 'its ITI-43 address / 取得先')
    .option('--facility <facilityId>', `${FACILITY}; default those of the network alone`)
    .option('--seconds <n>', SECONDS)
    .action((repositoryUniqueId: string, options: TermOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post('/repositories', { repositoryUniqueId, ...termsOf(options) })
        showChange(call, answer, `documents of ${repositoryUniqueId} are fetched from ${options.url}`)
      }),
    )
}

function registerList(group: Command, terminal: Terminal): void {
  group
    .command('list')
    .description('all of them / 一覧')
    .action((_options, command) =>
      withAdmin(command, terminal, async (call) => {
        const members = ['repositoryUniqueId', 'url', 'facilityId', 'status', 'retrieveMs', 'addedAt', 'addedBy']
        showList(call, await call.admin.get('/repositories'), members)
      }),
    )
  group
    .command('history <repositoryUniqueId>')
    .description('when and why it was changed / 変更履歴')
    .action((repositoryUniqueId: string, _options, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.get(`/repositories/${segment(repositoryUniqueId)}/revisions`)
        showList(call, answer, ['at', 'by', 'changed', 'reason'])
      }),
    )
}

interface ChangeOptions extends TermOptions {
  readonly ownAuthority?: true
  readonly pause?: true
  readonly resume?: true
  readonly reason?: string
}

function registerChange(group: Command, terminal: Terminal): void {
  group
    .command('change <repositoryUniqueId>')
    .description('change where it is asked, pause or resume it; what is left out stays / 変更')
    .option('--url <url>', 'its ITI-43 address / 取得先')
    .option('--facility <facilityId>', FACILITY)
    .option('--own-authority', 'its server certificate is of an authority of the network / ネットワークの認証局')
    .option('--seconds <n>', SECONDS)
    .option('--pause', 'fetch nothing from it / 取得の停止')
    .option('--resume', 'fetch from it again / 取得の再開')
    .option('--reason <text>', 'why, for the history / 理由')
    .action((repositoryUniqueId: string, options: ChangeOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const changes = changesOf(options)
        if (Object.keys(changes).length === 0) throw new UsageError('name what changes, such as --url')
        const body = given({ ...changes, reason: options.reason })
        const answer = await call.admin.patch(`/repositories/${segment(repositoryUniqueId)}`, body)
        showChange(call, answer, `repository ${repositoryUniqueId} changed`)
      }),
    )
}

/** @throws {UsageError} for two that contradict each other. */
function changesOf(options: ChangeOptions): Readonly<Record<string, unknown>> {
  const { pause, resume, facility, ownAuthority } = options
  if (pause && resume) throw new UsageError('--pause and --resume: name one of them')
  if (ownAuthority && facility !== undefined) throw new UsageError('--facility and --own-authority: name one of them')
  const status = pause ? 'paused' : resume ? 'active' : undefined
  return { ...termsOf(options), ...given({ status }), ...(ownAuthority ? { facilityId: null } : {}) }
}

function registerRemove(group: Command, terminal: Terminal): void {
  group
    .command('remove <repositoryUniqueId>')
    .description('nothing is fetched from it any more; its history stays / 登録の削除')
    .requiredOption('--reason <text>', 'why, for the history / 理由')
    .action((repositoryUniqueId: string, { reason }: { readonly reason: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.delete(`/repositories/${segment(repositoryUniqueId)}`, { reason })
        showChange(call, answer, `repository ${repositoryUniqueId} is removed`)
      }),
    )
}
