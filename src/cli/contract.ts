// tsunagi facility contract: what a facility agreed about the messages that it pushes (docs/storeclient/contract.md).

import type { Command } from 'commander'
import { parseBytes } from '../config/text.ts'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { type AdminCall, given, segment, showChange, withAdmin } from './admin-command.ts'
import { listOf } from './context.ts'
import { UsageError } from './failure.ts'
import { formatTable, toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

interface SetOptions {
  readonly kinds?: string
  readonly unlinked?: string
  readonly shrinkGuard?: string
  readonly quota?: string
  readonly reason?: string
}

export function registerContract(facility: Command, terminal: Terminal): void {
  const group = facility.command('contract').description('its StoreClient contract / ストアクライアント契約')
  group
    .command('show <facilityId>')
    .description('the contract in force, and what it was before / 表示')
    .action((facilityId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.get(`/facilities/${segment(facilityId)}/contract`)
        show(call, body)
      }),
    )
  group
    .command('set <facilityId>')
    .description('change it; what is left out stays / 変更')
    .option('--kinds <kinds>', 'data kinds that are taken, separated by commas, or all / データ種別')
    .option('--unlinked <what>', 'messages for numbers that are not linked: refuse or hold / 未紐付け時')
    .option('--shrink-guard <what>', 'fewer results than before: keep-parts or replace')
    .option('--quota <bytes>', 'bytes that it may store, such as "20 GiB", or none / 容量上限')
    .option('--reason <text>', 'why, for the history / 理由')
    .action((facilityId: string, options: SetOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.patch(`/facilities/${segment(facilityId)}/contract`, bodyOf(options))
        showChange(call, answer, `contract of facility ${facilityId} changed`)
      }),
    )
}

/** @throws {UsageError} for a quota that is no number of bytes, and when nothing is to be changed. */
function bodyOf({ kinds, unlinked, shrinkGuard, quota, reason }: SetOptions): Json {
  const terms = given({
    kinds: kinds === undefined ? undefined : kinds === 'all' ? 'all' : listOf(kinds),
    unlinked,
    shrinkGuard,
    quotaBytes: quota === undefined ? undefined : quotaOf(quota),
  })
  if (Object.keys(terms).length === 0)
    throw new UsageError('name what changes: --kinds, --unlinked, --shrink-guard or --quota')
  return given({ ...terms, reason })
}

function quotaOf(text: string): number | null {
  if (text === 'none') return null
  const bytes = parseBytes(text)
  if (bytes === undefined || bytes < 1)
    throw new UsageError('--quota needs a number of bytes such as "20 GiB", or none')
  return bytes
}

const COLUMNS = ['setAt', 'kinds', 'unlinked', 'shrinkGuard', 'quotaBytes', 'setBy', 'reason'].map((title) => ({
  title,
  value: (row: Json) => (Array.isArray(row[title]) ? row[title].join(',') : textOf(row[title])),
}))

function show({ context }: AdminCall, body: unknown): void {
  if (context.format === 'json') context.terminal.out(toJson(body))
  else {
    const history = isObject(body) ? rowsOf(body.history) : []
    const current = isObject(body) && isObject(body.contract) ? [body.contract] : []
    context.terminal.out(formatTable(history.length === 0 ? current : history, COLUMNS))
  }
}
