// What a ZIP archive holds, from its central directory, with bounds: names, and the contents as far as they must be looked at
// (PKWARE APPNOTE 4.3; office files of OOXML and ODF are such archives).

import { inflateRawSync } from 'node:zlib'

export interface ArchiveEntry {
  readonly name: string
  /** The name in its extra field, which many programs take instead (Info-ZIP Unicode Path, APPNOTE 4.6.9). */
  readonly otherName?: string
  readonly isEncrypted: boolean
  /** Bytes when unpacked, as the directory says. */
  readonly size: number
  readonly compressed: Buffer
  readonly method: number
}

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const LOCAL_HEADER = 0x04034b50
const ZIP64_LOCATOR = 0x07064b50
const ZIP64_LOCATOR_LENGTH = 20
const UNICODE_PATH = 0x7075
/** Version and checksum before the name. */
const UNICODE_PATH_HEAD = 5
/** Fixed part of the end record, and the longest comment behind it. */
const END_LENGTH = 22
const MAX_COMMENT = 65_535
const STORED = 0
const DEFLATED = 8
const MAX_ENTRIES = 10_000
/** Enough of a compressed entry to see what it is. */
const HEAD_BYTES = 1024
const Z_SYNC_FLUSH = 2

/**
 * The entries of an archive; undefined when it cannot be looked into (damaged, split, too many, ZIP64), and when its directory is not
 * what the end record says: other programs go by the one or the other and would find other entries. Offsets count from where the
 * archive begins, which need not be the beginning of the file.
 */
export function entriesOf(bytes: Buffer): readonly ArchiveEntry[] | undefined {
  const end = findEnd(bytes)
  if (end === -1 || isZip64(bytes, end)) return undefined
  const [count, length, offset] = [
    bytes.readUInt16LE(end + 10),
    bytes.readUInt32LE(end + 12),
    bytes.readUInt32LE(end + 16),
  ]
  const start = end - length - offset
  if (count > MAX_ENTRIES || start < 0) return undefined
  const entries: ArchiveEntry[] = []
  let at = end - length
  for (let index = 0; index < count; index++) {
    const entry = readEntry(bytes, at, start)
    if (entry === undefined) return undefined
    entries.push(entry.entry)
    at = entry.next
  }
  return at === end ? entries : undefined
}

/** An archive ends the file, whatever the file begins with: programs that open archives look there. */
export function endsAsArchive(bytes: Buffer): boolean {
  const end = findEnd(bytes)
  return end !== -1 && end + END_LENGTH + bytes.readUInt16LE(end + 20) === bytes.length
}

function isZip64(bytes: Buffer, end: number): boolean {
  return end >= ZIP64_LOCATOR_LENGTH && bytes.readUInt32LE(end - ZIP64_LOCATOR_LENGTH) === ZIP64_LOCATOR
}

/** The end record stands last, but for its comment. */
function findEnd(bytes: Buffer): number {
  if (bytes.length < END_LENGTH) return -1
  const mark = Buffer.alloc(4)
  mark.writeUInt32LE(END_OF_DIRECTORY)
  const found = bytes.lastIndexOf(mark, bytes.length - END_LENGTH)
  return found < bytes.length - END_LENGTH - MAX_COMMENT ? -1 : found
}

function readEntry(
  bytes: Buffer,
  at: number,
  start: number,
): { readonly entry: ArchiveEntry; readonly next: number } | undefined {
  if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== DIRECTORY_ENTRY) return undefined
  const [flags, method] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)]
  const [packed, size] = [bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 24)]
  const [nameLength, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset))
  const local = start + bytes.readUInt32LE(at + 42)
  if (nameLength === undefined || extra === undefined || comment === undefined) return undefined
  if (local + 30 > bytes.length || bytes.readUInt32LE(local) !== LOCAL_HEADER) return undefined
  const data = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
  if (data + packed > bytes.length) return undefined
  const afterName = at + 46 + nameLength
  const otherName = unicodePath(bytes.subarray(afterName, afterName + extra))
  return {
    entry: {
      name: bytes.toString('latin1', at + 46, afterName),
      ...(otherName === undefined ? {} : { otherName }),
      isEncrypted: (flags & 1) === 1,
      size,
      compressed: bytes.subarray(data, data + packed),
      method,
    },
    next: afterName + extra + comment,
  }
}

function unicodePath(extra: Buffer): string | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    const end = at + 4 + extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === UNICODE_PATH) return extra.toString('utf8', at + 4 + UNICODE_PATH_HEAD, end)
  }
  return undefined
}

/** The first bytes of an entry; undefined when it is packed in a way that is not read here. */
export function headOf({ method, compressed }: ArchiveEntry): Buffer | undefined {
  return unpacked(method, compressed.subarray(0, HEAD_BYTES), { finishFlush: Z_SYNC_FLUSH })
}

/** A whole entry; undefined also when it is larger than `maxBytes`. */
export function contentOf({ method, compressed }: ArchiveEntry, maxBytes: number): Buffer | undefined {
  return compressed.length > maxBytes
    ? undefined
    : unpacked(method, compressed, { maxOutputLength: Math.max(1, maxBytes) })
}

function unpacked(
  method: number,
  bytes: Buffer,
  options: { readonly finishFlush?: number; readonly maxOutputLength?: number },
): Buffer | undefined {
  if (method === STORED) return bytes
  if (method !== DEFLATED) return undefined
  try {
    return inflateRawSync(bytes, options)
  } catch {
    // Damaged, or more than may be unpacked.
    return undefined
  }
}
