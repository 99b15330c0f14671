// One round of a watched folder: what is new or changed, and finished, goes to the server, patient by patient in the order of the plan.

import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../storeclient/ssmix/content.ts'
import { planPatient, type StorageFile } from '../../storeclient/ssmix/plan.ts'
import type { SystemClient } from '../client.ts'
import { deliver, type Patience, type Verdict } from './deliver.ts'
import type { FileResult } from './report.ts'
import { bothOf, resultOf, unsent } from './send-patient.ts'
import type { Sent } from './sent.ts'
import { sideBySide } from './side-by-side.ts'
import { findRoots, type PatientFolder, walkRoot } from './walk.ts'
import { EMPTY, UNREADABLE } from './words.ts'

export interface Round {
  readonly directory: string
  readonly label?: string
  readonly client: SystemClient
  readonly sent: Sent
  readonly patience: Patience
  readonly signal: AbortSignal
  readonly inFlight: number
  /** A file that was touched less long ago may still be written. */
  readonly settleMs: number
  readonly now: () => number
  readonly add: (result: FileResult) => void
  /** What is no file of a storage is said once. */
  readonly told: Set<string>
}

export interface RoundResult {
  /** Files of the storage that are to be sent, or were. */
  readonly files: number
  /** Files that may still be written, and those behind them in their patient's order. */
  readonly unfinished: number
  /** Refused before, and not due to be tried again. */
  readonly waiting: number
}

const MISPLACED_MS = 60_000
/** What is empty or cannot be read for so long stays so: a disk was full, or its permissions are wrong. */
const HOPELESS_MS = 60_000
const FIRST_RETRY_MS = 60_000
const LONGEST_RETRY_MS = 6 * 3_600_000

/** @throws {RefusedError} when the server cannot be reached or takes nothing; what was sent is remembered. */
export async function sendRound(round: Round): Promise<RoundResult> {
  const counts = { unfinished: 0, waiting: 0 }
  const seen = new Set<string>()
  let isWhole = false
  try {
    for (const root of await findRoots(round.directory, round.label))
      await sideBySide(walkRoot(root), round.inFlight, async (patient) => {
        const { unfinished, waiting } = await sendNew(patient, round, seen)
        counts.unfinished += unfinished
        counts.waiting += waiting
      })
    isWhole = !round.signal.aborted
  } finally {
    await round.sent.save(isWhole ? seen : undefined)
  }
  return { files: seen.size, ...counts }
}

async function sendNew(
  patient: PatientFolder,
  round: Round,
  seen: Set<string>,
): Promise<Pick<RoundResult, 'unfinished' | 'waiting'>> {
  const { send } = planPatient(patient.files)
  let waiting = 0
  for (const [at, file] of send.entries()) {
    if (round.signal.aborted) return { unfinished: 0, waiting }
    seen.add(nameOf(patient, file))
    const done = await sendIfNew(patient, file, round)
    // What comes later in the patient's order may build on this one.
    if (done === 'unfinished') {
      for (const later of send.slice(at)) seen.add(nameOf(patient, later))
      return { unfinished: send.length - at, waiting }
    }
    if (done === 'waiting') waiting += 1
  }
  await tellMisplaced(patient, round)
  return { unfinished: 0, waiting }
}

/** Temporary names of files that are being written are none of a storage either, but not for long. */
async function tellMisplaced(patient: PatientFolder, { told, add, now }: Round): Promise<void> {
  for (const result of unsent(patient)) {
    if (result.outcome !== 'refused' || told.has(result.path)) continue
    const path = join(patient.root.directory, ...result.path.slice(patient.root.label.length + 1).split('/'))
    const age = await stat(path).then(
      ({ mtimeMs }) => now() - mtimeMs,
      () => 0,
    )
    if (age < MISPLACED_MS) continue
    told.add(result.path)
    add(result)
  }
}

function nameOf({ root }: PatientFolder, { path }: StorageFile): string {
  return `${root.label}/${path}`
}

async function sendIfNew(
  patient: PatientFolder,
  file: StorageFile,
  round: Round,
): Promise<'done' | 'waiting' | 'unfinished'> {
  const { sent, now } = round
  const name = nameOf(patient, file)
  const looked = await look(join(patient.root.directory, ...file.path.split('/')), name, round)
  if (typeof looked === 'string') return looked
  const { size, mtimeMs, bytes, fault } = looked
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const known = sent.find(name)
  // Touched or restored, but the same.
  if (known?.sha256 === sha256 && known.refused === undefined) {
    sent.put(name, { size, mtimeMs, sha256 })
    return 'done'
  }
  const { client, patience, add } = round
  const message = messageOf(bytes)
  const verdict = fault ?? (await deliver(client, { label: patient.root.label, path: file.path, message }, patience))
  const times = (known?.refused?.times ?? 0) + 1
  const againMs = now() + Math.min(FIRST_RETRY_MS * 2 ** (times - 1), LONGEST_RETRY_MS)
  sent.put(name, { size, mtimeMs, sha256, ...(verdict.kind === 'refused' ? { refused: { times, againMs } } : {}) })
  add(resultOf(patient.root.label, file.path, verdict))
  return verdict.kind === 'refused' ? 'waiting' : 'done'
}

const NONE = Buffer.alloc(0)

interface Looked {
  readonly size: number
  readonly mtimeMs: number
  readonly bytes: Buffer
  /** Why it is not sent. */
  readonly fault?: Verdict
}

/** The file when it is new and finished: long enough untouched, also by a rename, and of one size before and after it is read. */
async function look(path: string, name: string, round: Round): Promise<Looked | 'done' | 'waiting' | 'unfinished'> {
  try {
    const { size, mtimeMs, ctimeMs } = await stat(path)
    const known = round.sent.find(name)
    if (known !== undefined && known.size === size && known.mtimeMs === mtimeMs) {
      if (known.refused === undefined) return 'done'
      if (known.refused.againMs > round.now()) return 'waiting'
    }
    const touchedMs = Math.max(mtimeMs, ctimeMs)
    const isHopeless = round.now() - touchedMs > HOPELESS_MS
    if ((size === 0 && !isHopeless) || touchedMs > Date.now() - round.settleMs) return 'unfinished'
    if (size === 0)
      return { size, mtimeMs, bytes: NONE, fault: { kind: 'refused', code: 'empty', text: bothOf(EMPTY) } }
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || !isHopeless) throw error
      return undefined
    })
    if (bytes === undefined)
      return { size, mtimeMs, bytes: NONE, fault: { kind: 'refused', code: 'unreadable', text: bothOf(UNREADABLE) } }
    const after = await stat(path)
    return after.size === size && after.mtimeMs === mtimeMs && bytes.length === size
      ? { size, mtimeMs, bytes }
      : 'unfinished'
  } catch {
    // Renamed or removed meanwhile, or not readable yet: the next round sees what it has become.
    return 'unfinished'
  }
}
