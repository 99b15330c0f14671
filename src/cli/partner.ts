// tsunagi partner: neighbouring communities (XCA).

import type { Command } from 'commander'
import { isObject, rowsOf } from './admin-client.ts'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf, type Registration } from './context.ts'
import { registerDiscovery } from './discovery.ts'
import { RefusedError, UsageError } from './failure.ts'
import { toJson } from './output.ts'
import { registerPartnerTolerances } from './partner-tolerance.ts'
import { stepText } from './step-text.ts'
import { registerSynchronisation } from './synchronisation.ts'
import type { Terminal } from './terminal.ts'

interface TermOptions {
  readonly queryUrl?: string
  readonly retrieveUrl?: string
  readonly discoveryUrl?: string
  readonly pixUrl?: string
  readonly querySeconds?: string
  readonly retrieveSeconds?: string
  readonly identity?: string
  readonly async?: boolean
  readonly assertion?: string
  readonly testSystems?: string
}

export const registerPartner: Registration = (program, terminal) => {
  const group = program
    .command('partner')
    .description('neighbouring communities, by XCA / 隣接ネットワーク（コミュニティ間連携）')
  registerAdd(group, terminal)
  registerReads(group, terminal)
  registerChange(group, terminal)
  for (const state of STATES) registerState(group, terminal, state)
  registerRemove(group, terminal)
  registerTest(group, terminal)
  registerPartnerTolerances(group, terminal)
  registerDiscovery(group, terminal)
  registerSynchronisation(group, terminal)
}

function withTerms(command: Command): Command {
  return command
    .option('--query-url <url>', 'ITI-38 address of its Responding Gateway; without it nothing is asked of it / 照会先')
    .option('--retrieve-url <url>', 'ITI-39 address; default that of ITI-38 / 取得先')
    .option('--discovery-url <url>', 'ITI-55 address of its Responding Gateway / 患者照会先')
    .option('--pix-url <url>', 'ITI-44 and ITI-45 address of its PIX Manager / PIXマネージャ')
    .option('--identity <way>', 'how patients are found there: none (linked numbers), xcpd, pix / 患者の同定方法')
    .option('--query-seconds <n>', 'how long a query of it may take; default 20 / 照会の待ち時間')
    .option('--retrieve-seconds <n>', 'how long a retrieval may take; default 120 / 取得の待ち時間')
    .option('--async', 'its answers come on a connection of their own / 非同期応答')
    .option('--assertion <audience>', 'it wants an assertion about who asks, for this audience / アサーションの宛先')
    .option('--test-systems <systemIds>', 'for which it is asked while it is tried, separated by commas / 試行システム')
}

function termsOf(options: TermOptions): Readonly<Record<string, unknown>> {
  const { queryUrl, retrieveUrl = queryUrl, discoveryUrl, pixUrl, identity, assertion, testSystems } = options
  return given({
    queryUrl,
    retrieveUrl,
    discoveryUrl,
    pixUrl,
    identity,
    queryMs: millisecondsOf('--query-seconds', options.querySeconds),
    retrieveMs: millisecondsOf('--retrieve-seconds', options.retrieveSeconds),
    isAsynchronous: options.async,
    assertionAudience: assertion,
    testSystems: testSystems === undefined ? undefined : listOf(testSystems),
  })
}

function millisecondsOf(name: string, seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined
  if (!(Number(seconds) > 0)) throw new UsageError(`${name} needs a number of seconds, not "${seconds}"`)
  return Math.round(Number(seconds) * 1000)
}

function registerAdd(group: Command, terminal: Terminal): void {
  withTerms(group.command('add <facilityId>'))
    .description('the facility stands for a community: what agreement and consents share is shown to it / 登録')
    .requiredOption('--community <oid>', 'its homeCommunityId, without urn:oid: / ホームコミュニティID')
    .option('--test', 'to be tried first: it is asked for the test systems alone / 試行から開始')
    .action((facilityId: string, options: TermOptions & { community: string; test?: true }, command) =>
      withAdmin(command, terminal, async (call) => {
        const { community } = options
        const status = options.test === true ? 'test' : undefined
        const body = given({ facilityId, community, status, ...termsOf(options) })
        showChange(call, await call.admin.post('/partners', body), `${facilityId} stands for community ${community}`)
      }),
    )
}

function registerReads(group: Command, terminal: Terminal): void {
  group
    .command('list')
    .description('all of them / 一覧')
    .action((_options, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/partners'), [
          'facilityId',
          'name',
          'community',
          'status',
          'identity',
          'queryUrl',
          'addedAt',
          'addedBy',
        ]),
      ),
    )
  group
    .command('show <facilityId>')
    .description('terms, agreements, authorities, certificates, how calls ended lately / 詳細')
    .action((facilityId: string, _options, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.get(`/partners/${segment(facilityId)}`)
        if (isObject(body)) terminal.out(toJson(body))
      }),
    )
  group
    .command('history <facilityId>')
    .description('when and why its terms were changed / 変更履歴')
    .action((facilityId: string, _options, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.get(`/partners/${segment(facilityId)}/revisions`)
        showList(call, answer, ['at', 'by', 'changed', 'reason'])
      }),
    )
}

const CLEARABLE = {
  'query-url': 'queryUrl',
  'retrieve-url': 'retrieveUrl',
  'discovery-url': 'discoveryUrl',
  'pix-url': 'pixUrl',
  assertion: 'assertionAudience',
} as const

function registerChange(group: Command, terminal: Terminal): void {
  withTerms(group.command('change <facilityId>'))
    .description('change what is agreed with it; what is left out stays / 変更')
    .option('--no-async', 'its answers come on our connection / 同期応答')
    .option('--clear <names>', `take away, separated by commas: ${Object.keys(CLEARABLE).join(', ')} / 削除する項目`)
    .option('--reason <text>', 'why, for the history / 理由')
    .action((facilityId: string, options: TermOptions & { clear?: string; reason?: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const changes = { ...termsOf(options), ...clearedOf(options.clear) }
        if (Object.keys(changes).length === 0) throw new UsageError('name what changes, such as --query-url')
        const body = given({ ...changes, reason: options.reason })
        const answer = await call.admin.patch(`/partners/${segment(facilityId)}`, body)
        showChange(call, answer, `terms with the community of ${facilityId} changed`)
      }),
    )
}

/** @throws {UsageError} for a name that cannot be taken away. */
function clearedOf(names = ''): Readonly<Record<string, null>> {
  const known: Readonly<Record<string, string>> = CLEARABLE
  return Object.fromEntries(
    listOf(names).map((name) => {
      const member = known[name]
      if (member === undefined)
        throw new UsageError(`--clear takes ${Object.keys(CLEARABLE).join(', ')}, not "${name}"`)
      return [member, null]
    }),
  )
}

const STATES = [
  { verb: 'pause', status: 'paused', said: 'ask it no more; what it asks is answered as before / 照会の停止' },
  { verb: 'resume', status: 'active', said: 'ask it for everybody / 照会の開始・再開' },
  { verb: 'try', status: 'test', said: 'ask it for the test systems alone / 試行' },
] as const

function registerState(group: Command, terminal: Terminal, { verb, status, said }: (typeof STATES)[number]): void {
  const command = group
    .command(`${verb} <facilityId>`)
    .description(said)
    .option('--reason <text>', 'why, for the history / 理由')
  if (status === 'test') command.option('--systems <systemIds>', 'the test systems, separated by commas / 試行システム')
  command.action((facilityId: string, options: { reason?: string; systems?: string }, current) =>
    withAdmin(current, terminal, async (call) => {
      const testSystems = options.systems === undefined ? undefined : listOf(options.systems)
      const body = given({ status, testSystems, reason: options.reason })
      const answer = await call.admin.patch(`/partners/${segment(facilityId)}`, body)
      showChange(call, answer, `the community of ${facilityId} is ${status}`)
    }),
  )
}

function registerRemove(group: Command, terminal: Terminal): void {
  group
    .command('remove <facilityId>')
    .description('nothing is asked of it or shown to it any more; its history stays / 登録の削除')
    .requiredOption('--reason <text>', 'why, for the history / 理由')
    .action((facilityId: string, { reason }: { readonly reason: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.delete(`/partners/${segment(facilityId)}`, { reason })
        showChange(call, answer, `the community of ${facilityId} is removed`)
      }),
    )
}

function registerTest(group: Command, terminal: Terminal): void {
  group
    .command('test <facilityId>')
    .description('try the connection from the server, step by step, with nobody’s data / 接続試験')
    .option('--as <systemId>', 'ask for this system; default the first test system / 要求元のシステム')
    .action((facilityId: string, options: { readonly as?: string }, command) =>
      withAdmin(command, terminal, async ({ admin, context }) => {
        const { body } = await admin.slow.post(`/partners/${segment(facilityId)}/test`, given({ systemId: options.as }))
        const report = isObject(body) ? body : {}
        terminal.out(context.format === 'json' ? toJson(report) : rowsOf(report.steps).map(stepText).join(''))
        if (report.result === 'failed') throw new RefusedError(`the connection to ${facilityId} does not work yet`)
      }),
    )
}
