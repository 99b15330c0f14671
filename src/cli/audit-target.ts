// tsunagi audit target: the audit repositories that the records of this network are sent to (ITI TF-2 3.20).

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

interface AddOptions {
  readonly port: string
  readonly serverName?: string
  readonly ca?: string
  readonly certificate?: string
  readonly key?: string
  readonly withReceived?: boolean
  readonly fromTheBeginning?: boolean
}

export function registerAuditTarget(audit: Command, terminal: Terminal): void {
  const group = audit.command('target').description('where audit records are sent (ITI-20) / 監査レコードの送信先')
  registerAdd(group, terminal)
  registerShow(group, terminal)
  registerChanges(group, terminal)
}

function registerAdd(group: Command, terminal: Terminal): void {
  group
    .command('add <name> <host>')
    .description('send audit records to a repository, syslog over TLS / 送信先の追加')
    .option('--port <port>', 'its port', '6514')
    .option('--server-name <name>', 'name that its certificate has to bear; default the host / 証明書のホスト名')
    .option('--ca <file>', 'authorities of its certificate, PEM; default those of tls.ca / 認証局')
    .option('--certificate <path>', 'certificate to show it, a file on the servers; default the server’s own')
    .option('--key <path>', 'the key of that certificate, a file on the servers')
    .option('--with-received', 'send on what other systems sent us / 他システムから受けた記録も転送')
    .option('--from-the-beginning', 'send what was recorded before, too / 過去の記録も送信')
    .action((name: string, host: string, options: AddOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const { port, serverName, certificate, key, withReceived, fromTheBeginning } = options
        const ca = options.ca === undefined ? undefined : await textOf(resolve(terminal.cwd, options.ca))
        const target = {
          name,
          host,
          port: numberOf(port, '--port'),
          serverName,
          ca,
          certificate,
          key,
          withReceived,
          fromTheBeginning,
        }
        const answer = await call.admin.post('/audit/targets', given(target))
        showChange(call, answer, `audit records go to ${name}`)
      }),
    )
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be read`, { cause })
  })
}

function numberOf(text: string, option: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${option} needs a number, not "${text}"`)
  return Number(text)
}

function registerShow(group: Command, terminal: Terminal): void {
  group
    .command('list')
    .description('all of them, and how far each has got / 一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/audit/targets'), [
          'name',
          'host',
          'port',
          'status',
          'state',
          'sentTo',
          'waiting',
          'waitingSince',
          'attempts',
          'lastError',
        ]),
      ),
    )
}

function registerChanges(group: Command, terminal: Terminal): void {
  group
    .command('pause <name>')
    .description('send nothing for a while; what is recorded meanwhile is sent later / 送信の一時停止')
    .option('--reason <text>', 'why')
    .action((name: string, { reason }: { readonly reason?: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.patch(pathOf(name), given({ status: 'paused', reason }))
        showChange(call, answer, `nothing is sent to ${name}`)
      }),
    )
  group
    .command('resume <name>')
    .description('send again, what waited first / 送信の再開')
    .action((name: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.patch(pathOf(name), { status: 'active' })
        showChange(call, answer, `audit records go to ${name} again`)
      }),
    )
  group
    .command('resend <name>')
    .description('go on after another seal: what was sent behind it is sent again / 再送')
    .requiredOption('--after <number>', 'number of the seal; 0: from the beginning / 封印番号')
    .action((name: string, { after }: { readonly after: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`${pathOf(name)}/resend`, { after: numberOf(after, '--after') })
        showChange(call, answer, `${name} is sent everything after seal ${after}`)
      }),
    )
  group
    .command('remove <name>')
    .description('send nothing more to it / 送信先の削除')
    .action((name: string, _, command) =>
      withAdmin(command, terminal, async (call) =>
        showChange(call, await call.admin.delete(pathOf(name)), `${name} is no audit repository any more`),
      ),
    )
}

function pathOf(name: string): string {
  return `/audit/targets/${segment(name)}`
}
