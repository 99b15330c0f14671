// What the path of a file in an SS-MIX2 storage says of its message: the path is trusted above the words of the message.

import { iheError } from '../../../profiles/errors/index.ts'
import { dataKinds } from '../../../profiles/storeclient/index.ts'
import type { CallingSystem } from '../../model/caller.ts'
import type { Origin } from '../ports.ts'
import { codeOf, NO_ORDER, NONE, PATH_FAULTS, parsePath, type StoragePath, writtenAtOf } from './path.ts'

/** A file as its sender names it. */
export interface StoredFile {
  /** Name of the storage. */
  readonly label: string
  /** Relative to its root. */
  readonly path: string
}

const LABEL = /^[^\p{Cc}]{1,180}$/u
/** Storages are named by the code of their facility, with a suffix when one is split by volume, period or kind. */
const FACILITY = /^(\d{10})(?!\d)/
/** Some tools file the cancelling of an attending doctor apart. */
const RENAMED: Readonly<Record<string, string>> = { 'ADT-02': 'ADT-01' }
/** Local codes of kind folders in the extended storage. */
const EXTENDED: Readonly<Record<string, string>> = { 'L-OBSERVATIONS': 'VITAL' }
const KINDS: ReadonlySet<string> = new Set(dataKinds.map(({ kind }) => kind))

/**
 * Origin of the message that a file is.
 * @throws {IheError} ROLE_MISSING when the system imports no storages, HL7_FACILITY when the storage is another facility's,
 *   HL7_STORAGE_PATH when the path is none of a storage.
 */
export function originOf(file: StoredFile, sha256: string, system: CallingSystem): Origin {
  const { label, path } = file
  if (!system.roles.has('storage-importer')) throw iheError('ROLE_MISSING', { rule: 'role storage-importer' })
  if (!LABEL.test(label)) throw refused('X-StoreClient-Storage', 'a name of at most 180 characters')
  requireOwnStorage(label, system)
  const said = parsePath(path)
  if (typeof said === 'string') throw refused('X-StoreClient-Path', PATH_FAULTS[said].message)
  const kind = kindOf(said)
  return {
    ...(kind === undefined ? {} : { kind }),
    patientId: said.patientId,
    ...(said.careDate === NONE ? {} : { careDate: said.careDate }),
    ...(said.orderNumber === NO_ORDER ? {} : { orderNumber: said.orderNumber }),
    writtenAt: writtenAtOf(said),
    ...(said.flag === '0' ? { deleted: true as const } : {}),
    claim: { scope: `storage:${system.facilityId}`, key: JSON.stringify([label, sentAs(path), sha256]) },
  }
}

function refused(at: string, rule: string): Error {
  return iheError('HL7_STORAGE_PATH', { at, rule })
}

function requireOwnStorage(label: string, { facilityCode }: CallingSystem): void {
  const [, code] = FACILITY.exec(label) ?? []
  if (code === undefined || facilityCode === undefined || code === facilityCode) return
  const rule = 'a storage that is named by a facility code is that of the certificate’s facility'
  throw iheError('HL7_FACILITY', { at: 'X-StoreClient-Storage', value: code, rule })
}

/** In the extended storage the local code; of a kind that is not known there the message says it itself. */
function kindOf({ folder }: StoragePath): string | undefined {
  const code = codeOf(folder)
  const name = RENAMED[code] ?? EXTENDED[code] ?? code
  if (KINDS.has(name)) return name
  if (folder.includes('^')) return undefined
  throw refused('X-StoreClient-Path', `${folder} is no data kind`)
}

/** A file that an update renamed from valid to superseded is the same file still; one that was deleted says something new. */
function sentAs(path: string): string {
  return path.replace(/_[12](?=$|\/[^/]*$)/, '')
}
