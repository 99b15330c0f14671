// Which files of one patient's folder are sent, and in what order, so that the chains of versions come out as the flags say.

import { dataKinds } from '../../../profiles/storeclient/index.ts'
import { type StoragePath, writtenAtOf } from './path.ts'

export interface StorageFile {
  /** Relative to the root. */
  readonly path: string
  readonly said: StoragePath
}

/** `no-current`: superseded versions without the one that superseded them; `newer-history`: a superseded one newer than the valid one. */
export type LeftOut = 'no-current' | 'newer-history'

export interface Plan {
  readonly send: readonly StorageFile[]
  readonly left: readonly { readonly file: StorageFile; readonly reason: LeftOut }[]
}

const LAST = { '2': 0, '0': 1, '1': 2 } as const

/**
 * Oldest first over the whole patient: each version then replaces the one before it, documents come before those that replace
 * or complete them, and a deletion comes before what was filed again after it.
 * What would become current against its flag is left out: the storage is between two steps of an update, or damaged.
 */
export function planPatient(files: readonly StorageFile[]): Plan {
  const settled = settledTimes(files)
  const left: Plan['left'][number][] = []
  const send: StorageFile[] = []
  for (const file of [...files].sort(byTime)) {
    const reason = reasonToLeave(file, settled.get(groupOf(file.said)))
    if (reason === undefined) send.push(file)
    else left.push({ file, reason })
  }
  return { send, left }
}

/** `settled` is the time of the newest valid or deleted version of the document, '' when there is none. */
function reasonToLeave({ said }: StorageFile, settled = ''): LeftOut | undefined {
  if (said.flag !== '2' || settled >= writtenAtOf(said)) return undefined
  return settled === '' ? 'no-current' : 'newer-history'
}

function settledTimes(files: readonly StorageFile[]): ReadonlyMap<string, string> {
  const times = new Map<string, string>()
  for (const { said } of files) {
    const key = groupOf(said)
    const before = times.get(key) ?? ''
    const time = said.flag === '2' ? '' : writtenAtOf(said)
    times.set(key, time > before ? time : before)
  }
  return times
}

/** Kinds of which a patient may have several at one day, told apart by the department. */
const BY_DEPARTMENT: ReadonlySet<string> = new Set(
  dataKinds.filter(({ key }) => key === 'care-date-department').map(({ kind }) => kind),
)

/** Versions of one document share it. */
function groupOf({ careDate, folder, orderNumber, department = '' }: StoragePath): string {
  return [careDate, folder, orderNumber, ...(BY_DEPARTMENT.has(folder) ? [department] : [])].join('\n')
}

function byTime(a: StorageFile, b: StorageFile): number {
  return (
    compare(writtenAtOf(a.said), writtenAtOf(b.said)) ||
    LAST[a.said.flag] - LAST[b.said.flag] ||
    compare(a.path, b.path)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
