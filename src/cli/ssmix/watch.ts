// tsunagi ssmix watch: the folder of a gateway facility, whose new and changed files go to the server as they come.

import { createHash } from 'node:crypto'
import { type FSWatcher, watch as watchFolder } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Config } from '../../config/config.ts'
import { asSystem, type SystemOptions } from '../as-system.ts'
import type { SystemClient } from '../client.ts'
import { type Context, configOf, contextOf } from '../context.ts'
import { describeFailure, RefusedError, UsageError } from '../failure.ts'
import { printable, toJson } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { type Counts, startReport } from './report.ts'
import { type RoundResult, sendRound } from './round.ts'
import { openSent } from './sent.ts'
import { importerOf } from './system.ts'
import { writeWhole } from './tree.ts'

interface WatchOptions {
  readonly as?: string
  readonly facility?: string
  readonly url?: string
  readonly label?: string
  readonly interval: string
  readonly settle: string
  readonly once?: true
  readonly status?: true
}

const IN_FLIGHT = 4
const MAX_BACK_OFF_MS = 300_000
/** A server that is away is asked again in the next round rather than for long in this one. */
const GIVE_UP_MS = 30_000
const FIRST_WAIT_MS = 200
/** The system is asked to tell of changes in storages of fewer files: it walks every folder for it, and has room for so many. */
const MAX_HINTED = 5000

const HELP = `
Goes round the folder every --interval seconds; a small storage sooner, when the system tells of a change. A file is taken when it has been left alone
for --settle seconds. What was sent is remembered in the data directory (ssmix/); without that everything is sent once more, which changes
nothing. A refused file stands in nobody's way and is tried again later. Stop it with SIGTERM; --status tells how it stands.
拒否されたファイルは他の送信を止めず、時間をおいて再送します。SIGTERMで安全に停止します。`

/** Below `ssmix`. */
export function registerWatch(group: Command, terminal: Terminal): void {
  group
    .command('watch <root>')
    .description('send new and changed files of an SS-MIX2 storage as they come / SS-MIX2ストレージの監視')
    .option('--as <system>', 'system whose client certificate is used; it needs the role storage-importer')
    .option('--facility <facilityId>', 'instead of --as: the system of this facility that has the role')
    .option('--url <url>', 'HTTPS door of the server; default: https.publicUrl of the configuration')
    .option('--label <name>', 'name of the storage in the identity of its files; default the name of its folder')
    .option('--interval <seconds>', 'pause between rounds', '10')
    .option('--settle <seconds>', 'how long a file must be left alone', '2')
    .option('--once', 'one round, for cron')
    .option('--status', 'print what a running watch said last, and end')
    .addHelpText('after', HELP)
    .action((root: string, options: WatchOptions, command) =>
      watchStorage(contextOf(command, terminal), { root, options }),
    )
}

async function watchStorage(
  context: Context,
  { root, options }: { readonly root: string; readonly options: WatchOptions },
): Promise<void> {
  const config = configOf(context)
  const directory = resolve(context.terminal.cwd, root)
  const as = await importerOf(config, options)
  const files = statePaths(config, { directory, system: as })
  if (options.status === true) {
    context.terminal.out(await readFile(files.status, 'utf8').catch(() => `${NEVER}\n`))
    return
  }
  const acting: SystemOptions = { as, ...(options.url === undefined ? {} : { url: options.url }) }
  const stop = stopSignal()
  try {
    await asSystem(context, acting, ({ client }) =>
      rounds({ context, client, directory, options, files, signal: stop.signal }),
    )
  } finally {
    stop.release()
  }
}

const NEVER = 'no watch of this folder has run yet / 監視はまだ実行されていません'

interface StatePaths {
  readonly sent: string
  readonly status: string
}

function statePaths(config: Config, of: { readonly directory: string; readonly system: string }): StatePaths {
  const name = createHash('sha256').update(`${of.system}\n${of.directory}`).digest('hex').slice(0, 16)
  const base = join(config.dataDir, 'ssmix', `watch-${name}`)
  return { sent: `${base}.ndjson`, status: `${base}.json` }
}

function stopSignal(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  return {
    signal: controller.signal,
    release: () => {
      process.removeListener('SIGTERM', stop)
      process.removeListener('SIGINT', stop)
    },
  }
}

interface Watching {
  readonly context: Context
  readonly client: SystemClient
  readonly directory: string
  readonly options: WatchOptions
  readonly files: StatePaths
  readonly signal: AbortSignal
}

async function rounds(watching: Watching): Promise<void> {
  const { context, directory, options, files, signal } = watching
  const [intervalMs, settleMs] = [seconds(options.interval, '--interval'), seconds(options.settle, '--settle')]
  await mkdir(join(configOf(context).dataDir, 'ssmix'), { recursive: true, mode: 0o700 })
  const sent = await openSent(files.sent)
  const say = (line: string): void => context.terminal.err(`${line}\n`)
  const report = startReport({ append: true, say })
  const { label } = options
  const told = new Set<string>()
  const round = () =>
    sendRound({
      directory,
      ...(label === undefined ? {} : { label }),
      client: watching.client,
      sent,
      patience: { giveUpMs: GIVE_UP_MS, firstWaitMs: FIRST_WAIT_MS, signal },
      signal,
      inFlight: IN_FLIGHT,
      settleMs,
      now: Date.now,
      add: report.add,
      told,
    })
  if (options.once === true) return once({ round, settleMs, report, context })
  let hint: Hint | undefined
  let failures = 0
  try {
    while (!signal.aborted) {
      const outcome = await attempt(round, signal)
      failures = outcome.failure === undefined ? 0 : failures + 1
      if (outcome.failure !== undefined && !signal.aborted) say(printable(describeFailure(outcome.failure)))
      if ((outcome.result?.files ?? MAX_HINTED) < MAX_HINTED) hint ??= openHint(directory)
      await writeWhole(files.status, statusOf(watching, outcome, report.counts()))
      const backOffMs = Math.min(intervalMs * 2 ** failures, Math.max(intervalMs, MAX_BACK_OFF_MS))
      await pause({ ms: failures > 0 ? backOffMs : intervalMs, hint: failures > 0 ? undefined : hint, signal })
    }
  } finally {
    hint?.close()
  }
}

function seconds(text: string, option: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0) || value > 86_400)
    throw new UsageError(`${option} needs seconds, not "${text}"`)
  return value * 1000
}

interface Outcome {
  readonly result?: RoundResult
  readonly failure?: unknown
}

/** A round that fails is told and tried again: the folder, the network or the server may come back. */
async function attempt(round: () => Promise<RoundResult>, signal: AbortSignal): Promise<Outcome> {
  try {
    return { result: await round() }
  } catch (failure) {
    return signal.aborted ? {} : { failure }
  }
}

/** For cron: waits once for files that are being written, and says by its exit code whether all went through. */
async function once(given: {
  readonly round: () => Promise<RoundResult>
  readonly settleMs: number
  readonly report: ReturnType<typeof startReport>
  readonly context: Context
}): Promise<void> {
  const { round, settleMs, report, context } = given
  let result = await round()
  if (result.unfinished > 0) {
    await delay(settleMs)
    result = await round()
  }
  const counts = { ...report.counts(), ...result }
  context.terminal.out(context.format === 'json' ? toJson(counts) : `${countsLine(counts)}\n`)
  if (counts.refused + counts.waiting > 0)
    throw new RefusedError(
      `${Math.max(counts.refused, counts.waiting)} files were refused / 拒否されたファイルがあります`,
    )
}

function countsLine({ accepted, refused, unfinished, waiting }: Counts & RoundResult): string {
  return `${accepted} accepted, ${refused} refused, ${waiting} refused before and waiting, ${unfinished} not finished yet`
}

function statusOf({ directory, options }: Watching, { result, failure }: Outcome, counts: Counts): string {
  return toJson({
    root: directory,
    system: options.as ?? options.facility,
    pid: process.pid,
    lastRound: new Date().toISOString(),
    since: { accepted: counts.accepted, refused: counts.refused },
    ...(result ?? {}),
    ...(failure === undefined ? {} : { failure: describeFailure(failure) }),
  })
}

interface Hint {
  /** Resolves when something changed. */
  readonly changed: (signal: AbortSignal) => Promise<void>
  readonly close: () => void
}

/** Where the system can tell of changes; where it cannot, and for what it does not tell, there is the next round. */
function openHint(directory: string): Hint | undefined {
  let wake = (): void => {}
  let isChanged = false
  let watcher: FSWatcher
  try {
    watcher = watchFolder(directory, { recursive: true, persistent: false }, () => {
      isChanged = true
      wake()
    })
  } catch {
    return undefined
  }
  watcher.on('error', () => watcher.close())
  return {
    close: () => watcher.close(),
    changed: async (signal) => {
      if (!isChanged)
        await new Promise<void>((resolve) => {
          wake = resolve
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
      isChanged = false
    },
  }
}

/** Changes come in flocks, so that a hint shortens the pause and does not end it. */
const AFTER_HINT_MS = 1000

async function pause(given: {
  readonly ms: number
  readonly hint: Hint | undefined
  readonly signal: AbortSignal
}): Promise<void> {
  const { ms, hint, signal } = given
  const over = new AbortController()
  const ended = AbortSignal.any([signal, over.signal])
  const wait = (waitMs: number) => delay(waitMs, undefined, { signal: ended }).catch(() => {})
  await Promise.race([wait(ms), ...(hint === undefined ? [] : [hint.changed(ended).then(() => wait(AFTER_HINT_MS))])])
  over.abort()
}
