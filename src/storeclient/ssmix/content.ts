// What of a storage file is the message: generators end files with 0x1C, NUL or nothing at all.

const FILE_SEPARATOR = 0x1c
const NUL = 0x00
const SPACE = 0x20
const CR = 0x0d
const LF = 0x0a

/**
 * The bytes without what generators put behind the last segment: 0x1C, NUL, blanks on a line of their own, and all behind them.
 * The terminator of the last segment stays, so that a message that was stored with it comes back the same.
 */
export function messageOf(file: Buffer): Buffer {
  let end = file.length
  for (let at = file.length - 1; at >= 0; at--) {
    const byte = file[at]
    if (byte === FILE_SEPARATOR || byte === NUL || (byte === SPACE && isLineEnd(file[at - 1]))) end = at
    else if (!isLineEnd(byte) && byte !== SPACE) break
  }
  return file.subarray(0, end)
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === CR || byte === LF
}
