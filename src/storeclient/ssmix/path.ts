// Paths of an SS-MIX2 storage both ways: standardised storage (標準化ストレージ) and extended storage (拡張ストレージ), below one root.

import { parseHl7Time } from '../../model/hl7-time.ts'

/** 1: valid; 2: superseded by a newer version; 0: deleted. */
export type ConditionFlag = '0' | '1' | '2'

/** What the names of folders and file say. Texts are as written, so that writing gives the same path. */
export interface StoragePath {
  /** The facility's own patient id. */
  readonly patientId: string
  /** YYYYMMDD, or `-` for kinds without one. */
  readonly careDate: string
  /** Data kind; in the extended storage the whole kind folder, `L-OBSERVATIONS^OBSERVATIONS^99ZL01`. */
  readonly folder: string
  /** Order number, in the extended storage the specific key; fifteen nines for kinds without one. */
  readonly orderNumber: string
  /** 発生日時, 14 to 17 digits. */
  readonly writtenAt: string
  /** HL70069 or `-`; extended storages may leave it out. */
  readonly department?: string
  readonly flag: ConditionFlag
  /** The content folder names the kind by its code alone, not by the whole kind folder. */
  readonly codeOnly?: true
  /** The file inside a content folder: present in the extended storage only. */
  readonly file?: string
}

/** Why a path is none of an SS-MIX2 storage. */
export type PathFault = 'depth' | 'characters' | 'patient' | 'care-date' | 'kind' | 'name' | 'time' | 'flag'

export const NO_ORDER = '9'.repeat(15)
/** Care date and department of kinds that have none. */
export const NONE = '-'

const PATIENT = /^[A-Za-z0-9._-]{1,15}$/
const KIND = /^[A-Z]{2,8}(-[0-9]{2})?$/
const ORDER = /^[A-Za-z0-9._-]{1,64}$/
const DEPARTMENT = /^[A-Za-z0-9.-]{1,8}$/
const DATE = /^\d{8}$/
const TIME = /^\d{14,17}$/
const FLAG = /^[012]$/
/** Index column DataKind. */
const MAX_FOLDER = 180
const STANDARD_DEPTH = 6
const EXTENDED_DEPTH = 7

/** A path relative to the root, with `/` between its parts, whatever the platform writes. */
export function parsePath(path: string): StoragePath | PathFault {
  const parts = path.split('/')
  if (parts.length !== STANDARD_DEPTH && parts.length !== EXTENDED_DEPTH) return 'depth'
  if (!parts.every(isSafe)) return 'characters'
  const [first, second, patientId = '', careDate = '', folder = '', name = '', file] = parts
  if (!PATIENT.test(patientId)) return 'patient'
  if (first !== patientId.slice(0, 3) || second !== patientId.slice(3, 6)) return 'patient'
  if (!isCareDate(careDate)) return 'care-date'
  if (file === undefined ? !KIND.test(folder) : !isKindFolder(folder)) return 'kind'
  const said = parseName(name, { patientId, careDate, folder })
  if (typeof said === 'string') return said
  return { patientId, careDate, folder, ...said, ...(file === undefined ? {} : { file }) }
}

/** One part of a path: not empty, no way up, nothing a file system or a terminal acts on. */
function isSafe(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && part.length <= 255 && !/[\\/\p{Cc}]/u.test(part)
}

function isCareDate(text: string): boolean {
  return text === NONE || (DATE.test(text) && parseHl7Time(text) !== undefined)
}

function isKindFolder(folder: string): boolean {
  return folder.includes('^') && folder.length <= MAX_FOLDER
}

type Name = Pick<StoragePath, 'orderNumber' | 'writtenAt' | 'department' | 'flag' | 'codeOnly'>

/** The folders are known, so a patient id or order number may contain the `_` that stands between the parts. */
function parseName(
  name: string,
  { patientId, careDate, folder }: Pick<StoragePath, 'patientId' | 'careDate' | 'folder'>,
): Name | PathFault {
  const code = codeOf(folder)
  const kind = [folder, code].find((one) => name.startsWith(`${patientId}_${careDate}_${one}_`))
  if (kind === undefined) return 'name'
  const codeOnly = kind === folder ? {} : { codeOnly: true as const }
  const parts = name.slice(`${patientId}_${careDate}_${kind}_`.length).split('_')
  const flag = parts.pop() ?? ''
  if (!isFlag(flag)) return 'flag'
  const department = TIME.test(parts.at(-1) ?? '') && folder.includes('^') ? undefined : parts.pop()
  const writtenAt = parts.pop() ?? ''
  const orderNumber = parts.join('_')
  if (!isTime(writtenAt)) return 'time'
  if (!ORDER.test(orderNumber) || (department !== undefined && !DEPARTMENT.test(department))) return 'name'
  return { orderNumber, writtenAt, ...(department === undefined ? {} : { department }), flag, ...codeOnly }
}

/** Local code of a kind folder, else its standard code. */
export function codeOf(folder: string): string {
  const [local = '', , , standard = ''] = folder.split('^')
  return local === '' ? standard : local
}

function isFlag(text: string): text is ConditionFlag {
  return FLAG.test(text)
}

function isTime(text: string): boolean {
  return TIME.test(text) && parseHl7Time(text.slice(0, 14)) !== undefined
}

/** The path that says this, or why there is none. What was parsed comes out as it was. */
export function formatPath(said: StoragePath): { readonly path: string } | PathFault {
  const { patientId, careDate, folder, file } = said
  const tail = [
    said.orderNumber,
    said.writtenAt,
    ...(said.department === undefined ? [] : [said.department]),
    said.flag,
  ]
  const name = [patientId, careDate, said.codeOnly === true ? codeOf(folder) : folder, ...tail].join('_')
  const parts = [patientId.slice(0, 3), patientId.slice(3, 6), patientId, careDate, folder, name]
  const path = [...parts, ...(file === undefined ? [] : [file])].join('/')
  // Reading it back is the whole check: a name that reads otherwise would be imported as somebody else's.
  const read = parsePath(path)
  if (typeof read === 'string') return read
  return isSame(read, said) ? { path } : 'name'
}

function isSame(a: StoragePath, b: StoragePath): boolean {
  const texts = (said: StoragePath) =>
    JSON.stringify([
      said.patientId,
      said.careDate,
      said.folder,
      said.orderNumber,
      said.writtenAt,
      said.department,
      said.flag,
      said.codeOnly,
      said.file,
    ])
  return texts(a) === texts(b)
}

/** What a file is called under whatever flag: an update or a deletion renames it. */
export function identityOf(path: string): string {
  return path.replace(/_[012](?=$|\/[^/]*$)/, '')
}

/** 発生日時 as 17 digits; some generators write 15. */
export function writtenAtOf({ writtenAt }: Pick<StoragePath, 'writtenAt'>): string {
  return writtenAt.padEnd(17, '0')
}

/** An order number as the storage writes it: at least 15 characters, longer ones and letters as they are. */
export function storedOrderNumber(number: string | undefined): string {
  return number === undefined ? NO_ORDER : number.padStart(15, '0')
}

/** English and Japanese of what is wrong with a path. */
export const PATH_FAULTS: Readonly<Record<PathFault, { readonly message: string; readonly ja: string }>> = {
  depth: {
    message:
      'the path is not <ID 1-3>/<ID 4-6>/<patient ID>/<care date>/<kind>/<file>, nor that with a content folder before the file',
    ja: 'パスの階層が標準化ストレージ・拡張ストレージの構成と一致しません。',
  },
  characters: {
    message: 'a folder or file name is empty, ".", ".." or has control characters or a backslash',
    ja: 'フォルダ名・ファイル名に使用できない文字が含まれています。',
  },
  patient: {
    message:
      'the patient folder is 1 to 15 letters, digits, ".", "_" or "-", below folders of its characters 1-3 and 4-6',
    ja: '患者IDフォルダが規則（15文字以内、上位2階層は患者IDの1〜3文字目・4〜6文字目）に合いません。',
  },
  'care-date': {
    message: 'the care date folder is neither a date YYYYMMDD nor "-"',
    ja: '診療日フォルダが YYYYMMDD または「-」ではありません。',
  },
  kind: {
    message: 'the folder of the data kind is none: ADT-00, OMP-01 …, or code^name^system in the extended storage',
    ja: 'データ種別フォルダを解釈できません。',
  },
  name: {
    message: 'the name is not <patient ID>_<care date>_<kind>_<order number>_<time>_<department>_<condition flag>',
    ja: 'ファイル名が「患者ID_診療日_データ種別_オーダNo_発生日時_診療科_コンディションフラグ」の形式ではありません。',
  },
  time: {
    message: 'the time in the name is not 14 to 17 digits YYYYMMDDhhmmssSSS of a real moment',
    ja: 'ファイル名の発生日時が YYYYMMDDhhmmssSSS（14〜17桁）の実在する日時ではありません。',
  },
  flag: {
    message: 'the condition flag at the end of the name is not 1 (valid), 2 (superseded) or 0 (deleted)',
    ja: 'ファイル名末尾のコンディションフラグが 1・2・0 のいずれでもありません。',
  },
}
