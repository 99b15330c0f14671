// tsunagi selftest: does this network work, step by step, with nobody's data and nothing changed (docs/operations/README.md).

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../config/config.ts'
import type { AdminClient } from './admin-client.ts'
import {
  adminOf,
  type Context,
  configInput,
  configOf,
  contextOf,
  httpsUrlOf,
  managementUrlOf,
  type Registration,
  staffOf,
} from './context.ts'
import { type Credentials, credentialsOfFiles, readCredentials } from './credentials.ts'
import { RefusedError, UsageError } from './failure.ts'
import { toJson } from './output.ts'
import * as bySystem from './selftest/by-system.ts'
import { type ClockTelling, clockStep, databaseClock, lookAt, schemaStep } from './selftest/database.ts'
import {
  certificateStep,
  type Door,
  doorsOf,
  httpsStrangerStep,
  mllpStrangerStep,
  placeOf,
  publicDoorOf,
  versionsStep,
} from './selftest/doors.ts'
import type { Figure } from './selftest/figures.ts'
import { dataDirectoryStep, secretsStep } from './selftest/files.ts'
import { auditStep, expiringStep, partnersStep, targetsStep, waitingStep } from './selftest/keeping.ts'
import { readFiguresOf, readinessStep, serverStep, settingsStep, versionStep } from './selftest/management.ts'
import { type Finding, failed, openWalk, passed, reasonOf, resultOf, skipped, type Walk } from './selftest/step.ts'
import { stepText } from './step-text.ts'

interface SelftestOptions {
  readonly system?: string
  readonly cert?: string
  readonly key?: string
  readonly url?: string
}

const HELP = `
Changes nothing and reads no patient's data. What it asks the doors stands in log, journal and audit as everything that is asked: connections
without a certificate, and with --system a query for a number that nobody has and a message that is refused.
設定・データは変更せず、患者データも読みません。接続と照会の試行は、ログ・ジャーナル・監査に記録されます。`

export const registerSelftest: Registration = (program, terminal) => {
  program
    .command('selftest')
    .description('does everything work: files, server, database, doors, audit, step by step / 自己診断')
    .option('--system <id>', 'ask the doors as this system too, var/pki/clients/<id>.{crt,key} / 試験に使うシステム')
    .option('--cert <file>', 'its certificate, instead / 証明書ファイル')
    .option('--key <file>', 'the key of that certificate / 秘密鍵ファイル')
    .option('--url <url>', 'HTTPS door for --system; default: https.publicUrl of the configuration')
    .addHelpText('after', HELP)
    .action((options: SelftestOptions, command: Command) => selftest(contextOf(command, terminal), options))
}

async function selftest(context: Context, options: SelftestOptions): Promise<void> {
  requireWhole(options)
  const { terminal, format } = context
  const walk = openWalk((step) => {
    if (format !== 'json') terminal.out(stepText({ ...step }))
  })
  const config = await configuration(context, walk)
  if (config !== undefined) await walkAll({ context, options, config, walk })
  const steps = walk.steps()
  const result = resultOf(steps)
  if (format === 'json') terminal.out(toJson({ result, steps }))
  const count = (wanted: Finding['result']) => steps.filter((step) => step.result === wanted).length
  const [failures, warnings] = [count('failed'), count('warning')]
  if (failures > 0)
    throw new RefusedError(
      `${failures} of ${steps.length} steps failed; begin with the first / ${failures}項目が失敗しました。最初の失敗から対処してください。`,
    )
  if (format !== 'json')
    terminal.out(
      warnings > 0
        ? `it works, with ${warnings} warnings / 動作しています（警告 ${warnings}件）\n`
        : 'everything works / すべて正常です\n',
    )
}

/** @throws {UsageError} */
function requireWhole({ system, cert, key, url }: SelftestOptions): void {
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key go together')
  if (system === undefined && (cert !== undefined || url !== undefined))
    throw new UsageError('--cert, --key and --url are for a --system')
  if (url !== undefined && !(URL.canParse(url) && url.startsWith('https://')))
    throw new UsageError(`--url needs an https:// address, not "${url}"`)
}

async function configuration(context: Context, walk: Walk): Promise<Config | undefined> {
  let config: Config | undefined
  await walk.take('configuration', configInput(context).flags?.config?.toString(), () => {
    try {
      config = configOf(context)
    } catch (error) {
      const reason = reasonOf(error)
      return failed(
        reason,
        'Mend what stands there; tsunagi config explain shows every setting and where it comes from',
        `設定に誤りがあります。${reason} を修正してください（tsunagi config explain で確認できます）。`,
      )
    }
    return passed(
      `valid; data directory ${config.dataDir}`,
      `設定に問題はありません。データディレクトリ: ${config.dataDir}`,
    )
  })
  return config
}

interface Round {
  readonly context: Context
  readonly options: SelftestOptions
  readonly config: Config
  readonly walk: Walk
}

async function walkAll(round: Round): Promise<void> {
  const { config, walk } = round
  // A name that was mistyped is told before anything else.
  const credentials = await credentialsOf(round)
  const clocks: ClockTelling[] = []
  await walk.take('secrets', undefined, () => secretsStep(config))
  await walk.take('data directory', config.dataDir, () => dataDirectoryStep(config))
  const admin = await server(round)
  await database(round, clocks)
  for (const door of doorsOf(config)) await doorSteps(round, door, clocks)
  const publicDoor = publicDoorOf(config)
  if (publicDoor !== undefined)
    await walk.take(publicDoor.name, placeOf(publicDoor), () => certificateStep(publicDoor, config))
  await walk.take('clock', undefined, () => clockStep(clocks))
  await asSystem(round, credentials, admin.client)
  await keeping(round, admin)
}

/** @throws {UsageError} for a system or file that is not there. */
async function credentialsOf({ context, options, config }: Round): Promise<Credentials | undefined> {
  const { system, cert, key } = options
  const { cwd } = context.terminal
  if (system === undefined) return undefined
  if (cert === undefined || key === undefined) return readCredentials(config, system)
  return credentialsOfFiles(config, { cert: resolve(cwd, cert), key: resolve(cwd, key) })
}

/** What a server that answers lets us ask. */
interface Administration {
  readonly client: AdminClient | undefined
  readonly figures: readonly Figure[] | undefined
}

const NO_SERVER = skipped('the server does not answer there', '管理ポートが応答しないため確認していません。')

async function server({ context, config, walk }: Round): Promise<Administration> {
  const baseUrl = managementUrlOf(config)
  const lives = await walk.take('server', baseUrl, () => serverStep(baseUrl))
  if (lives.result === 'failed') return { client: undefined, figures: undefined }
  await walk.take('readiness', `${baseUrl}/readyz`, () => readinessStep(baseUrl))
  let figures: readonly Figure[] | undefined
  await walk.take('version', undefined, async () => {
    figures = await readFiguresOf(baseUrl)
    return versionStep(figures)
  })
  let client: AdminClient | undefined
  await walk.take('settings', `${baseUrl}/admin/v1`, async () => {
    const admin = await adminOf(config, staffOf(context))
    const finding = await settingsStep(config, admin)
    client = admin
    return finding
  })
  return { client, figures }
}

async function database({ config, walk }: Round, clocks: ClockTelling[]): Promise<void> {
  const at = config.database.url === undefined ? 'own PostgreSQL' : 'database.url'
  await walk.take('database schema', at, async () => {
    const look = lookAt(config)
    const finding = await schemaStep(look)
    const found = await look.catch(() => undefined)
    if (found !== undefined) clocks.push(databaseClock(found))
    return finding
  })
}

async function doorSteps({ config, walk }: Round, door: Door, clocks: ClockTelling[]): Promise<void> {
  const at = placeOf(door)
  let isOpen = false
  await walk.take(door.name, at, () =>
    certificateStep(door, config, () => {
      isOpen = true
    }),
  )
  if (!isOpen) return
  if (door.name === 'https') {
    await walk.take('https versions', at, () => versionsStep(door, config))
    await walk.take('https without certificate', at, () =>
      httpsStrangerStep(door, config, (clock) => clocks.push(clock)),
    )
  } else await walk.take(`${door.name} without certificate`, at, () => mllpStrangerStep(door, config))
}

async function asSystem(
  { options, config, walk }: Round,
  credentials: Credentials | undefined,
  admin: AdminClient | undefined,
): Promise<void> {
  const { system: systemId } = options
  if (systemId === undefined || credentials === undefined) {
    await walk.take('as a system', undefined, () =>
      skipped(
        'WSDLs and messages are asked for with a client certificate: give --system <id>',
        'WSDLと電文の試験にはクライアント証明書が必要です。--system <id> を指定してください。',
      ),
    )
    return
  }
  const baseUrl = (options.url ?? httpsUrlOf(config)).replace(/\/+$/, '')
  const subject: bySystem.Subject = { config, systemId, credentials, baseUrl, admin }
  const system = await bySystem.registered(subject).catch(() => undefined)
  const { pix, storeclient } = config.mllp
  const own = await walk.take(`certificate of ${systemId}`, baseUrl, () => bySystem.ownCertificateStep(subject))
  if (own.result === 'failed') return
  await walk.take('WSDL', baseUrl, () => bySystem.wsdlStep(subject))
  await walk.take('ITI-45', `${baseUrl}/pix/manager`, () => bySystem.pixStep(subject, system))
  await walk.take('ITI-18', `${baseUrl}/xds/registry`, () => bySystem.queryStep(subject, system))
  await walk.take('ITI-9', `port ${pix.port}`, () => bySystem.pixV2Step(subject, system))
  await walk.take('StoreClient MLLP', `port ${storeclient.port}`, () =>
    bySystem.storeClientStep(subject, system, 'mllp'),
  )
  await walk.take('StoreClient HTTPS', `${baseUrl}/storeclient`, () =>
    bySystem.storeClientStep(subject, system, 'https'),
  )
}

async function keeping({ walk }: Round, { client, figures }: Administration): Promise<void> {
  const withFigures = (work: (figures: readonly Figure[]) => Finding) => () =>
    figures === undefined ? NO_SERVER : work(figures)
  const withAdmin = (work: (admin: AdminClient) => Promise<Finding>) => () =>
    client === undefined ? NO_SERVER : work(client)
  await walk.take('audit log', undefined, withFigures(auditStep))
  await walk.take('audit repositories', undefined, withAdmin(targetsStep))
  await walk.take('certificates', undefined, withAdmin(expiringStep))
  await walk.take('neighbours', undefined, withAdmin(partnersStep))
  await walk.take('waiting work', undefined, withFigures(waitingStep))
}
