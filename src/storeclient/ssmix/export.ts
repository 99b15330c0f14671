// What a facility published, as the files of an SS-MIX2 storage: every version under the name it came by, with the flag it has now.

import type { EmbeddedFile } from '../../model/clinical.ts'
import type { Er7Message } from '../../model/hl7v2.ts'
import { describe } from './describe.ts'
import {
  type ConditionFlag,
  formatPath,
  identityOf,
  NONE,
  PATH_FAULTS,
  type StoragePath,
  storedOrderNumber,
} from './path.ts'

/** One stored message of one document. */
export interface StoredVersion {
  readonly baseSeriesId: string
  readonly kind: string
  /** The number of the patient at the facility; absent when the facility has none any more. */
  readonly patientNumber?: string
  /** Normalised; absent for kinds without one, and unknown for documents of before storages were written. */
  readonly orderNumber?: string
  /** YYYYMMDD or `-`; undefined as orderNumber. */
  readonly careDate?: string
  /** 17 digits: time of the version. */
  readonly time: string
  /** 17 digits: when the document was deleted last. */
  readonly tombstone?: string
  readonly state: 'current' | 'former' | 'deleting'
  /** ISO 8601, when it was stored. */
  readonly storedAt: string
  /** Set of eight-bit bytes that were read by agreement with their sender; absent where the bytes say it themselves. */
  readonly charset?: string
  /** Where its bytes are; opaque. */
  readonly content: unknown
}

export interface ExportRequest {
  readonly facilityId: string
  /** Number of one patient at the facility; absent: of all. */
  readonly patientNumber?: string
  readonly by: string
  readonly peer: string
}

export interface ExportPorts {
  /** Persons of whom the facility published something, after the given one; a page of them. */
  readonly persons: (facilityId: string, after: string) => Promise<readonly string[]>
  readonly personOf: (facilityId: string, patientNumber: string) => Promise<string | undefined>
  /** All versions of all documents of the facility about the person, oldest first. */
  readonly versions: (facilityId: string, person: string) => Promise<readonly StoredVersion[]>
  /** @throws when the stored bytes are damaged. */
  readonly bytes: (version: StoredVersion) => Promise<Buffer>
  readonly decode: (bytes: Buffer, hints?: { readonly charset?: string }) => Er7Message | undefined
  /** Records that the person's data leaves, before it does. */
  readonly record: (export_: ExportRequest & { readonly person: string }) => Promise<void>
}

export type Exported =
  | {
      readonly kind: 'file'
      /** Path below the root of its storage. */
      readonly path: string
      readonly said: StoragePath
      readonly message: Buffer
      /** Files inside the message; they lie beside it in the extended storage. */
      readonly files: readonly EmbeddedFile[]
      /** The message that deleted the document. */
      readonly isDeletion: boolean
      readonly storedAt: string
      /** As in StoredVersion. */
      readonly charset?: string
      /** 発生日時 was moved by so many milliseconds, because another version has the same. */
      readonly movedMs: number
    }
  | {
      readonly kind: 'refused'
      readonly patientNumber: string
      readonly dataKind: string
      readonly message: string
      readonly ja: string
    }

/** Kind folders of what the standardised storage has no place for. */
export const EXTENDED_FOLDERS: Readonly<Record<string, string>> = {
  VITAL: 'L-OBSERVATIONS^OBSERVATIONS^99ZL01',
  REPORT: 'REPORT^REPORT^99STC',
  DOC: 'DOC^DOCUMENT^99STC',
  FILE: 'FILE^FILE^99STC',
  NOTE: 'NOTE^NOTE^99STC',
}
const MAIN_DOCUMENT = 'main_document.hl7'
/** Index column OrderNo. */
const MAX_ORDER_NUMBER = 22

/** Person by person; of one person all is read at once but the messages. */
export async function* exportFacility(request: ExportRequest, ports: ExportPorts): AsyncGenerator<Exported> {
  for await (const person of personsOf(request, ports)) {
    const versions = await ports.versions(request.facilityId, person)
    if (versions.length === 0) continue
    await ports.record({ ...request, person })
    yield* exportPerson(versions, ports)
  }
}

async function* personsOf(request: ExportRequest, ports: ExportPorts): AsyncGenerator<string> {
  const { facilityId, patientNumber } = request
  if (patientNumber !== undefined) {
    const person = await ports.personOf(facilityId, patientNumber)
    if (person !== undefined) yield person
    return
  }
  let after = '0'
  for (;;) {
    const page = await ports.persons(facilityId, after)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last
  }
}

async function* exportPerson(versions: readonly StoredVersion[], ports: ExportPorts): AsyncGenerator<Exported> {
  const taken = new Set<string>()
  const current = new Set(versions.filter(({ state }) => state === 'current').map(({ baseSeriesId }) => baseSeriesId))
  for (const version of versions) {
    const message = await ports.bytes(version)
    yield toFile({ version, message, flag: flagOf(version, current) }, taken, ports)
  }
}

/** Valid, superseded, or deleted: of a document that has no valid version every version is (SS-MIX2: exactly one 1, or none if deleted). */
function flagOf(
  { state, baseSeriesId, time, tombstone = '' }: StoredVersion,
  current: ReadonlySet<string>,
): ConditionFlag {
  if (state === 'current') return '1'
  return state === 'deleting' || !current.has(baseSeriesId) || time <= tombstone ? '0' : '2'
}

interface Filing {
  readonly version: StoredVersion
  readonly message: Buffer
  readonly flag: ConditionFlag
}

function toFile({ version, message, flag }: Filing, taken: Set<string>, ports: ExportPorts): Exported {
  const { kind, state, storedAt } = version
  const charset = version.charset === undefined ? {} : { charset: version.charset }
  const decoded = ports.decode(message, charset)
  const described = decoded === undefined ? undefined : describe(decoded, kind, version.orderNumber)
  const number = version.careDate === undefined ? described?.orderNumber : version.orderNumber
  const folder = EXTENDED_FOLDERS[kind]
  const patientNumber = version.patientNumber ?? ''
  const said: StoragePath = {
    patientId: patientNumber,
    careDate: version.careDate ?? described?.careDate ?? NONE,
    folder: folder ?? kind,
    orderNumber: storedOrderNumber(number),
    writtenAt: version.time,
    department: described?.department ?? NONE,
    flag,
    ...(folder === undefined ? {} : { file: MAIN_DOCUMENT }),
  }
  const filed = freePath(said, taken)
  if ('fault' in filed) return { kind: 'refused', patientNumber, dataKind: kind, ...filed.fault }
  const files = folder === undefined ? [] : (described?.files ?? [])
  const isDeletion = described?.isDeletion ?? state === 'deleting'
  return { kind: 'file', ...filed, message, files, isDeletion, storedAt, ...charset }
}

interface Fault {
  readonly message: string
  readonly ja: string
}

type Filed = { readonly path: string; readonly said: StoragePath; readonly movedMs: number } | { readonly fault: Fault }

/** Two versions of one moment are told apart by milliseconds, as no file may stand for another: a name with another flag is the same file. */
function freePath(said: StoragePath, taken: Set<string>): Filed {
  if (said.patientId.length <= 3) return { fault: SHORT_ID }
  if (said.orderNumber.length > MAX_ORDER_NUMBER) return { fault: LONG_NUMBER }
  const first = Number(said.writtenAt.slice(14))
  for (let ms = first; ms <= 999; ms++) {
    const at = { ...said, writtenAt: `${said.writtenAt.slice(0, 14)}${String(ms).padStart(3, '0')}` }
    const formatted = formatPath(at)
    if (typeof formatted === 'string') return { fault: PATH_FAULTS[formatted] }
    const name = identityOf(formatted.path)
    if (taken.has(name)) continue
    taken.add(name)
    return { path: formatted.path, said: at, movedMs: ms - first }
  }
  return { fault: NO_ROOM }
}

const SHORT_ID: Fault = {
  message: 'patient ids of fewer than 4 characters have no folder in an SS-MIX2 storage',
  ja: '4文字未満の患者IDはSS-MIX2ストレージのフォルダ規則に対応しないため出力できません。',
}
const LONG_NUMBER: Fault = {
  message: `the order or document number is longer than the ${MAX_ORDER_NUMBER} characters of the index`,
  ja: `オーダ番号・文書番号が索引の上限（${MAX_ORDER_NUMBER}文字）を超えています。`,
}
const NO_ROOM: Fault = {
  message: 'too many versions of one document say the same moment',
  ja: '同一発生日時の版が多すぎるため出力できません。',
}
