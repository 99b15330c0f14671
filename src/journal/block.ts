// Many kept messages in one run of bytes, so that they are compressed and sealed together: what they have in common is stored once.

import type { KeptMessage, KeptPart } from './kept-message.ts'
import type { KeptLimits } from './ports.ts'

/** Lengths of what stands after them: what is known of the message, and its bytes. */
const LENGTHS_BYTES = 8

interface PartHead extends Omit<KeptPart, 'bytes'> {
  readonly kept?: number
}

interface Head extends Omit<KeptMessage, 'bytes' | 'parts'> {
  readonly kept: number
  readonly parts: readonly PartHead[]
}

/** A message as it goes into a block, cut at the limits. */
export interface Packed {
  readonly exchangeId: string
  readonly sizeBytes: number
  /** @returns where the next one begins. */
  readonly writeTo: (block: Buffer, offset: number) => number
}

export function pack(message: KeptMessage, { messageBytes, partBytes }: KeptLimits): Packed {
  const { bytes, parts, ...known } = message
  const kept = Math.min(bytes.length, messageBytes)
  const small = parts.flatMap((part) => (part.bytes === undefined || part.bytes.length > partBytes ? [] : part.bytes))
  const head: Head = {
    ...known,
    isWhole: message.isWhole && kept === bytes.length,
    kept,
    parts: parts.map((part) => partHead(part, partBytes)),
  }
  const text = JSON.stringify(head)
  const textBytes = Buffer.byteLength(text)
  const bodyBytes = small.reduce((sum, part) => sum + part.length, kept)
  return {
    exchangeId: message.exchangeId,
    sizeBytes: LENGTHS_BYTES + textBytes + bodyBytes,
    writeTo: (block, offset) => {
      block.writeUInt32BE(textBytes, offset)
      block.writeUInt32BE(bodyBytes, offset + 4)
      let at = offset + LENGTHS_BYTES
      at += block.write(text, at)
      at += bytes.copy(block, at, 0, kept)
      for (const part of small) at += part.copy(block, at)
      return at
    },
  }
}

function partHead({ bytes, ...known }: KeptPart, partBytes: number): PartHead {
  return bytes === undefined || bytes.length > partBytes ? known : { ...known, kept: bytes.length }
}

/** The messages of one exchange in a block, in the order in which they were kept. */
export function unpack(block: Buffer, exchangeId: string): readonly KeptMessage[] {
  const found: KeptMessage[] = []
  for (let at = 0; at < block.length; ) {
    const textEnd = at + LENGTHS_BYTES + block.readUInt32BE(at)
    const bodyEnd = textEnd + block.readUInt32BE(at + 4)
    const text = block.toString('utf8', at + LENGTHS_BYTES, textEnd)
    // Read only where it is the one: a block holds hundreds.
    if (text.includes(exchangeId)) {
      const head = JSON.parse(text) as Head
      if (head.exchangeId === exchangeId) found.push(messageOf(head, block.subarray(textEnd, bodyEnd)))
    }
    at = bodyEnd
  }
  return found
}

function messageOf({ kept, parts, ...known }: Head, body: Buffer): KeptMessage {
  let at = kept
  return {
    ...known,
    bytes: body.subarray(0, kept),
    parts: parts.map(({ kept: length, ...part }) => {
      if (length === undefined) return part
      at += length
      return { ...part, bytes: body.subarray(at - length, at) }
    }),
  }
}
