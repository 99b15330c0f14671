// An invented SS-MIX2 standardised storage: one file a message, versions and deletions told by the condition flag of the name (SS-MIX2 1.2).

import { createRandom } from '../people/random.ts'
import { episode, LONGEST_EPISODE, openHistory } from './episode.ts'
import { type InventedMessage, type MessageCharset, messageBytes } from './message.ts'
import type { Cast } from './patients.ts'
import { type InventedPatient, openDesk } from './scene.ts'
import { DAY, type Moment, moment, transactionTimeOf } from './time.ts'

export interface StorageOptions extends Cast {
  readonly seed: number
  readonly files: number
  /** ISO-2022-JP when left out, as SS-MIX2 rules. */
  readonly charset?: MessageCharset
}

/** Current, replaced by a newer version, deleted. */
export type ConditionFlag = '1' | '2' | '0'

export interface StorageFile {
  /** Below the root of the facility, with `/`. */
  readonly path: string
  /** The message, ended by CR and 1C as published files are. */
  readonly bytes: Buffer
  readonly flag: ConditionFlag
  readonly message: InventedMessage
}

/** Kinds of the extended storage, and those that SS-MIX2 does not have. */
const NOT_STANDARDISED = new Set(['VITAL', 'REPORT', 'DOC', 'FILE', 'NOTE'])
const NO_ORDER = '999999999999999'
const WITHOUT_DEPARTMENT = new Set(['ADT-00', 'ADT-61', 'PPR-01'])
const END_OF_FILE = Buffer.from([0x1c])
const LAST_EPISODE = moment(2025, 11, 1)
/** Episodes follow one another at their greatest length, and have ten files at least. */
const DAYS_A_FILE = 2

/**
 * Exactly `files` files, all patients having as many as each other, the same for the same seed. Only one patient's files are
 * held at a time.
 */
export function* storageTree(options: StorageOptions): Generator<StorageFile> {
  const { files, patients, charset = 'ISO-2022-JP' } = options
  for (const [index, patient] of patients.entries()) {
    const upTo = Math.floor((files * (index + 1)) / patients.length)
    const from = Math.floor((files * index) / patients.length)
    yield* filesOf(inventVersions(options, { patient, index, count: upTo - from }), charset)
  }
}

interface Share {
  readonly patient: InventedPatient
  readonly index: number
  readonly count: number
}

function inventVersions({ sender, seed }: StorageOptions, share: Share): readonly InventedMessage[] {
  const { patient, index, count } = share
  const series = String(index + 1).padStart(6, '0')
  const desk = openDesk(sender, { seed: createRandom(seed + index).below(2 ** 31), series })
  const history = openHistory(desk, patient)
  const versions: InventedMessage[] = []
  let start: Moment = LAST_EPISODE - count * DAYS_A_FILE * DAY
  while (versions.length < count) {
    // A storage holds a message once, in the order of its time.
    const distinct = [...new Set(episode(history, start))].toSorted((a, b) => a.sentAt - b.sentAt)
    versions.push(...distinct.filter(({ kind }) => !NOT_STANDARDISED.has(kind)))
    start += LONGEST_EPISODE
  }
  return versions.slice(0, count)
}

/** A later version makes the former ones history; a deletion takes all of them with it, and itself is kept as deleted. */
function* filesOf(versions: readonly InventedMessage[], charset: MessageCharset): Generator<StorageFile> {
  const flags = versions.map((): ConditionFlag => '1')
  const groups = new Map<string, number[]>()
  for (const [index, version] of versions.entries()) {
    const key = groupOf(version)
    const group = groups.get(key) ?? []
    const isDeleted = version.action === 'cancel' && version.kind !== 'ADT-61'
    for (const former of group) if (isDeleted || flags[former] === '1') flags[former] = isDeleted ? '0' : '2'
    if (isDeleted) flags[index] = '0'
    groups.set(key, [...group, index])
  }
  for (const [index, message] of versions.entries()) {
    const flag = flags[index] ?? '1'
    const bytes = Buffer.concat([messageBytes(message, charset), END_OF_FILE])
    yield { path: pathOf(message, flag), bytes, flag, message }
  }
}

function groupOf({ kind, careDate = '-', orderNumber = NO_ORDER }: InventedMessage): string {
  return `${careDate}_${kind}_${orderNumber}`
}

/** `<ID 1-3>/<ID 4-6>/<ID>/<care date or ->/<kind>/<ID>_<care date>_<kind>_<order>_<time>_<department>_<flag>`. */
function pathOf(message: InventedMessage, flag: ConditionFlag): string {
  const { kind, careDate = '-', patient, department, sentAt } = message
  const { localId } = patient
  const time = transactionTimeOf(sentAt + 1000)
  const place = WITHOUT_DEPARTMENT.has(kind) ? '-' : department.code
  const name = [localId, groupOf(message), time, place, flag].join('_')
  return [localId.slice(0, 3), localId.slice(3, 6), localId, careDate, kind, name].join('/')
}
