// tsunagi push: sends HL7 v2.5 messages to StoreClient over MLLP with TLS, or HTTPS, and reads the acknowledgement aloud.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ReadAck } from '../codec/hl7v2/ack.ts'
import type { Config } from '../config/config.ts'
import { connectMllp } from '../mllp/client.ts'
import { actingAs, type SystemOptions } from './as-system.ts'
import { createSystemClient, refusedByDoor } from './client.ts'
import { type Context, configOf, contextOf, httpsUrlOf, type Registration } from './context.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import { RefusedError, UsageError } from './failure.ts'
import { printable, toJson } from './output.ts'
import { BusyError, type Delivered, deliver, isAccepted, type PushConnection } from './push/deliver.ts'
import { findSources, type Outgoing, outgoing, type Sources } from './push/messages.ts'
import { ownAnswers } from './push/own-answers.ts'
import { openReport, type Report, readAccepted } from './push/report.ts'
import { openTally, progressBar, type Summary, sentence, type Tally } from './push/tally.ts'

export { isAccepted, type PushConnection } from './push/deliver.ts'

interface PushOptions extends SystemOptions {
  readonly http?: true
  readonly port?: string
  readonly raw?: true
  readonly rate?: string
  readonly connections: string
  readonly report?: string
  readonly skipAccepted?: string
}

export const ER7_TYPE = 'x-application/hl7-v2+er7'

const MAX_CONNECTIONS = 64

export const registerPush: Registration = (program, terminal) => {
  actingAs(program.command('push <path...>'))
    .description('send HL7 v2.5 messages of files, folders or an SS-MIX2 storage to StoreClient / HL7電文の送信')
    .option('--http', 'over HTTPS, POST /storeclient, instead of MLLP')
    .option('--port <port>', 'MLLP port; default mllp.storeclient.port')
    .option('--raw', 'print the acknowledgements as received')
    .option('--rate <n>', 'messages a second; default as fast as they are answered / 1秒あたりの電文数')
    .option('--connections <n>', 'connections; the messages of a patient stay in order on one of them / 接続数', '1')
    .option('--report <file>', 'append what became of each message, one JSON object a line / 電文ごとの結果')
    .option(
      '--skip-accepted <report>',
      'leave out what this report says is accepted: go on after an interruption / 再開',
    )
    .action((paths: readonly string[], options: PushOptions, command: Command) =>
      push(contextOf(command, terminal), paths, options),
    )
}

async function push(context: Context, paths: readonly string[], options: PushOptions): Promise<void> {
  const config = configOf(context)
  const { cwd } = context.terminal
  const connections = wholeOf(options, 'connections', MAX_CONNECTIONS)
  const rate = options.rate === undefined ? undefined : wholeOf({ rate: options.rate }, 'rate', Number.MAX_SAFE_INTEGER)
  const found = await findSources(cwd, paths)
  const isDone =
    options.skipAccepted === undefined ? () => false : await readAccepted(resolve(cwd, options.skipAccepted))
  const credentials = await readCredentials(config, options.as)
  const report = options.report === undefined ? undefined : await openReport(resolve(cwd, options.report))
  const pushing: Pushing = { context, options, found, tally: openTally(), report }
  try {
    await untilInterrupted(async (signal) => {
      const watched = observer(pushing)
      try {
        await deliver(remaining(found, { isDone, tally: pushing.tally }), {
          connections,
          ...(rate === undefined ? {} : { rate }),
          open: () => connect(config, credentials, options),
          signal,
          delivered: watched.delivered,
        })
      } finally {
        watched.close()
      }
      conclude(pushing, signal.aborted)
    })
  } finally {
    await report?.close()
  }
}

function wholeOf<K extends string>(options: Readonly<Record<K, string>>, name: K, most: number): number {
  const value = Number(options[name])
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new UsageError(
      `--${name} needs a whole number from 1${most < 1_000_000 ? ` to ${most}` : ''}, not "${options[name]}"`,
    )
  return value
}

interface Pushing {
  readonly context: Context
  readonly options: PushOptions
  readonly found: Sources
  readonly tally: Tally
  readonly report: Report | undefined
}

/** The first SIGINT stops the sending in order, a second one the process. */
async function untilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interruption = new AbortController()
  const interrupt = (): void => interruption.abort()
  process.once('SIGINT', interrupt)
  try {
    await work(interruption.signal)
  } finally {
    process.off('SIGINT', interrupt)
  }
}

async function* remaining(
  { sources }: Sources,
  { isDone, tally }: { readonly isDone: (message: Outgoing) => boolean; readonly tally: Tally },
): AsyncGenerator<Outgoing> {
  for await (const message of outgoing(sources)) {
    if (isDone(message)) tally.skip()
    else yield message
  }
}

/** Counts, reports and shows; of folders only what was refused, of files that were named every acknowledgement. */
function observer({ context, options, found, tally, report }: Pushing): {
  readonly delivered: (delivered: Delivered) => void
  readonly close: () => void
} {
  const bar = progressBar(context.terminal, found.sources.length)
  let refused = 0
  let done = 0
  return {
    delivered: (delivered) => {
      const isRefused = delivered.ack !== undefined && !isAccepted(delivered.ack)
      tally.count(delivered)
      report?.write(delivered)
      done += 1
      if (isRefused) refused += 1
      if (isRefused || !found.fromFolders || options.raw === true) {
        bar.clear()
        show(context, options, delivered)
      }
      bar.show(done, refused)
    },
    close: bar.clear,
  }
}

/** @throws {RefusedError} when something was refused, or the sending was interrupted. */
function conclude({ context, found, tally, options }: Pushing, interrupted: boolean): void {
  const { terminal, format } = context
  const summary: Summary = tally.summary()
  const isMany = found.fromFolders || summary.messages + summary.skipped > 1 || interrupted
  if (isMany && options.raw !== true) terminal.out(format === 'json' ? toJson({ summary }) : `${sentence(summary)}\n`)
  if (interrupted)
    throw new RefusedError(
      `interrupted after ${summary.messages} messages; --report and --skip-accepted go on from there / 中断しました。`,
    )
  if (summary.refused > 0)
    throw new RefusedError(`${summary.refused} of ${summary.messages} messages refused / 拒否 ${summary.refused}件`)
}

interface Ways {
  readonly url?: string
  readonly http?: true
  readonly port?: string | number
}

/** A connection to StoreClient by either door. */
export async function connect(config: Config, credentials: Credentials, ways: Ways): Promise<PushConnection> {
  const baseUrl = (ways.url ?? httpsUrlOf(config)).replace(/\/+$/, '')
  if (ways.http === true) return connectHttp(baseUrl, credentials)
  const host = new URL(baseUrl).hostname.replace(/^\[|\]$/g, '')
  const port = Number(ways.port ?? config.mllp.storeclient.port)
  return ownAnswers(await connectMllp({ host, port, tls: credentials }))
}

function connectHttp(baseUrl: string, credentials: Credentials): PushConnection {
  const client = createSystemClient({ baseUrl, credentials })
  return {
    send: async (message) => {
      const { status, contentType, body } = await client.post('/storeclient', ER7_TYPE, message)
      if (status === 503 && !contentType.startsWith(ER7_TYPE)) throw new BusyError()
      if (status === 202 || contentType.startsWith(ER7_TYPE)) return body
      throw refusedByDoor(status, body)
    },
    close: client.close,
  }
}

function show({ terminal, format }: Context, options: PushOptions, { message, answer, ack }: Delivered): void {
  const file = message.number === 1 ? message.file : `${message.file} (${message.number})`
  if (options.raw === true) terminal.out(answer)
  else if (format === 'json') terminal.out(toJson({ file, ...ack }))
  else if (ack === undefined) terminal.out(`accepted, no acknowledgement due  ${printable(file)}\n`)
  else terminal.out(`${describeAck(ack, file)}\n`)
}

/** First line code, control id and file; then each ERR: severity, table 0357, place, and the Japanese and English text. */
export function describeAck(ack: ReadAck, file: string): string {
  const errors = ack.errors.flatMap(({ severity, code, application, location, userText, diagnostic }) => [
    ['  ', severity === 'W' ? 'warning' : 'error', code, application, location].filter((part) => part !== '').join(' '),
    `     ${userText}`,
    `     ${diagnostic}`,
  ])
  const text = ack.text === '' ? [] : [`   ${ack.text}`]
  const lines = [`${ack.code}  ${ack.controlId}  ${file}`, ...text, ...errors.filter((line) => line.trim() !== '')]
  return lines.map(printable).join('\n')
}
