// tsunagi system set, suspend, resume, history: what a connected system may do, changed with a history (idlink A-6).

import type { Command } from 'commander'
import { ROLES } from '../model/caller.ts'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf } from './context.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

export const SAID = {
  sourceIds: 'XDSSubmissionSet.sourceId values that it may send, separated by commas; default any / 送信元ID',
  delegates: 'facilities for which it acts besides its own, separated by commas / 代行する施設',
} as const

export interface MayOptions {
  readonly sourceIds?: string
  readonly delegates?: string
}

interface SetOptions extends MayOptions {
  readonly roles?: string
  readonly repositories?: string
  readonly ceiling?: string
  readonly reason?: string
}

/** What a system may say it is, and for whom it speaks; an empty list takes all back. */
export function mayOf({ sourceIds, delegates }: MayOptions): object {
  return given({ sourceIds: list(sourceIds), delegatedFacilities: list(delegates) })
}

function list(text: string | undefined): readonly string[] | undefined {
  return text === undefined ? undefined : listOf(text)
}

/** @throws {UsageError} for a role that nobody knows. */
export function rolesOf(text: string): readonly string[] {
  const roles = listOf(text)
  const unknown = roles.find((role) => !ROLES.some((known) => known === role))
  if (unknown !== undefined || roles.length === 0)
    throw new UsageError(`--roles needs some of ${ROLES.join(', ')}${unknown === undefined ? '' : `; not ${unknown}`}`)
  return roles
}

/** Below `system`. */
export function registerSystemChanges(group: Command, terminal: Terminal): void {
  registerSet(group, terminal)
  for (const change of CHANGES) registerChange(group, terminal, change)
  group
    .command('history <systemId>')
    .description('when and why it was suspended, resumed or changed / 変更履歴')
    .action((systemId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.get(`/systems/${segment(systemId)}/revisions`)
        showList(call, answer, ['at', 'by', 'changed', 'reason'])
      }),
    )
}

function registerSet(group: Command, terminal: Terminal): void {
  group
    .command('set <systemId>')
    .description('change what it may do; what is left out stays, an empty list takes all back / 権限の変更')
    .option('--roles <roles>', `separated by commas: ${ROLES.join(', ')}`)
    .option('--source-ids <oids>', SAID.sourceIds)
    .option('--delegates <facilityIds>', SAID.delegates)
    .option('--repositories <oids>', 'repositoryUniqueIds of which it is the repository, separated by commas')
    .option('--ceiling <code>', 'most restricted confidentiality it may see: U, L, M, N, R or V')
    .option('--reason <text>', 'why, for the history / 理由')
    .action((systemId: string, options: SetOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const changes = given({
          roles: options.roles === undefined ? undefined : rolesOf(options.roles),
          repositories: list(options.repositories),
          confidentialityCeiling: options.ceiling,
          ...mayOf(options),
        })
        if (Object.keys(changes).length === 0) throw new UsageError('name what changes, such as --roles or --delegates')
        const answer = await call.admin.patch(
          `/systems/${segment(systemId)}`,
          given({ ...changes, reason: options.reason }),
        )
        showChange(call, answer, `system ${systemId} changed`)
      }),
    )
}

const CHANGES = [
  { verb: 'suspend', status: 'suspended', said: 'refuse it at once, on open connections too / 停止' },
  { verb: 'resume', status: 'active', said: 'take it back / 再開' },
] as const

function registerChange(group: Command, terminal: Terminal, { verb, status, said }: (typeof CHANGES)[number]): void {
  group
    .command(`${verb} <systemId>`)
    .description(said)
    .option('--reason <text>', 'why, for the history / 理由')
    .action((systemId: string, { reason }: { readonly reason?: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.patch(`/systems/${segment(systemId)}`, given({ status, reason }))
        showChange(call, answer, `system ${systemId} is ${status}`)
      }),
    )
}
