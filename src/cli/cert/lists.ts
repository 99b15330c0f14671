// tsunagi cert list, show, expiring, crl.

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { request } from 'undici'
import { refusedError } from '../admin-client.ts'
import { given, segment, showList, withAdmin } from '../admin-command.ts'
import { configOf, contextOf, managementUrlOf } from '../context.ts'
import { toJson } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { fingerprintOf } from './fingerprint.ts'
import { daysOf } from './signing.ts'

interface ListOptions {
  readonly system?: string
  readonly facility?: string
  readonly status?: string
}

export function registerLists(group: Command, terminal: Terminal): void {
  group
    .command('list')
    .description('client certificates / クライアント証明書の一覧')
    .option('--system <systemId>', 'of one system')
    .option('--facility <facilityId>', 'of one facility')
    .option('--status <status>', 'active, suspended, revoked or expired')
    .action((options: ListOptions, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        const { system, facility, status } = options
        const asked = new URLSearchParams(given({ system, facility, status }) as Record<string, string>)
        showList(call, await call.admin.get(`/certificates?${asked}`), [
          'systemId',
          'facilityId',
          'terminal',
          'status',
          'notAfter',
          'replacedBy',
          'fingerprint',
        ])
      }),
    )
  group
    .command('show <fingerprint>')
    .description('one certificate with its PEM / 証明書の表示')
    .action((fingerprint: string, _: unknown, command: Command) =>
      withAdmin(command, terminal, async ({ admin }) => {
        const { body } = await admin.get(`/certificates/${segment(await fingerprintOf(admin, fingerprint))}`)
        terminal.out(toJson(body))
      }),
    )
  group
    .command('expiring')
    .description('what ends soon: systems, server, authorities / 有効期限が近い証明書')
    .option('--days <days>', 'within so many days', '60')
    .action(({ days }: { readonly days: string }, command: Command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get(`/certificates/expiring?days=${daysOf(days)}`), [
          'daysLeft',
          'kind',
          'name',
          'facilityId',
          'terminal',
          'notAfter',
          'fingerprint',
        ]),
      ),
    )
  registerCrl(group, terminal)
}

function registerCrl(group: Command, terminal: Terminal): void {
  group
    .command('crl')
    .description('our revocation list, as it is served at /pki/crl / 失効リスト')
    .option('--der', 'as DER, not PEM')
    .option('--out <file>', 'where it goes; default: standard output')
    .action(async ({ der, out }: { readonly der?: true; readonly out?: string }, command: Command) => {
      const url = managementUrlOf(configOf(contextOf(command, terminal)))
      const { statusCode, body } = await request(`${url}/pki/crl${der === undefined ? '?format=pem' : ''}`)
      if (statusCode >= 400) throw refusedError(statusCode, await body.text())
      const list = Buffer.from(await body.arrayBuffer())
      if (out === undefined) terminal.out(list)
      else await writeFile(resolve(terminal.cwd, out), list)
    })
}
