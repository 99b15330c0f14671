// tsunagi issuer: who is trusted to say who a user is (X-Assertion Provider, ITI TF-2 3.40).

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { isObject } from './admin-client.ts'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { collect, listOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

interface AddOptions {
  readonly entity: string
  readonly facility?: readonly string[]
  readonly network?: true
  readonly lifetime?: string
  readonly audience?: readonly string[]
  readonly authn?: readonly string[]
  readonly sha1?: true
  readonly formats?: true
}

export const registerIssuer: Registration = (program, terminal) => {
  const group = program
    .command('issuer')
    .description('issuers of SAML assertions about users / 利用者アサーションの発行者')
  registerAdd(group, terminal)
  registerList(group, terminal)
  registerShow(group, terminal)
  registerChanges(group, terminal)
  registerCertificates(group, terminal)
  registerStaff(group, terminal)
  registerRequire(group, terminal)
}

function registerAdd(group: Command, terminal: Terminal): void {
  group
    .command('add <issuerId>')
    .description('trust an issuer / 発行者の登録')
    .requiredOption('--entity <uri>', 'content of saml2:Issuer, exactly')
    .option(
      '--facility <id[=organization-id,…]>',
      'facility whose users it asserts, with organization-ids that mean it besides its OID (repeatable)',
      collect,
    )
    .option('--network', 'instead: users of every facility, each named by an organization-id')
    .option('--lifetime <minutes>', 'longest lifetime of its assertions; default 480')
    .option('--audience <uri>', 'audience that means this network besides the usual ones (repeatable)', collect)
    .option('--authn <uri>', 'AuthnContextClassRef that will do, instead of the usual ones (repeatable)', collect)
    .option('--sha1', 'take SHA-1 signatures of it: for tests of old systems only')
    .option('--formats', 'refuse names without Format')
    .action((issuerId: string, options: AddOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        showChange(call, await call.admin.post('/issuers', bodyOf(issuerId, options)), `issuer ${issuerId} is trusted`)
      }),
    )
}

function bodyOf(issuerId: string, options: AddOptions) {
  const { facility = [], network, lifetime } = options
  if ((network === true) === facility.length > 0) throw new UsageError('give --facility, or --network')
  const minutes = Number(lifetime ?? 1)
  if (!Number.isInteger(minutes) || minutes <= 0) throw new UsageError('--lifetime needs a whole number of minutes')
  return given({
    issuerId,
    entityId: options.entity,
    scope: network === true ? 'network' : 'facilities',
    facilities: facility.map(facilityOf),
    maxLifetimeSeconds: lifetime === undefined ? undefined : minutes * 60,
    audiences: options.audience,
    authnContexts: options.authn,
    allowsSha1: options.sha1,
    needsFormats: options.formats,
  })
}

function facilityOf(text: string) {
  const [facilityId = '', ...ids] = text.split('=')
  return { facilityId, organizationIds: listOf(ids.join('=')) }
}

const COLUMNS = ['issuerId', 'entityId', 'status', 'scope', 'facilities', 'maxLifetimeSeconds']

function registerList(group: Command, terminal: Terminal): void {
  group
    .command('list')
    .description('all issuers / 発行者一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) => showList(call, await call.admin.get('/issuers'), COLUMNS)),
    )
}

function registerShow(group: Command, terminal: Terminal): void {
  group
    .command('show <issuerId>')
    .description('one issuer with its certificates / 発行者の詳細')
    .action((issuerId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.get(`/issuers/${segment(issuerId)}`)
        if (isObject(body)) terminal.out(toJson(body))
      }),
    )
}

const CHANGES = [
  { verb: 'suspend', status: 'suspended', said: 'refuse its assertions / 停止' },
  { verb: 'resume', status: 'active', said: 'take them again / 再開' },
] as const

function registerChanges(group: Command, terminal: Terminal): void {
  for (const { verb, status, said } of CHANGES)
    group
      .command(`${verb} <issuerId>`)
      .description(said)
      .action((issuerId: string, _, command) =>
        withAdmin(command, terminal, async (call) => {
          const answer = await call.admin.patch(`/issuers/${segment(issuerId)}`, { status })
          showChange(call, answer, `issuer ${issuerId} is ${status}`)
        }),
      )
  group
    .command('facilities <issuerId> <facility...>')
    .description('replace the facilities whose users it asserts, each as id or id=organization-id,… / 対象施設の変更')
    .action((issuerId: string, facilities: readonly string[], _, command) =>
      withAdmin(command, terminal, async (call) => {
        const body = { facilities: facilities.map(facilityOf) }
        showChange(call, await call.admin.patch(`/issuers/${segment(issuerId)}`, body), `facilities of ${issuerId} set`)
      }),
    )
  group
    .command('remove <issuerId>')
    .description('trust it no longer / 登録の削除')
    .action((issuerId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        showChange(call, await call.admin.delete(`/issuers/${segment(issuerId)}`), `issuer ${issuerId} removed`)
      }),
    )
}

function registerCertificates(group: Command, terminal: Terminal): void {
  group
    .command('certificate <issuerId> <file>')
    .description('register a certificate of its signatures, PEM, beside those it has / 署名証明書の登録')
    .action((issuerId: string, file: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const pem = await readFile(resolve(terminal.cwd, file), 'utf8').catch((cause: unknown) => {
          throw new UsageError(`${file} cannot be read`, { cause })
        })
        const answer = await call.admin.post(`/issuers/${segment(issuerId)}/certificates`, { pem })
        showChange(call, answer, `certificate of issuer ${issuerId} registered`)
      }),
    )
  group
    .command('withdraw <issuerId> <fingerprint>')
    .description('take a certificate from it, for good / 署名証明書の失効')
    .action((issuerId: string, fingerprint: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/issuers/${segment(issuerId)}/certificates/${segment(fingerprint)}`
        showChange(call, await call.admin.delete(path), `certificate of issuer ${issuerId} withdrawn`)
      }),
    )
}

function registerStaff(group: Command, terminal: Terminal): void {
  const staff = group.command('staff').description('which member of staff a subject is / 利用者と職員の対応')
  staff
    .command('list <issuerId>')
    .description('subjects that are known / 対応一覧')
    .action((issuerId: string, _, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get(`/issuers/${segment(issuerId)}/staff`), ['subject', 'staffId']),
      ),
    )
  staff
    .command('add <issuerId> <subject> <staffId>')
    .description('say who the subject (NameID) is / 対応の登録')
    .action((issuerId: string, subject: string, staffId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/issuers/${segment(issuerId)}/staff`, { subject, staffId })
        showChange(call, answer, `${subject} of ${issuerId} is ${staffId}`)
      }),
    )
  staff
    .command('remove <issuerId> <subject>')
    .description('the subject is no longer known / 対応の削除')
    .action((issuerId: string, subject: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.delete(`/issuers/${segment(issuerId)}/staff`, { subject })
        showChange(call, answer, `${subject} of ${issuerId} is known no longer`)
      }),
    )
}

function registerRequire(group: Command, terminal: Terminal): void {
  group
    .command('require <systemId>')
    .description('hold a system to assertions, wherever they are not ignored / システムにアサーションを義務付ける')
    .option('--off', 'as the endpoints have it again')
    .action((systemId: string, { off }: { readonly off?: true }, command) =>
      withAdmin(command, terminal, async (call) => {
        const policy = off === true ? 'as-endpoint' : 'required'
        const answer = await call.admin.put(`/systems/${segment(systemId)}/assertions`, { policy })
        showChange(call, answer, `assertions of system ${systemId}: ${policy}`)
      }),
    )
}
