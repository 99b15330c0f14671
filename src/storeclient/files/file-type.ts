// What a file inside a message is: its first bytes say more than the sender (ITI TF-3 4.2.3.2.14 mimeType; HL7 v2.5 tables 0191, 0291).

export const UNKNOWN_TYPE = 'application/octet-stream'
const TEXT = 'text/plain'
const ZIP = 'application/zip'
const OLE = 'application/x-ole-storage'
const OOXML = 'application/vnd.openxmlformats-officedocument'
const ODF = 'application/vnd.oasis.opendocument'

/** MIME types by ED.3 (or ED.2 where the type stands there alone) and by the ending of a file name. */
const BY_SUBTYPE: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  'x-pdf': 'application/pdf',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  pjpeg: 'image/jpeg',
  png: 'image/png',
  'x-png': 'image/png',
  gif: 'image/gif',
  tiff: 'image/tiff',
  tif: 'image/tiff',
  bmp: 'image/bmp',
  'x-ms-bmp': 'image/bmp',
  webp: 'image/webp',
  heic: 'image/heic',
  'svg+xml': 'image/svg+xml',
  svg: 'image/svg+xml',
  dicom: 'application/dicom',
  dcm: 'application/dicom',
  xml: 'text/xml',
  'x-hl7-cda-level-one': 'text/xml',
  'x-hl7-cda-level-two': 'text/xml',
  html: 'text/html',
  htm: 'text/html',
  'xhtml+xml': 'text/html',
  plain: TEXT,
  txt: TEXT,
  csv: 'text/csv',
  rtf: 'application/rtf',
  richtext: 'application/rtf',
  zip: ZIP,
  'x-zip-compressed': ZIP,
  msword: 'application/msword',
  doc: 'application/msword',
  'vnd.ms-excel': 'application/vnd.ms-excel',
  xls: 'application/vnd.ms-excel',
  'vnd.ms-powerpoint': 'application/vnd.ms-powerpoint',
  ppt: 'application/vnd.ms-powerpoint',
  docx: `${OOXML}.wordprocessingml.document`,
  xlsx: `${OOXML}.spreadsheetml.sheet`,
  pptx: `${OOXML}.presentationml.presentation`,
  odt: `${ODF}.text`,
  ods: `${ODF}.spreadsheet`,
  odp: `${ODF}.presentation`,
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  quicktime: 'video/quicktime',
}
for (const type of Object.values(BY_SUBTYPE)) Object.assign(BY_SUBTYPE, { [type.slice(type.indexOf('/') + 1)]: type })

/** HL7 table 0191, as far as its types are types of MIME. */
const MAIN_TYPES: Readonly<Record<string, string>> = {
  ap: 'application',
  application: 'application',
  au: 'audio',
  audio: 'audio',
  ft: 'text',
  im: 'image',
  image: 'image',
  ns: 'image',
  sd: 'image',
  si: 'image',
  text: 'text',
  tx: 'text',
  video: 'video',
}
const TOKEN = /^[a-z0-9][a-z0-9.+-]*$/

/** The MIME type that ED.2 and ED.3 declare, compared without case; undefined when they name none. */
export function declaredType(type: string, subtype: string): string | undefined {
  const [main, sub] = [type.trim().toLowerCase(), subtype.trim().toLowerCase()]
  if (main.includes('/')) return declaredType(main.slice(0, main.indexOf('/')), main.slice(main.indexOf('/') + 1))
  const known = BY_SUBTYPE[sub === '' ? main : sub]
  if (known !== undefined) return known
  const family = MAIN_TYPES[main]
  if (family === 'text' && (sub === '' || sub === 'non')) return TEXT
  return family === undefined || !TOKEN.test(sub) ? undefined : `${family}/${sub}`
}

/** Types by first bytes; `at` is where they stand. */
const MAGIC: readonly { readonly type: string; readonly bytes: string; readonly at?: number }[] = [
  { type: 'image/png', bytes: '89504e470d0a1a0a' },
  { type: 'image/jpeg', bytes: 'ffd8ff' },
  { type: 'image/gif', bytes: '47494638' },
  { type: 'image/tiff', bytes: '49492a00' },
  { type: 'image/tiff', bytes: '4d4d002a' },
  { type: 'image/webp', bytes: '57454250', at: 8 },
  { type: 'application/dicom', bytes: '4449434d', at: 128 },
  { type: 'application/rtf', bytes: '7b5c727466' },
  { type: ZIP, bytes: '504b0304' },
  { type: ZIP, bytes: '504b0506' },
  { type: OLE, bytes: 'd0cf11e0a1b11ae1' },
  { type: 'image/heic', bytes: '6674797068656963', at: 4 },
  { type: 'video/quicktime', bytes: '6674797071742020', at: 4 },
  { type: 'video/mp4', bytes: '66747970', at: 4 },
]
/** Readers of PDF look for its header this far. */
const PDF_HEADER_WITHIN = 1024

/** The type that the bytes themselves show; undefined when they could be anything. */
function typeOfBytes(bytes: Buffer): string | undefined {
  const found = MAGIC.find(({ bytes: magic, at = 0 }) => bytes.toString('hex', at, at + magic.length / 2) === magic)
  if (found !== undefined) return found.type
  if (bytes.subarray(0, PDF_HEADER_WITHIN).includes('%PDF-')) return 'application/pdf'
  if (isBitmap(bytes)) return 'image/bmp'
  return typeOfMarkup(bytes)
}

/** Two letters are few, so the reserved zeros behind them count too. */
function isBitmap(bytes: Buffer): boolean {
  return bytes.length > 26 && bytes.toString('latin1', 0, 2) === 'BM' && bytes.readUInt32LE(6) === 0
}

function typeOfMarkup(bytes: Buffer): string | undefined {
  const head = textHead(bytes)
  if (/^<(!doctype\s+html|html)[\s>]/i.test(head)) return 'text/html'
  if (/^<svg[\s>]/i.test(rootOf(head))) return 'image/svg+xml'
  return /^<\?xml\s/.test(head) || /^<([a-z0-9]+:)?ClinicalDocument[\s>]/.test(head) ? 'text/xml' : undefined
}

/** Taken off one by one: one pattern for all of them tries every way of parting a row of comments. */
const BEFORE_ROOT = /^(?:<\?xml[^>]*>|<!--[\s\S]*?-->|<!doctype[^>]*>)\s*/i

function rootOf(head: string): string {
  const found = BEFORE_ROOT.exec(head)
  return found === null ? head : rootOf(head.slice(found[0].length))
}

const HEAD_BYTES = 2048

/** The beginning as text, without byte order mark and leading white space. */
export function textHead(bytes: Buffer): string {
  return textOfBytes(bytes.subarray(0, HEAD_BYTES))
    .replace(/^\ufeff/, '')
    .trimStart()
}

/** Text in the encoding that its byte order mark names, else UTF-8. */
export function textOfBytes(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le')
  if (bytes[0] !== 0xfe || bytes[1] !== 0xff) return bytes.toString()
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
    .swap16()
    .toString('utf16le')
}

/** What a container of this type may hold beside the type it shows. */
const CONTAINED: Readonly<Record<string, (declared: string) => boolean>> = {
  [ZIP]: (declared) => declared.startsWith(OOXML) || declared.startsWith(ODF),
  [OLE]: (declared) =>
    ['application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint'].includes(declared),
  'text/xml': (declared) => declared === 'text/html' || declared === 'image/svg+xml',
  'video/mp4': (declared) => declared.startsWith('audio/') || declared === 'video/quicktime',
}
const SHOWN_TYPES = new Set([...MAGIC.map(({ type }) => type), 'application/pdf', 'image/bmp'])

/** The type of a file, and the declared one where the bytes are something else. */
export interface FileType {
  readonly type: string
  readonly contradicts?: string
}

/** Magic bytes stand above the declaration, which stands above the ending of the name. */
export function typeOfFile(bytes: Buffer, declared: string | undefined, fileName: string | undefined): FileType {
  const byName = BY_SUBTYPE[fileName?.split('.').at(-1)?.toLowerCase() ?? '']
  const said = declared === undefined || declared === UNKNOWN_TYPE ? byName : declared
  const shown = typeOfBytes(bytes)
  if (said === undefined) return { type: shown === OLE ? UNKNOWN_TYPE : (shown ?? plainOrUnknown(bytes)) }
  if (shown === undefined) {
    // A type that always shows itself does not: the sender is mistaken.
    if (SHOWN_TYPES.has(said) || isContained(said)) return { type: plainOrUnknown(bytes), contradicts: said }
    return { type: said }
  }
  if (shown === said || CONTAINED[shown]?.(said) === true) return { type: said }
  const contained = byName !== undefined && CONTAINED[shown]?.(byName) === true ? byName : shown
  return { type: contained === OLE ? UNKNOWN_TYPE : contained, contradicts: said }
}

function isContained(type: string): boolean {
  return [ZIP, OLE].some((container) => CONTAINED[container]?.(type) === true)
}

/** Text without control characters, or nobody knows what. */
function plainOrUnknown(bytes: Buffer): string {
  return bytes.subarray(0, HEAD_BYTES).some((byte) => byte < 0x20 && !isWhiteSpace(byte)) ? UNKNOWN_TYPE : TEXT
}

function isWhiteSpace(byte: number): boolean {
  // ESC belongs to the texts of ISO-2022-JP.
  return byte === 0x09 || byte === 0x0a || byte === 0x0c || byte === 0x0d || byte === 0x1b
}
