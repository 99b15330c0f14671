// What pix and pdq share: the domains wanted in the answer, and asking by HL7 v2 over MLLP with TLS instead of HL7 v3 (ITI TF-2 3.9, 3.21).

import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import type { QueryEnvelope } from '../codec/hl7v2/write-header.ts'
import type { Config } from '../config/config.ts'
import type { Oid } from '../model/identifiers.ts'
import { oidOf, type SystemOptions } from './as-system.ts'
import { collect } from './context.ts'
import { readCredentials } from './credentials.ts'
import { connect, type PushConnection } from './push.ts'

export interface QueryOptions extends SystemOptions {
  readonly source?: readonly string[]
  readonly v2?: true
  readonly port?: string
}

/** Adds `--source <oid>`, `--v2` and `--port <port>`. */
export function asking(command: Command, by: { readonly v2: string; readonly v3: string }): Command {
  return command
    .option('--source <oid>', 'domain wanted in the answer; default all (repeatable)', collect)
    .option('--v2', `ask by ${by.v2}, HL7 v2 over MLLP, instead of ${by.v3}`)
    .option('--port <port>', 'MLLP port for --v2; default mllp.pix.port')
}

/** @throws {UsageError} */
export function sourcesOf({ source }: QueryOptions): readonly Oid[] {
  return (source ?? []).map((oid) => oidOf(oid, '--source'))
}

/** A connection to the listener of patient identity, closed afterwards. */
export async function overMllp<T>(
  config: Config,
  options: QueryOptions,
  work: (connection: PushConnection) => Promise<T>,
): Promise<T> {
  const port = options.port ?? config.mllp.pix.port
  const connection = await connect(config, await readCredentials(config, options.as), { ...options, port })
  try {
    return await work(connection)
  } finally {
    await connection.close()
  }
}

/** MSH-10 has at most 20 characters. */
const ID_LENGTH = 20

export function newId(): string {
  return randomUUID().replaceAll('-', '').slice(0, ID_LENGTH)
}

/** A new MSH-10 for every message of the query. */
export function envelopeOf(as: string, tag: string): QueryEnvelope {
  return { sender: [as, as], receiver: ['TSUNAGI', ''], controlId: newId(), tag, now: new Date() }
}
