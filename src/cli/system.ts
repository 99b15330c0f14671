// tsunagi system: the connected systems of facilities, their roles and certificates.

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { switchableRules } from '../../profiles/metadata/rules.ts'
import { ROLES } from '../model/caller.ts'
import { RULE_SWITCHES, type RuleSwitches } from '../model/rule-switch.ts'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { type MayOptions, mayOf, registerSystemChanges, rolesOf, SAID } from './system-changes.ts'
import type { Terminal } from './terminal.ts'

/** What registers a system; an invitation may do so too. */
export interface SystemOptions {
  readonly facility?: string
  readonly roles?: string
  readonly accessMode?: string
  readonly assigningAuthority?: string
  readonly repositories?: string
  readonly ceiling?: string
}

export const registerSystem: Registration = (program, terminal) => {
  const group = program.command('system').description('connected systems / 接続システム')
  registerAdd(group, terminal)
  registerList(group, terminal)
  registerSystemChanges(group, terminal)
  registerRules(group, terminal)
  registerTolerances(group, terminal)
  registerCertificate(group, terminal)
}

function registerAdd(group: Command, terminal: Terminal): void {
  const command = group
    .command('add <systemId>')
    .description('register a system / システムの登録')
    .requiredOption('--facility <facilityId>', 'facility it belongs to')
    .requiredOption('--roles <roles>', `separated by commas: ${ROLES.join(', ')}`)
    .option('--source-ids <oids>', SAID.sourceIds)
    .option('--delegates <facilityIds>', SAID.delegates)
  withFurtherOptions(command).action((systemId: string, options: SystemOptions & MayOptions, command) =>
    withAdmin(command, terminal, async (call) => {
      const body = given({ ...systemBody(systemId, options), ...mayOf(options) })
      const answer = await call.admin.post('/systems', body)
      showChange(call, answer, `system ${systemId} registered`)
    }),
  )
}

/** Options of a system that need not be given. */
export function withFurtherOptions(command: Command): Command {
  return command
    .option('--access-mode <mode>', 'consent or affinity-domain; default: that of the network')
    .option('--assigning-authority <oid>', 'its own authority, for a conformance tester')
    .option('--repositories <oids>', 'repositoryUniqueIds of which it is the repository, separated by commas')
    .option('--ceiling <code>', 'most restricted confidentiality it may see: U, L, M, N, R or V')
}

/** @throws {UsageError} for a role that there is not. */
export function systemBody(systemId: string, options: SystemOptions): Readonly<Record<string, unknown>> {
  return {
    systemId,
    facilityId: options.facility,
    roles: options.roles === undefined ? undefined : rolesOf(options.roles),
    accessMode: options.accessMode,
    assigningAuthority: options.assigningAuthority,
    repositories: options.repositories === undefined ? undefined : listOf(options.repositories),
    confidentialityCeiling: options.ceiling,
  }
}

function registerList(group: Command, terminal: Terminal): void {
  group
    .command('list')
    .description('all systems / システム一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/systems'), ['systemId', 'facilityId', 'status', 'accessMode', 'roles']),
      ),
    )
}

function registerRules(group: Command, terminal: Terminal): void {
  group
    .command('rules <systemId> [switches...]')
    .description(
      'replace the metadata rules switched for a system, each as <rule>=refuse|warn|accept (docs/rules.md); none: all as the network has them / メタデータ規則の切替',
    )
    .action((systemId: string, switches: readonly string[], _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.put(`/systems/${segment(systemId)}/rules`, switchesOf(switches))
        showChange(call, answer, `rules of system ${systemId} switched`)
      }),
    )
}

function switchesOf(texts: readonly string[]): RuleSwitches {
  return Object.fromEntries(
    texts.map((text) => {
      const [rule = '', decided = ''] = text.split('=')
      const known = RULE_SWITCHES.find((one) => one === decided)
      if (!switchableRules.includes(rule))
        throw new UsageError(`${rule} is no rule of docs/rules.md that may be switched`)
      if (known === undefined) throw new UsageError(`${text} needs one of ${RULE_SWITCHES.join(', ')} behind =`)
      return [rule, known]
    }),
  )
}

function registerTolerances(group: Command, terminal: Terminal): void {
  group
    .command('tolerances <systemId>')
    .description('what was tolerated in its messages, and how often / 許容した逸脱の一覧')
    .action((systemId: string, _, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get(`/systems/${segment(systemId)}/tolerances`), [
          'code',
          'count',
          'firstSeen',
          'lastSeen',
          'lastJournal',
          'ja',
        ]),
      ),
    )
}

function registerCertificate(group: Command, terminal: Terminal): void {
  group
    .command('cert <systemId> <file>')
    .description('register a certificate that was issued elsewhere, PEM / 証明書の登録')
    .action((systemId: string, file: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const pem = await readFile(resolve(terminal.cwd, file), 'utf8').catch((cause: unknown) => {
          throw new UsageError(`${file} cannot be read`, { cause })
        })
        const answer = await call.admin.post(`/systems/${segment(systemId)}/certificates`, { pem })
        showChange(call, answer, `certificate of system ${systemId} registered`)
      }),
    )
}
