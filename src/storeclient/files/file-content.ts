// Files that are never taken, whatever they call themselves: programs, scripts, macros, and archives that hold them or cannot be
// looked into (guidelines for medical information systems; a network that shares files must not spread them).

import { type ArchiveEntry, contentOf, endsAsArchive, entriesOf, headOf } from './archive.ts'
import { textHead, textOfBytes } from './file-type.ts'

/** Endings that a computer runs when the file is opened. */
const RUNNABLE = new Set(
  (
    'ade adp apk app appx bas bat bin chm cmd com command cpl dll dmg elf exe gadget hta inf ins iqy iso jar js jse jsp ksh lnk mjs ' +
    'msc msi msix msp mst ocx pif pkg prg ps1 ps1xml ps2 psc1 psm1 py rb reg scf scr sct settingcontent-ms sh shb shs slk sys ' +
    'url vb vbe vbs vxd ws wsc wsf wsh xbap xll'
  ).split(' '),
)
/** Office files whose ending says that they hold macros. */
const WITH_MACROS = new Set('docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm'.split(' '))
const PROGRAM_TYPES =
  /^(application|text)\/(x-)?(javascript|ecmascript|jscript|vbscript|msdownload|dosexec|msdos-program|sh|shellscript|bat|csh|perl|python|java-archive|msi|executable|php)$/

/** First bytes of programs. */
const PROGRAMS: readonly { readonly what: string; readonly bytes: string }[] = [
  { what: 'ELF program', bytes: '7f454c46' },
  { what: 'Mach-O program', bytes: 'feedface' },
  { what: 'Mach-O program', bytes: 'feedfacf' },
  { what: 'Mach-O program', bytes: 'cefaedfe' },
  { what: 'Mach-O program', bytes: 'cffaedfe' },
  { what: 'Java class or Mach-O program', bytes: 'cafebabe' },
  { what: 'Windows shortcut', bytes: '4c00000001140200' },
  { what: 'script', bytes: '2321' },
]
/** Archives and disks that are not opened here, so that nobody knows what is in them; `at` is where their mark stands. */
const CLOSED_ARCHIVES: readonly { readonly what: string; readonly bytes: string; readonly at?: number }[] = [
  { what: 'RAR archive', bytes: '526172211a07' },
  { what: '7z archive', bytes: '377abcaf271c' },
  { what: 'CAB archive', bytes: '4d534346' },
  { what: 'gzip archive', bytes: '1f8b08' },
  { what: 'bzip2 archive', bytes: '425a6839314159265359' },
  { what: 'xz archive', bytes: 'fd377a585a00' },
  { what: 'zstd archive', bytes: '28b52ffd' },
  { what: 'compress archive', bytes: '1f9d' },
  { what: 'LZH archive', bytes: '2d6c68', at: 2 },
  { what: 'LZH archive', bytes: '2d6c7a', at: 2 },
  { what: 'ARJ archive', bytes: '60ea' },
  { what: 'TAR archive', bytes: '7573746172', at: 257 },
  { what: 'WIM archive', bytes: '4d5357494d000000' },
  { what: 'disk image', bytes: '7668647866696c65' },
  { what: 'disk image', bytes: '4344303031', at: 32_769 },
]
const OLE = 'd0cf11e0a1b11ae1'
/** Streams that every VBA project and every office file with a password have, and the class of an installer package. */
const VBA_STREAM = Buffer.from('_VBA_PROJECT', 'utf16le')
const ENCRYPTED_STREAM = Buffer.from('EncryptedPackage', 'utf16le')
const INSTALLER_CLASS = Buffer.from('84100c0000000000c000000000000046', 'hex')
const MACRO_PARTS = /(^|\/)(vbaProject\.bin|vbaData\.xml|macrosheets\/|dialogsheets\/|activeX\/|Basic\/|Scripts\/)/i
const SCRIPT_IN_MARKUP = /<([a-z0-9]+:)?script[\s>/]/i
/** Of an address, compared without white space, which browsers ignore there. */
const SCRIPT_ADDRESS = /(java|vb)script:/i
/** Elements and attributes that run something. Browsers learn new events every year, so every `on…=` is one but for plain words. */
const SCRIPT_IN_PAGE =
  /<(object|embed|applet)[\s>]|[\s"'/](on(?!(?:set|line|ward|going)\b)[a-z]{3,}|srcdoc)\s*=|data:\s*text\/html/i
/** What chooses a set of characters in ISO-2022-JP and is no character itself. */
const JIS_ESCAPE = /\p{Cc}(?:\([ABIJ]|\$[@AB]|\$\([A-Z])/gu
const CHARACTER_REFERENCE = /&#(?:x0*([0-9a-f]{1,4})|0*(\d{1,5}));?|&(colon|tab|newline);/gi

/** Archives in archives are opened so deep, and no more than this is unpacked and looked into for one file. */
const MAX_DEPTH = 2
const MAX_UNPACKED = 64 * 2 ** 20
const MAX_ENTRIES = 10_000

export interface NamedContent {
  readonly bytes: Buffer
  readonly mimeType?: string
  readonly fileName?: string
}

/** Why a file may not be taken, in words for its sender; undefined when it may. */
export function forbiddenIn(file: NamedContent): string | undefined {
  return judge(file, { unpacked: 0, entries: 0 }, 0)
}

/** What was unpacked and looked into so far, of all archives of a file. */
interface Budget {
  unpacked: number
  entries: number
}

function judge(
  { bytes, mimeType = '', fileName = '' }: NamedContent,
  budget: Budget,
  depth: number,
): string | undefined {
  const ending = endingOf(fileName)
  if (RUNNABLE.has(ending)) return `.${ending} file`
  if (WITH_MACROS.has(ending)) return `.${ending} file (macros)`
  if (PROGRAM_TYPES.test(mimeType)) return mimeType
  const head = bytes.toString('hex', 0, 16)
  const program = PROGRAMS.find((known) => head.startsWith(known.bytes))
  if (program !== undefined) return program.what
  const closed = CLOSED_ARCHIVES.find(
    ({ bytes: mark, at = 0 }) => bytes.toString('hex', at, at + mark.length / 2) === mark,
  )
  if (closed !== undefined) return closed.what
  if (isDosProgram(bytes)) return 'Windows program'
  if (head.startsWith(OLE)) return inOleFile(bytes)
  if (/^504b0[35]0[46]/.test(head) || endsAsArchive(bytes)) return inArchive(bytes, budget, depth)
  return inText(bytes, mimeType, (carried) =>
    depth === MAX_DEPTH ? 'documents inside documents' : judge({ bytes: carried }, budget, depth + 1),
  )
}

/** No file system takes more of a name. */
const MAX_NAME = 255

/** The ending that counts when a file is opened: Windows drops points and spaces behind it, others all from the first zero on. */
function endingOf(name: string): string {
  const kept = (name.split('\0', 1)[0] ?? '').slice(-MAX_NAME).replace(/[\s.]+$/, '')
  return kept.includes('.') ? (kept.split('.').at(-1) ?? '').trim().toLowerCase() : ''
}

/** `MZ` may also begin a text, which has no zeros. */
function isDosProgram(bytes: Buffer): boolean {
  return bytes[0] === 0x4d && bytes[1] === 0x5a && bytes.subarray(0, 64).includes(0)
}

function inOleFile(bytes: Buffer): string | undefined {
  if (bytes.includes(VBA_STREAM)) return 'office file with macros'
  if (bytes.includes(ENCRYPTED_STREAM)) return 'office file with a password'
  return bytes.includes(INSTALLER_CLASS) ? 'installer package' : undefined
}

function inArchive(bytes: Buffer, budget: Budget, depth: number): string | undefined {
  const entries = entriesOf(bytes)
  if (entries === undefined) return 'archive that cannot be read'
  budget.entries += entries.length
  if (budget.entries > MAX_ENTRIES) return 'archive with too many entries'
  if (entries.some(({ name }) => MACRO_PARTS.test(name)) && isOffice(entries)) return 'office file with macros'
  for (const entry of entries) {
    const reason = inEntry(entry, budget, depth)
    if (reason !== undefined) return `archive: ${reason}`
  }
  return undefined
}

function isOffice(entries: readonly ArchiveEntry[]): boolean {
  return entries.some(({ name }) => /^(\[Content_Types\]\.xml|mimetype|META-INF\/manifest\.xml)$/i.test(name))
}

function inEntry(entry: ArchiveEntry, budget: Budget, depth: number): string | undefined {
  if (entry.name.endsWith('/') && entry.compressed.length === 0) return undefined
  // What an office file is made of is not run; only its parts named above are.
  const ending = [entry.name, entry.otherName ?? ''].map(endingOf).find((one) => RUNNABLE.has(one) && one !== 'bin')
  if (ending !== undefined) return `.${ending} file`
  if (entry.isEncrypted) return 'entries with a password'
  const head = headOf(entry)
  if (head === undefined) return 'entries that cannot be read'
  // The beginning of a bomb is large too, and many entries may share one.
  budget.unpacked += head.length
  if (budget.unpacked > MAX_UNPACKED) return 'entries too large to be looked into'
  const hasContents = /^504b0[35]0[46]/.test(head.toString('hex', 0, 4)) || head.toString('hex', 0, 8) === OLE
  // A page is looked at to its end: what it runs may stand there.
  if (!hasContents && !isPage('', textHead(head)))
    return judge({ bytes: head, fileName: withoutBin(entry.name) }, budget, depth)
  if (hasContents && depth === MAX_DEPTH) return 'archives inside archives'
  const content = contentOf(entry, MAX_UNPACKED - budget.unpacked)
  if (content === undefined) return 'entries too large to be looked into'
  budget.unpacked += content.length
  return judge({ bytes: content, fileName: withoutBin(entry.name) }, budget, depth + 1)
}

/** Printer settings and pictures of office files end in .bin. */
function withoutBin(name: string): string {
  return name.replace(/\.bin$/i, '')
}

const MARKUP_TYPES = new Set(['text/html', 'image/svg+xml', 'text/xml'])

/** Base64 that a CDA document or a message of XML carries; the bound keeps the search short. */
const CARRIED = /\srepresentation\s*=\s*["']B64["'][^<>]{0,200}>\s*(?:<!\[CDATA\[)?([^<\]]*)/gi

function inText(
  bytes: Buffer,
  mimeType: string,
  judgeCarried: (carried: Buffer) => string | undefined,
): string | undefined {
  const head = textHead(bytes)
  if (/^(@echo\s+off|rem\s.*\r?\n@|<\?php|<%@|on error resume next)/i.test(head)) return 'script'
  const isMarkup = MARKUP_TYPES.has(mimeType) || /^<[a-z!?]/i.test(head)
  if (!isMarkup) return undefined
  // Markup in UTF-16 need not have a mark of byte order: all that it adds to the letters of a tag are zeros.
  const whole = textOfBytes(bytes).replaceAll('\0', '').replaceAll(JIS_ESCAPE, '')
  if (SCRIPT_IN_MARKUP.test(whole) || SCRIPT_ADDRESS.test(addressesOf(whole))) return 'page with a script'
  if (isPage(mimeType, head) && SCRIPT_IN_PAGE.test(whole)) return 'page with a script'
  for (const [, text = ''] of whole.matchAll(CARRIED)) {
    const reason = judgeCarried(Buffer.from(text, 'base64'))
    if (reason !== undefined) return `document: ${reason}`
  }
  return undefined
}

function isPage(mimeType: string, head: string): boolean {
  return mimeType === 'text/html' || mimeType === 'image/svg+xml' || /<(html|svg)[\s>]/i.test(head)
}

/** Markup as a browser reads the addresses in it. */
function addressesOf(markup: string): string {
  return markup
    .replaceAll(CHARACTER_REFERENCE, (_, hexadecimal?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return name.toLowerCase() === 'colon' ? ':' : ''
      return String.fromCharCode(hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16))
    })
    .replaceAll(/[\p{Cc} ]+/gu, '')
}
