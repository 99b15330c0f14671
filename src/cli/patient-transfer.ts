// tsunagi patient import and export: many patient numbers at once, as one JSON object a line (docs/patient-import.md).

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type Readable, Transform } from 'node:stream'
import type { Command } from 'commander'
import { type Json, rowsOf, textOf } from './admin-client.ts'
import { segment } from './admin-command.ts'
import { sendStream } from './admin-stream.ts'
import { adminTarget, type Context, contextOf } from './context.ts'
import { RefusedError, UsageError } from './failure.ts'
import { receiveInto } from './file-output.ts'
import { printable, toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

const STANDARD = '-'

interface ImportOptions {
  readonly facility?: string
  readonly domain?: string
  readonly dryRun?: true
}

const FORMAT = `
Each line is one patient number of a facility, as JSON:
  {"domain": "2.25.1", "value": "0000012345", "demographics": {"names": [{"representation": "IDE", "family": "架空", "given": "太郎"}],
   "sex": "M", "birthTime": "19580412", "addresses": [{"postalCode": "1000001", "text": "…"}], "telecoms": ["03-0000-0000"]}}
"domain" may be left out with --facility or --domain. docs/patient-import.md has every member.
A number that is there and says the same stays as it is: after an interruption import the same file again.
1行に1件のJSONです。登録済みで同じ内容の行は変わらないため、中断後は同じファイルで再実行できます。`

/** Below `patient`. */
export function registerTransfer(group: Command, terminal: Terminal): void {
  group
    .command('import <file>')
    .description(
      'add the patient numbers of a file, or of standard input (-), each matched with all others / 患者番号の一括取り込み',
    )
    .option('--facility <facilityId>', 'the numbers are of this facility')
    .option('--domain <oid>', 'the numbers are of this domain')
    .option('--dry-run', 'say what would happen with what is known now, and change nothing')
    .addHelpText('after', FORMAT)
    .action((file: string, options: ImportOptions, command) =>
      importFile(contextOf(command, terminal), { file, options }),
    )
  group
    .command('export <file>')
    .description('write all patient numbers to a file, or to standard output (-) / 患者番号の一括書き出し')
    .option('--domain <oid>', 'those of this domain only')
    .action((file: string, options: { readonly domain?: string }, command) =>
      exportFile(contextOf(command, terminal), { file, ...options }),
    )
}

async function importFile(
  context: Context,
  { file, options }: { readonly file: string; readonly options: ImportOptions },
): Promise<void> {
  if (options.facility !== undefined && options.domain !== undefined)
    throw new UsageError('--facility or --domain: the facility has one domain')
  const target = await adminTarget(context)
  const source = await openSource(file)
  const bar = progressBar(context.terminal, source.sizeBytes)
  const counted = source.stream.pipe(bar.counter)
  source.stream.once('error', (error) => counted.destroy(error))
  let last: Json = {}
  for await (const said of sendStream(target, `/patients/import${queryOf(options)}`, counted)) {
    last = said
    bar.clear()
    for (const refusal of rowsOf(said.refusals)) context.terminal.err(`${refusalLine(refusal)}\n`)
    bar.show(said)
  }
  bar.clear()
  report(context, { last, isDryRun: options.dryRun === true })
}

function queryOf({ facility, domain, dryRun }: ImportOptions): string {
  const parts = [
    ...(facility === undefined ? [] : [`facility=${segment(facility)}`]),
    ...(domain === undefined ? [] : [`domain=${segment(domain)}`]),
    ...(dryRun === undefined ? [] : ['dryRun=true']),
  ]
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

interface Source {
  readonly stream: Readable
  /** Absent for standard input. */
  readonly sizeBytes?: number
}

async function openSource(file: string): Promise<Source> {
  if (file === STANDARD) return { stream: process.stdin }
  const found = await stat(file).catch((cause: unknown) => {
    throw new UsageError(`${file} cannot be read`, { cause })
  })
  if (found.isDirectory()) throw new UsageError(`${file} is a directory; name a file, or - for standard input`)
  return { stream: createReadStream(file), sizeBytes: found.size }
}

function refusalLine(refusal: Json): string {
  const at = textOf(refusal.at)
  const place = `line ${textOf(refusal.line)}${at === '' ? '' : `, ${at}`}`
  return printable(`${place}: ${textOf(refusal.code)}: ${textOf(refusal.message)} / ${textOf(refusal.ja)}`)
}

/** @throws {RefusedError} when the import did not end well, or did not take every line. */
function report(
  { terminal, format }: Context,
  { last, isDryRun }: { readonly last: Json; readonly isDryRun: boolean },
): void {
  if (last.state === 'failed')
    throw new RefusedError([last.code, last.message, last.hint, last.ja].map(textOf).join('\n'))
  if (last.state !== 'done')
    throw new RefusedError(
      'the server ended the import early; import the same file again, what it has taken stays / 取り込みが中断されました。同じファイルで再実行してください。',
    )
  const { state: _state, ...counts } = last
  if (format === 'json') terminal.out(toJson(counts))
  else terminal.out(`${isDryRun ? 'nothing is changed; it would be: ' : ''}${sentence(last)}\n`)
  if (Number(last.refused) > 0)
    throw new RefusedError(`${textOf(last.refused)} of ${textOf(last.lines)} lines were refused`)
}

function sentence(said: Json): string {
  return [
    `${textOf(said.lines)} lines`,
    `${textOf(said.added)} added`,
    `${textOf(said.unchanged)} known and unchanged`,
    `${textOf(said.linked)} linked`,
    `${textOf(said.reviews)} for review`,
    `${textOf(said.refused)} refused`,
  ].join(', ')
}

interface ProgressBar {
  /** Passes the bytes through and counts them. */
  readonly counter: Transform
  readonly show: (said: Json) => void
  readonly clear: () => void
}

const BAR_WIDTH = 30
const CLEAR_LINE = '\r\u001b[K'

function progressBar({ err, isWatched }: Terminal, sizeBytes: number | undefined): ProgressBar {
  let sentBytes = 0
  const startedMs = performance.now()
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sentBytes += chunk.length
      done(null, chunk)
    },
  })
  if (isWatched !== true) return { counter, show: () => {}, clear: () => {} }
  return {
    counter,
    show: (said) => {
      if (said.lines === undefined) return
      const rate = Math.round(Number(said.lines) / ((performance.now() - startedMs) / 1000))
      const share = sizeBytes === undefined || sizeBytes === 0 ? undefined : Math.min(1, sentBytes / sizeBytes)
      const full = share === undefined ? undefined : Math.round(share * BAR_WIDTH)
      const bar = full === undefined ? '' : `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}] `
      err(`${bar}${sentence(said)}, ${rate}/s`)
    },
    clear: () => err(CLEAR_LINE),
  }
}

async function exportFile(
  context: Context,
  { file, domain }: { readonly file: string; readonly domain?: string },
): Promise<void> {
  const target = await adminTarget(context)
  const path = `/patients/export${domain === undefined ? '' : `?domain=${segment(domain)}`}`
  await receiveInto(context, { target, path, out: file === STANDARD ? undefined : file })
}
