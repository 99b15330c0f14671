// tsunagi ssmix import: every file of an SS-MIX2 storage through StoreClient, as a push of the facility's own system (docs/storeclient/ss-mix2.md).

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { asSystem, type SystemOptions } from '../as-system.ts'
import type { SystemClient } from '../client.ts'
import { type Context, configOf, contextOf } from '../context.ts'
import { RefusedError, UsageError } from '../failure.ts'
import { toJson } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { type Cursor, openCursor } from './cursor.ts'
import { type Progress, startProgress } from './progress.ts'
import { type Report, sentence, startReport } from './report.ts'
import { sendPatient } from './send-patient.ts'
import { sideBySide } from './side-by-side.ts'
import { importerOf } from './system.ts'
import { findRoots, type Root, walkRoot } from './walk.ts'

interface ImportOptions {
  readonly as?: string
  readonly facility?: string
  readonly url?: string
  readonly label?: string
  readonly resume?: true
  readonly report?: string
  readonly inFlight: string
}

const MAX_IN_FLIGHT = 64

const HELP = `
<root> is a storage (<ID 1-3>/<ID 4-6>/<patient ID>/...), or a folder of storages named by 10-digit facility codes.
Files go to the server one by one, as pushes of the system; patients side by side, the files of one patient oldest first.
Sending the same files again changes nothing, so an interrupted import is run again; --resume spares it what was done.
同じファイルを再度取り込んでも変わりません。中断後は同じコマンドで再実行してください（--resume で完了済みの患者を省略）。`

/** Below `ssmix`. */
export function registerImport(group: Command, terminal: Terminal): void {
  group
    .command('import <root>')
    .description('send every file of an SS-MIX2 storage to StoreClient / SS-MIX2ストレージの取り込み')
    .option('--as <system>', 'system whose client certificate is used; it needs the role storage-importer')
    .option('--facility <facilityId>', 'instead of --as: the system of this facility that has the role')
    .option('--url <url>', 'HTTPS door of the server; default: https.publicUrl of the configuration')
    .option('--label <name>', 'name of the storage in the identity of its files; default the name of its folder')
    .option('--resume', 'skip patients that an interrupted run was done with')
    .option('--report <file>', 'write what became of every file, one JSON object a line')
    .option('--in-flight <n>', 'patients sent side by side', '4')
    .addHelpText('after', HELP)
    .action((root: string, options: ImportOptions, command) =>
      importStorage(contextOf(command, terminal), { root, options }),
    )
}

async function importStorage(
  context: Context,
  { root, options }: { readonly root: string; readonly options: ImportOptions },
): Promise<void> {
  const inFlight = Number(options.inFlight)
  if (!Number.isInteger(inFlight) || inFlight < 1 || inFlight > MAX_IN_FLIGHT)
    throw new UsageError(`--in-flight needs a number from 1 to ${MAX_IN_FLIGHT}`)
  const directory = resolve(context.terminal.cwd, root)
  const roots = await findRoots(directory, options.label)
  const as = await importerOf(configOf(context), options)
  const acting: SystemOptions = { as, ...(options.url === undefined ? {} : { url: options.url }) }
  await asSystem(context, acting, async ({ config, client }) => {
    const resume = options.resume === true
    const cursor = await openCursor(config.dataDir, { directory, system: as, resume })
    const progress = startProgress(context.terminal, totalOf(context.terminal, roots, cursor))
    const file = options.report === undefined ? {} : { file: resolve(context.terminal.cwd, options.report) }
    const report = startReport({ ...file, append: resume, say: progress.say })
    try {
      for (const one of roots) await importRoot(one, { client, cursor, report, progress, inFlight })
      await cursor.clear()
    } finally {
      progress.end()
      await report.close()
      if (context.format === 'json') context.terminal.out(toJson(report.counts()))
      else context.terminal.out(`${sentence(report.counts())}\n`)
    }
    const { refused } = report.counts()
    if (refused > 0) throw new RefusedError(`${refused} files were refused / 拒否 ${refused}件`)
  })
}

/** Counted beside the import, for whoever watches. */
function totalOf({ isWatched }: Terminal, roots: readonly Root[], cursor: Cursor): () => number | undefined {
  if (isWatched !== true) return () => undefined
  let total: number | undefined
  const count = async (): Promise<number> => {
    let files = 0
    for (const root of roots) {
      const from = cursor.from(root.label)
      if (from === undefined) continue
      for await (const patient of walkRoot(root, from))
        files += patient.files.length + patient.misplaced.length + patient.beside.length
    }
    return files
  }
  // Without the count there is no bar, and what is wrong with the folder the import says itself.
  count().then(
    (files) => {
      total = files
    },
    () => {},
  )
  return () => total
}

interface Importing {
  readonly client: SystemClient
  readonly cursor: Cursor
  readonly report: Report
  readonly progress: Progress
  readonly inFlight: number
}

async function importRoot(root: Root, importing: Importing): Promise<void> {
  const { client, cursor, report, progress, inFlight } = importing
  const from = cursor.from(root.label)
  if (from === undefined) return
  const done = watermark((folder) => cursor.reach(root.label, folder))
  const add: Report['add'] = (result) => {
    report.add(result)
    const counts = report.counts()
    progress.show(counts.accepted + counts.refused + counts.left + counts.beside, sentence(counts))
  }
  try {
    await sideBySide(walkRoot(root, from), inFlight, async (patient) => {
      const finish = done.begin(patient.folder)
      await sendPatient(patient, { client, add })
      await finish()
    })
    await cursor.reach(root.label, undefined)
  } finally {
    await cursor.save()
  }
}

interface Watermark {
  /** Called in the order of the walk; the function it gives is called when the patient is done. */
  readonly begin: (folder: string) => () => Promise<void>
}

/** The first patient who is not done, while those behind are worked on side by side. */
function watermark(reach: (folder: string) => Promise<void>): Watermark {
  const open = new Set<string>()
  return {
    begin: (folder) => {
      open.add(folder)
      return async () => {
        open.delete(folder)
        // A Set keeps the order in which the walk came by; when nobody is open, this one is to be looked at once more.
        const [first = folder] = open
        if (first !== '') await reach(first)
      }
    },
  }
}
