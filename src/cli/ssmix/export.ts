// tsunagi ssmix export: what a facility published, as SS-MIX2 storages with their index (docs/storeclient/ss-mix2.md).

import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { toSsMixCharset } from '../../codec/hl7v2/ss-mix-text.ts'
import { parsePath, type StoragePath } from '../../storeclient/ssmix/path.ts'
import { type AdminTarget, createAdminClient, isObject, type Json, rowsOf, textOf } from '../admin-client.ts'
import { segment } from '../admin-command.ts'
import { receiveStream } from '../admin-stream.ts'
import { type Context, contextOf, sessionTarget } from '../context.ts'
import { RefusedError } from '../failure.ts'
import { printable, toJson } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { type Frame, readFrames } from './frames.ts'
import { startProgress } from './progress.ts'
import { type StorageIndex, startIndex } from './storage-index.ts'
import { openTree, type Tree, writeWhole } from './tree.ts'

interface ExportOptions {
  readonly facility: string
  readonly patient?: string
  readonly ssMixCharset?: true
}

const REPORT_FILE = 'ssmix-export-report.ndjson'

const HELP = `
<folder> gets one folder for the standardised storage, named by the facility's code, one with -extended for vital signs, reports,
documents, files and notes, the index SSMIXIDX.csv, and ssmix-export-report.ndjson: what was refused, replaced or moved.
Into a folder of an earlier export only what changed is written. Each patient's export is an audit event.
以前の出力先を指定すると、変更分のみを書き出します。患者ごとに監査証跡を記録します。`

/** Below `ssmix`. */
export function registerExport(group: Command, terminal: Terminal): void {
  group
    .command('export <folder>')
    .description(
      'write what a facility published as an SS-MIX2 storage; for its administrator, who logs on first / SS-MIX2ストレージへの出力',
    )
    .requiredOption('--facility <facilityId>', 'whose documents')
    .option('--patient <number>', 'of one patient, by the number at the facility')
    .option('--ss-mix-charset', 'messages in ISO-2022-JP with JIS X 0208 alone, instead of the bytes as they came')
    .addHelpText('after', HELP)
    .action((folder: string, options: ExportOptions, command) =>
      exportStorage(contextOf(command, terminal), { folder, options }),
    )
}

interface Counts {
  files: number
  written: number
  refused: number
}

interface Exporting {
  readonly folder: string
  /** Code of the facility, or its id when it has none. */
  readonly name: string
  readonly converts: boolean
  readonly tree: Tree
  readonly index: StorageIndex
  readonly counts: Counts
  readonly report: (line: Json) => void
}

async function exportStorage(
  context: Context,
  { folder, options }: { readonly folder: string; readonly options: ExportOptions },
): Promise<void> {
  const target = await sessionTarget(context)
  const name = await facilityName(target, options.facility)
  const directory = resolve(context.terminal.cwd, folder)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const progress = startProgress(context.terminal, () => undefined)
  const lines: string[] = []
  const exporting: Exporting = {
    folder: directory,
    name,
    converts: options.ssMixCharset === true,
    tree: openTree(),
    index: startIndex(),
    counts: { files: 0, written: 0, refused: 0 },
    report: (line) => {
      lines.push(`${JSON.stringify(line)}\n`)
      progress.say(printable(Object.values(line).map(textOf).join('  ')))
    },
  }
  const query = options.patient === undefined ? '' : `?patient=${segment(options.patient)}`
  const stream = receiveStream(target, `/facilities/${segment(options.facility)}/ssmix${query}`)
  try {
    for await (const frame of readFrames(stream)) {
      await take(frame, exporting)
      progress.show(exporting.counts.files, sentence(exporting.counts))
    }
  } finally {
    progress.end()
  }
  await exporting.index.write(directory)
  await writeWhole(join(directory, REPORT_FILE), lines.join(''))
  if (context.format === 'json') context.terminal.out(toJson(exporting.counts))
  else context.terminal.out(`${sentence(exporting.counts)}\n`)
  if (exporting.counts.refused > 0)
    throw new RefusedError(
      `${exporting.counts.refused} documents have no place in an SS-MIX2 storage; see ${REPORT_FILE}`,
    )
}

async function facilityName(target: AdminTarget, facilityId: string): Promise<string> {
  const { body } = await createAdminClient(target).get(`/facilities/${segment(facilityId)}`)
  const code = isObject(body) ? textOf(body.code) : ''
  return code === '' ? facilityId : code
}

function sentence({ files, written, refused }: Counts): string {
  return `${files} files, ${written} written, ${files - written} there already, ${refused} refused`
}

async function take({ head, message, files }: Frame, exporting: Exporting): Promise<void> {
  if (head.kind === 'refused') {
    exporting.counts.refused += 1
    const { patientNumber, dataKind, message: reason, ja } = head
    exporting.report({
      outcome: 'refused',
      patient: patientNumber,
      kind: dataKind,
      text: `${textOf(ja)} / ${textOf(reason)}`,
    })
    return
  }
  const path = textOf(head.path)
  const said = placeOf(path)
  const root = join(exporting.folder, said.file === undefined ? exporting.name : `${exporting.name}-extended`)
  if (Number(head.movedMs) > 0) exporting.report({ outcome: 'moved', path, text: `${textOf(head.movedMs)} ms` })
  const bytes = exporting.converts ? converted({ path, message, charset: textOf(head.charset) }, exporting) : message
  await put(exporting, root, { path, bytes })
  const beside = rowsOf(head.files ?? [])
  for (const [at, file] of files.entries())
    await put(exporting, root, { path: `${dirname(path)}/${attachmentName(beside[at])}`, bytes: file })
  const { isDeletion, storedAt } = head
  exporting.index.add({
    facility: exporting.name,
    said,
    path,
    isDeletion: isDeletion === true,
    storedAt: textOf(storedAt),
  })
}

/** The server wrote it; whatever it may be, nothing is written outside the folder. @throws {RefusedError} */
function placeOf(path: string): StoragePath {
  const said = parsePath(path)
  if (typeof said === 'string') throw new RefusedError(`the server named a path that is none of a storage (${said})`)
  return said
}

async function put(
  { tree, counts }: Exporting,
  root: string,
  file: { readonly path: string; readonly bytes: Buffer },
): Promise<void> {
  counts.files += 1
  if (await tree.write(root, file)) counts.written += 1
}

interface Came {
  readonly path: string
  readonly message: Buffer
  /** As the server names it; '' where the bytes say it themselves. */
  readonly charset: string
}

function converted({ path, message, charset }: Came, { report }: Exporting): Buffer {
  const result = toSsMixCharset(message, charset === '' ? {} : { charset })
  if (result === undefined) {
    report({ outcome: 'not converted', path, text: 'the message cannot be read; written as it came' })
    return message
  }
  for (const { character, by, count } of result.replacements)
    report({ outcome: 'replaced', path, text: `${character} → ${by} (${count})` })
  return result.bytes
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'application/xml': 'xml',
  'text/xml': 'xml',
  'text/plain': 'txt',
  'text/html': 'html',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/tiff': 'tif',
}

/** By its place in the message, an OBX may hold several: the name that the sender gave may describe the patient, or lead elsewhere. */
export function attachmentName(file: Json | undefined): string {
  const extension = EXTENSIONS[textOf(file?.mimeType)] ?? 'bin'
  const repetition = textOf(file?.repetition)
  return `attachment_${textOf(file?.occurrence)}${repetition === '' ? '' : `-${repetition}`}.${extension}`
}
