// tsunagi anchor: the authorities whose client certificates the doors believe (ITI TF-2 3.19).

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DOORS } from '../model/trust.ts'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { UsageError } from './failure.ts'

interface AddOptions {
  readonly door?: string
  readonly facility?: string
  readonly from?: string
  readonly to?: string
  readonly crl?: string
}

export const registerAnchor: Registration = (program, terminal) => {
  const group = program.command('anchor').description('trusted certificate authorities / 信頼する認証局')
  group
    .command('add <label> <file>')
    .description('believe certificates of an authority, PEM / 認証局の追加')
    .option('--door <door>', `only at this door: ${DOORS.join(', ')}; default all / 対象の接続口`)
    .option('--facility <facilityId>', 'only for systems of this partner / 対象の施設')
    .option('--from <time>', 'ISO 8601 time from which it counts; default now')
    .option('--to <time>', 'ISO 8601 time at which it ends')
    .option('--crl <source>', 'its revocation list: http(s) address, or path of a file on the servers / 失効リスト')
    .action((label: string, file: string, options: AddOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const pem = await readFile(resolve(terminal.cwd, file), 'utf8').catch((cause: unknown) => {
          throw new UsageError(`${file} cannot be read`, { cause })
        })
        const { door, facility: facilityId, from: validFrom, to: validTo, crl } = options
        const body = given({ label, pem, door, facilityId, validFrom, validTo, crl })
        showChange(call, await call.admin.post('/trust-anchors', body), `authority ${label} is believed`)
      }),
    )
  group
    .command('list')
    .description('all of them, and how their revocation lists stand / 一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/trust-anchors'), [
          'label',
          'subject',
          'status',
          'door',
          'facilityId',
          'notAfter',
          'origin',
          'crl',
        ]),
      ),
    )
  group
    .command('remove <label>')
    .description('believe it no more; connections with its certificates are cut / 認証局の削除')
    .action((label: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.delete(`/trust-anchors/${segment(label)}`)
        showChange(call, answer, `authority ${label} is believed no more`)
      }),
    )
}
