// The report of a push, a line of JSON a message: what became of it, and what need not be sent again.

import { createWriteStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { UsageError } from '../failure.ts'
import { type Delivered, isAccepted } from './deliver.ts'
import type { Outgoing } from './messages.ts'

/** One line. */
interface Reported {
  readonly at: string
  readonly file: string
  /** Which message of the file, from 1. */
  readonly message: number
  readonly sha256: string
  readonly controlId: string
  readonly accepted: boolean
  /** MSA-1; null when the message asked for no acknowledgement. */
  readonly ack: string | null
  readonly errors: readonly {
    readonly severity: string
    readonly code: string
    readonly application: string
    readonly location: string
    readonly text: string
  }[]
  readonly ms: number
  readonly attempts: number
}

export interface Report {
  readonly write: (delivered: Delivered) => void
  readonly close: () => Promise<void>
}

const PRIVATE = 0o600

/** Appends to the file. @throws {UsageError} when it cannot be written. */
export async function openReport(path: string): Promise<Report> {
  const cut = await endsCut(path)
  const stream = createWriteStream(path, { flags: 'a', mode: PRIVATE })
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', (cause) => reject(new UsageError(`${path} cannot be written`, { cause })))
  })
  if (cut) stream.write('\n')
  return {
    write: (delivered) => {
      stream.write(`${JSON.stringify(reported(delivered))}\n`)
    },
    close: async () => {
      stream.end()
      await finished(stream)
    },
  }
}

/** A former push was killed within a line. */
async function endsCut(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined)
  if (file === undefined) return false
  try {
    const { size } = await file.stat()
    if (size === 0) return false
    const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 })
    return buffer.toString('latin1') !== '\n'
  } finally {
    await file.close()
  }
}

function reported({ message, ack, ms, attempts }: Delivered): Reported {
  return {
    at: new Date().toISOString(),
    file: message.file,
    message: message.number,
    sha256: message.sha256,
    controlId: message.controlId,
    accepted: ack === undefined || isAccepted(ack),
    ack: ack?.code ?? null,
    errors: (ack?.errors ?? []).map(({ severity, code, application, location, userText }) => ({
      severity,
      code,
      application,
      location,
      text: userText,
    })),
    ms: Math.round(ms * 10) / 10,
    attempts,
  }
}

/**
 * Says whether a message has been accepted already, by its file, place and bytes: one that was mended since is sent again.
 * @throws {UsageError} when the report cannot be read.
 */
export async function readAccepted(path: string): Promise<(message: Outgoing) => boolean> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be read`, { cause })
  })
  const accepted = new Set<string>()
  for (const line of text.split('\n')) {
    const one = lineOf(line)
    if (one?.accepted === true) accepted.add(keyOf({ ...one, number: one.message }))
  }
  return (message) => accepted.has(keyOf(message))
}

/** Undefined for a line that was cut, and for one that another program wrote. */
function lineOf(line: string): Pick<Reported, 'file' | 'message' | 'sha256' | 'accepted'> | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function keyOf(one: { readonly file: string; readonly number: number; readonly sha256: string }): string {
  return `${one.sha256} ${one.number} ${one.file}`
}
