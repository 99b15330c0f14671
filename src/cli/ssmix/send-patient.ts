// Sends one patient's folder, file after file in the order of its plan, and says what became of each.

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../storeclient/ssmix/content.ts'
import { planPatient, type StorageFile } from '../../storeclient/ssmix/plan.ts'
import type { SystemClient } from '../client.ts'
import { deliver, type Patience, type Verdict } from './deliver.ts'
import type { FileResult } from './report.ts'
import type { PatientFolder } from './walk.ts'
import { FAULTS, LEFT_OUT, TOO_LARGE, UNREADABLE } from './words.ts'

/** A message of 30 MB of documents in Base64 fits; a larger one no door takes. */
const MAX_BYTES = 128 * 1024 * 1024

export interface Sending {
  readonly client: SystemClient
  readonly patience?: Patience
  readonly add: (result: FileResult) => void
}

/** @throws {RefusedError} as `deliver`; what was sent before stays. */
export async function sendPatient(patient: PatientFolder, sending: Sending): Promise<void> {
  const { root, files } = patient
  for (const result of unsent(patient)) sending.add(result)
  const { send, left } = planPatient(files)
  for (const { file, reason } of left)
    sending.add({ ...named(root.label, file.path), outcome: 'left', code: reason, text: bothOf(LEFT_OUT[reason]) })
  for (const file of send) {
    const verdict = await sendFile(patient, file, sending)
    sending.add(resultOf(root.label, file.path, verdict))
  }
}

/** Files that are no messages of a storage. */
export function unsent({ root, misplaced, beside }: PatientFolder): readonly FileResult[] {
  return [
    ...misplaced.map(
      ({ path, fault }): FileResult => ({
        ...named(root.label, path),
        outcome: 'refused',
        code: fault,
        text: bothOf(FAULTS[fault]),
      }),
    ),
    ...beside.map((path): FileResult => ({ ...named(root.label, path), outcome: 'beside' })),
  ]
}

export async function sendFile(
  { root }: Pick<PatientFolder, 'root'>,
  file: StorageFile,
  { client, patience }: Pick<Sending, 'client' | 'patience'>,
): Promise<Verdict> {
  const path = join(root.directory, ...file.path.split('/'))
  let bytes: Buffer
  try {
    if ((await stat(path)).size > MAX_BYTES) return { kind: 'refused', code: 'too-large', text: bothOf(TOO_LARGE) }
    bytes = await readFile(path)
  } catch {
    return { kind: 'refused', code: 'unreadable', text: bothOf(UNREADABLE) }
  }
  return deliver(client, { label: root.label, path: file.path, message: messageOf(bytes) }, patience)
}

export function resultOf(label: string, path: string, verdict: Verdict): FileResult {
  if (verdict.kind === 'refused')
    return { ...named(label, path), outcome: 'refused', code: verdict.code, text: verdict.text }
  const warnings = verdict.warnings.map(({ code }) => code)
  return { ...named(label, path), outcome: 'accepted', ...(warnings.length === 0 ? {} : { warnings }) }
}

function named(label: string, path: string): { readonly path: string } {
  return { path: `${label}/${path}` }
}

export function bothOf({ message, ja }: { readonly message: string; readonly ja: string }): string {
  return `${ja} / ${message}`
}
