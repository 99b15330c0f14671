// What a database error means for the message in hand (reliability: database errors; PostgreSQL Appendix A).

import { iheError } from '../../profiles/errors/index.ts'
import { IheError } from '../model/error.ts'

/**
 * `conflict`: serialization failure or deadlock, the transaction may be run again at once. `connection`: the connection or server is gone.
 * `resources`: the server is there but has no room or time. `other`: a fault of ours, or a constraint that decides.
 */
export type FailureKind = 'conflict' | 'connection' | 'resources' | 'other'

const CONFLICT: ReadonlySet<string> = new Set(['40001', '40P01'])
/** Shutdown and start-up of the server, and a server that has become a read-only standby. */
const SERVER_GONE: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '25006'])
/** Statement and lock time-outs. */
const NO_TIME: ReadonlySet<string> = new Set(['57014', '55P03'])
const SOCKET: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])
/** The driver gives these no code. */
const DRIVER_CONNECTION = /^(Connection terminated|Client has encountered a connection error|Client was closed)/
const DRIVER_WAIT = /^(timeout exceeded when trying to connect|timeout expired|Query read timeout)/

export function failureKind(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'other'
  const code = (error as NodeJS.ErrnoException).code
  if (typeof code === 'string') {
    if (CONFLICT.has(code)) return 'conflict'
    if (SERVER_GONE.has(code) || SOCKET.has(code) || /^08...$/.test(code)) return 'connection'
    if (NO_TIME.has(code) || /^53...$/.test(code)) return 'resources'
  }
  if (DRIVER_CONNECTION.test(error.message)) return 'connection'
  return DRIVER_WAIT.test(error.message) ? 'resources' : 'other'
}

/** SQLSTATE of a database error, such as 23505 for a unique violation; undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** The error to hand on: BUSY for what passes by itself, everything else as it is. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof IheError) return error
  const kind = failureKind(error)
  return kind === 'connection' || kind === 'resources' ? iheError('BUSY', { cause: error }) : error
}

/** The error that lies below a BUSY made by refusalOf, or the error itself. */
export function causeOf(error: unknown): unknown {
  return error instanceof IheError && error.row.code === 'BUSY' && error.cause !== undefined ? error.cause : error
}
