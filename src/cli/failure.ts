// How a command fails: refused by the server (exit 1) or told wrongly (exit 2), always in words that can be acted on.

import { errorTable } from '../../profiles/errors/index.ts'
import { SoapFaultError } from '../codec/soap/answer.ts'
import { ConfigError } from '../config/config.ts'
import { explain, IheError } from '../model/error.ts'

const EXIT_REFUSED = 1
export const EXIT_USAGE = 2

/** The server said no. The message is what a person reads, one finding a line. */
export class RefusedError extends Error {
  /** Of the refusal, where the server gave one. */
  readonly code: string | undefined

  constructor(message: string, { code, ...options }: { readonly cause?: unknown; readonly code?: string } = {}) {
    super(message, options)
    this.name = 'RefusedError'
    this.code = code
  }
}

/** The command was told something it cannot work with. */
export class UsageError extends Error {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.name = 'UsageError'
  }
}

/** 2 for what the person at the keyboard can mend, 1 for everything the server or the way to it decided. */
export function exitCodeOf(error: unknown): number {
  const isTold = error instanceof UsageError || error instanceof ConfigError || fileReasonOf(error) !== undefined
  return isTold ? EXIT_USAGE : EXIT_REFUSED
}

/** What is wrong, for a terminal; never a stack trace. */
export function describeFailure(error: unknown): string {
  if (error instanceof SoapFaultError) return describeFault(error)
  if (error instanceof IheError) return `${error.row.code}: ${explain(error)}\n${error.row.ja}`
  if (!(error instanceof Error)) return String(error)
  // The message of a missing file names it already.
  if (error instanceof UsageError && codeOf(error.cause) === 'ENOENT') return error.message
  return fileReasonOf(error) ?? reasonOf(error)
}

/** Detail of a fault is text in the order At, Hint, ヒント, JournalId, so it is shown as it came. */
function describeFault(fault: SoapFaultError): string {
  const code = fault.subcode === undefined ? fault.code : `${fault.code}/${fault.subcode}`
  return [`SOAP fault ${code}: ${fault.reason}`, fault.detail].filter((line) => line !== '').join('\n')
}

const NETWORK_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is the server running? / 接続できません。サーバは起動していますか。',
  ENOTFOUND: 'no such host / ホスト名が見つかりません。',
  ECONNRESET: 'the server closed the connection / サーバが接続を切断しました。',
  UND_ERR_SOCKET: 'the server closed the connection / サーバが接続を切断しました。',
}

const FILE_REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'is a directory; name a file / ディレクトリです。ファイル名を指定してください。',
  ENOTDIR: 'is below a file, not a directory; name another place / 途中の名前がディレクトリではありません。',
  EEXIST: 'is there already; name another one / 既に存在します。別の名前を指定してください。',
  ENOENT: 'is not there, or its directory is not / ファイルまたはディレクトリがありません。',
  EACCES: 'may not be read or written by this user / 権限がありません。',
  EROFS: 'lies on a storage that cannot be written / 書き込めない場所です。',
}

/** A file that was named wrongly, in words that say what would do. */
function fileReasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code = '', path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string }
  const reason = FILE_REASONS[code]
  const name = dest ?? path
  return reason === undefined || name === undefined ? undefined : `${name} ${reason}`
}

/** Undici and Node wrap what happened on the wire once or twice; the innermost one says it. */
function reasonOf(error: Error): string {
  let innermost: Error = error
  while (innermost.cause instanceof Error) innermost = innermost.cause
  const code = codeOf(innermost)
  const reason = code === undefined ? undefined : NETWORK_REASONS[code]
  const text = innermost.message === '' ? (code ?? innermost.name) : innermost.message
  return reason === undefined
    ? innermost === error
      ? error.message
      : `${error.message}: ${text}`
    : `${text}: ${reason}`
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
}

/** English and Japanese of a row of the error table, for refusals that carry a code only; undefined for an unknown code. */
export function wordsOf(
  code: string,
): { readonly message: string; readonly hint: string; readonly ja: string } | undefined {
  return errorTable.find((row) => row.code === code)
}
