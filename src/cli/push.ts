// tsunagi push: sends HL7 v2.5 messages to StoreClient over MLLP with TLS, or HTTPS, and reads the acknowledgement aloud.

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type ReadAck, readAck } from '../codec/hl7v2/ack.ts'
import { unframe } from '../codec/hl7v2/header.ts'
import type { Config } from '../config/config.ts'
import { connectMllp } from '../mllp/client.ts'
import { actingAs, type SystemOptions } from './as-system.ts'
import { createSystemClient, refusedByDoor } from './client.ts'
import { type Context, configOf, contextOf, httpsUrlOf, type Registration } from './context.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import { RefusedError, UsageError } from './failure.ts'
import { printable, toJson } from './output.ts'

interface PushOptions extends SystemOptions {
  readonly http?: true
  readonly port?: string
  readonly raw?: true
}

export const ER7_TYPE = 'x-application/hl7-v2+er7'

export const registerPush: Registration = (program, terminal) => {
  actingAs(program.command('push <file...>'))
    .description('send HL7 v2.5 messages to StoreClient / HL7電文の送信')
    .option('--http', 'over HTTPS, POST /storeclient, instead of MLLP')
    .option('--port <port>', 'MLLP port; default mllp.storeclient.port')
    .option('--raw', 'print the acknowledgements as received')
    .action((files: readonly string[], options: PushOptions, command: Command) =>
      push(contextOf(command, terminal), files, options),
    )
}

async function push(context: Context, files: readonly string[], options: PushOptions): Promise<void> {
  const config = configOf(context)
  const messages = await Promise.all(files.map((file) => readMessage(context.terminal.cwd, file)))
  const connection = await connect(config, await readCredentials(config, options.as), options)
  let refused = 0
  try {
    for (const { file, bytes } of messages) {
      const answer = await connection.send(bytes)
      const ack = answer.length === 0 ? undefined : readAck(answer)
      if (ack !== undefined && !isAccepted(ack)) refused += 1
      show(context, options, { file, answer, ack })
    }
  } finally {
    await connection.close()
  }
  if (refused > 0) throw new RefusedError(`${refused} of ${files.length} messages refused / 拒否 ${refused}件`)
}

async function readMessage(cwd: string, file: string): Promise<{ readonly file: string; readonly bytes: Buffer }> {
  try {
    return { file, bytes: unframe(await readFile(resolve(cwd, file))) }
  } catch (cause) {
    throw new UsageError(`${file} cannot be read`, { cause })
  }
}

export interface PushConnection {
  /** The acknowledgement; empty when the message asks for none. */
  readonly send: (message: Buffer) => Promise<Buffer>
  readonly close: () => Promise<void>
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
  return connectMllp({ host, port: Number(ways.port ?? config.mllp.storeclient.port), tls: credentials })
}

function connectHttp(baseUrl: string, credentials: Credentials): PushConnection {
  const client = createSystemClient({ baseUrl, credentials })
  return {
    send: async (message) => {
      const { status, contentType, body } = await client.post('/storeclient', ER7_TYPE, message)
      if (status === 202 || contentType.startsWith(ER7_TYPE)) return body
      throw refusedByDoor(status, body)
    },
    close: client.close,
  }
}

export function isAccepted(ack: ReadAck): boolean {
  return ack.code === 'AA' || ack.code === 'CA'
}

interface Pushed {
  readonly file: string
  readonly answer: Buffer
  readonly ack: ReadAck | undefined
}

function show({ terminal, format }: Context, options: PushOptions, { file, answer, ack }: Pushed): void {
  if (options.raw === true) terminal.out(answer)
  else if (format === 'json') terminal.out(toJson({ file, ...ack }))
  else if (ack === undefined) terminal.out(`accepted, no acknowledgement due  ${file}\n`)
  else terminal.out(`${describeAck(ack, file)}\n`)
}

/** First line code, control id and file; then each ERR: severity, table 0357, place, and the Japanese and English text. */
export function describeAck(ack: ReadAck, file: string): string {
  const errors = ack.errors.flatMap(({ severity, code, application, location, userText, diagnostic }) => [
    ['  ', severity === 'W' ? 'warning' : 'error', code, application, location].filter((part) => part !== '').join(' '),
    `     ${printable(userText)}`,
    `     ${printable(diagnostic)}`,
  ])
  const text = ack.text === '' ? [] : [`   ${printable(ack.text)}`]
  return [`${ack.code}  ${ack.controlId}  ${file}`, ...text, ...errors.filter((line) => line.trim() !== '')].join('\n')
}
