// A revocation list taken apart without building a tree of its entries: of ten thousand that takes milliseconds instead of seconds (RFC 5280, 5.1; X.690, 10).

interface Part {
  readonly tag: number
  /** Of the whole part, of its content, and behind it. */
  readonly at: number
  readonly from: number
  readonly end: number
}

export interface CrlParts {
  /** The same list without entries: small, whatever was revoked. */
  readonly frame: Buffer
  /** What the signature is over. */
  readonly signed: Buffer
  readonly signature: Buffer
  /** Serial numbers as they stand, hexadecimal. */
  readonly serials: readonly string[]
  /** Whether an entry has a critical extension. */
  readonly hasCritical: boolean
}

const BOOLEAN = 0x01
const INTEGER = 0x02
const BIT_STRING = 0x03
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const SEQUENCE = 0x30

/** @throws {Error} when it is no CertificateList in DER. */
export function takeApart(der: Buffer): CrlParts {
  const whole = partAt(der, 0, der.length)
  const [signed, algorithm, signature, ...more] = partsOf(der, whole)
  if (whole.end !== der.length || signed === undefined || algorithm === undefined || signature === undefined)
    throw wrong()
  if (more.length > 0 || signature.tag !== BIT_STRING) throw wrong()
  const fields = partsOf(der, signed)
  // It stands twice, and the one outside is not signed (5.1.1.2).
  const named = fields.find(({ tag }) => tag === SEQUENCE)
  if (named === undefined || !bytesOf(der, named).equals(bytesOf(der, algorithm))) throw wrong()
  const last = fields.findLastIndex(({ tag }) => tag === UTC_TIME || tag === GENERALIZED_TIME)
  const entries = fields[last + 1]?.tag === SEQUENCE ? fields[last + 1] : undefined
  const kept = fields.filter((field) => field !== entries).map((field) => bytesOf(der, field))
  const rest = [bytesOf(der, algorithm), bytesOf(der, signature)]
  return {
    frame: sequence([sequence(kept), ...rest]),
    signed: bytesOf(der, signed),
    // The first byte counts unused bits; a signature has none.
    signature: der.subarray(signature.from + 1, signature.end),
    ...read(der, entries === undefined ? [] : partsOf(der, entries)),
  }
}

function read(der: Buffer, entries: readonly Part[]): Pick<CrlParts, 'serials' | 'hasCritical'> {
  let hasCritical = false
  const serials = entries.map((entry) => {
    const [serial, , extensions] = partsOf(der, entry)
    if (serial?.tag !== INTEGER) throw wrong()
    for (const extension of extensions === undefined ? [] : partsOf(der, extensions)) {
      const flag = partsOf(der, extension)[1]
      if (flag?.tag === BOOLEAN && der[flag.from] !== 0) hasCritical = true
    }
    return der.toString('hex', serial.from, serial.end)
  })
  return { serials, hasCritical }
}

function partsOf(der: Buffer, { tag, from, end }: Part): readonly Part[] {
  if (tag !== SEQUENCE) throw wrong()
  const parts: Part[] = []
  for (let at = from; at < end; ) {
    const part = partAt(der, at, end)
    parts.push(part)
    at = part.end
  }
  return parts
}

const LONG = 0x80
const MAX_LENGTH_BYTES = 4

function partAt(der: Buffer, at: number, limit: number): Part {
  const [tag, first] = [der[at], der[at + 1]]
  if (tag === undefined || first === undefined) throw wrong()
  const more = first < LONG ? 0 : first - LONG
  const from = at + 2 + more
  // Of no length, or of one that cannot be: not DER.
  if ((first >= LONG && more === 0) || more > MAX_LENGTH_BYTES || from > limit) throw wrong()
  const end = from + (more === 0 ? first : der.readUIntBE(at + 2, more))
  if (end > limit) throw wrong()
  return { tag, at, from, end }
}

function bytesOf(der: Buffer, { at, end }: Part): Buffer {
  return der.subarray(at, end)
}

function sequence(parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const head = Buffer.from([SEQUENCE, LONG + MAX_LENGTH_BYTES, 0, 0, 0, 0])
  head.writeUInt32BE(content.length, 2)
  return Buffer.concat([head, content])
}

function wrong(): Error {
  return new Error('what came is no revocation list')
}
