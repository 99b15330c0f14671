// tsunagi cert revoke, suspend, resume.

import type { Command } from 'commander'
import { REVOKE_REASONS } from '../../model/revoke-reason.ts'
import { given, segment, showChange, withAdmin } from '../admin-command.ts'
import { UsageError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { fingerprintOf } from './fingerprint.ts'

interface Patch {
  readonly status: 'active' | 'suspended' | 'revoked'
  readonly reason?: string | undefined
}

export function registerStates(group: Command, terminal: Terminal): void {
  const patch = (fingerprint: string, body: Patch, command: Command): Promise<void> =>
    withAdmin(command, terminal, async (call) => {
      const whole = await fingerprintOf(call.admin, fingerprint)
      const answer = await call.admin.patch(`/certificates/${segment(whole)}`, given({ ...body }))
      showChange(call, answer, `certificate ${whole} ${body.status}`)
    })
  group
    .command('revoke <fingerprint>')
    .description('for ever, at once at every door / 失効（取消不可）')
    .requiredOption('--reason <reason>', REVOKE_REASONS.join(', '))
    .action((fingerprint: string, { reason }: { readonly reason: string }, command: Command) => {
      if (!REVOKE_REASONS.some((known) => known === reason))
        throw new UsageError(`--reason needs one of ${REVOKE_REASONS.join(', ')}`)
      return patch(fingerprint, { status: 'revoked', reason }, command)
    })
  group
    .command('suspend <fingerprint>')
    .description('until it is resumed / 一時停止')
    .action((fingerprint: string, _: unknown, command: Command) => patch(fingerprint, { status: 'suspended' }, command))
  group
    .command('resume <fingerprint>')
    .description('good again / 再開')
    .action((fingerprint: string, _: unknown, command: Command) => patch(fingerprint, { status: 'active' }, command))
}
