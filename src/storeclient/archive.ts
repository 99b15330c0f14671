// What a ZIP archive holds, from its central directory, with bounds: names, and the contents as far as they must be looked at
// (PKWARE APPNOTE 4.3; office files of OOXML and ODF are such archives).

import { inflateRawSync } from 'node:zlib'

export interface ArchiveEntry {
  readonly name: string
  readonly isEncrypted: boolean
  /** Bytes when unpacked, as the directory says. */
  readonly size: number
  readonly compressed: Buffer
  readonly method: number
}

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const LOCAL_HEADER = 0x04034b50
/** Fixed part of the end record, and the longest comment behind it. */
const END_LENGTH = 22
const MAX_COMMENT = 65_535
const STORED = 0
const DEFLATED = 8
const MAX_ENTRIES = 10_000
/** Enough of a compressed entry to see what it is. */
const HEAD_BYTES = 1024
const Z_SYNC_FLUSH = 2

/** The entries of an archive; undefined when it cannot be looked into (damaged, split, too many, ZIP64). */
export function entriesOf(bytes: Buffer): readonly ArchiveEntry[] | undefined {
  const end = findEnd(bytes)
  if (end === -1) return undefined
  const count = bytes.readUInt16LE(end + 10)
  if (count > MAX_ENTRIES) return undefined
  const entries: ArchiveEntry[] = []
  let at = bytes.readUInt32LE(end + 16)
  for (let index = 0; index < count; index++) {
    const entry = readEntry(bytes, at)
    if (entry === undefined) return undefined
    entries.push(entry.entry)
    at = entry.next
  }
  // Other readers go by the directory, not by its count: what is not counted would be hidden from us alone.
  const hidesMore = at + 4 <= bytes.length && bytes.readUInt32LE(at) === DIRECTORY_ENTRY
  return hidesMore ? undefined : entries
}

/** The end record stands last, but for its comment. */
function findEnd(bytes: Buffer): number {
  if (bytes.length < END_LENGTH) return -1
  const mark = Buffer.alloc(4)
  mark.writeUInt32LE(END_OF_DIRECTORY)
  const found = bytes.lastIndexOf(mark, bytes.length - END_LENGTH)
  return found < bytes.length - END_LENGTH - MAX_COMMENT ? -1 : found
}

function readEntry(bytes: Buffer, at: number): { readonly entry: ArchiveEntry; readonly next: number } | undefined {
  if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== DIRECTORY_ENTRY) return undefined
  const [flags, method] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)]
  const [packed, size] = [bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 24)]
  const [nameLength, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset))
  const local = bytes.readUInt32LE(at + 42)
  if (nameLength === undefined || extra === undefined || comment === undefined) return undefined
  if (local + 30 > bytes.length || bytes.readUInt32LE(local) !== LOCAL_HEADER) return undefined
  const data = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
  if (data + packed > bytes.length) return undefined
  return {
    entry: {
      name: bytes.toString('latin1', at + 46, at + 46 + nameLength),
      isEncrypted: (flags & 1) === 1,
      size,
      compressed: bytes.subarray(data, data + packed),
      method,
    },
    next: at + 46 + nameLength + extra + comment,
  }
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
