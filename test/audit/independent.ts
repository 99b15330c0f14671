// A verifier of audit exports written from docs/audit.md alone: it shares no line with the one it stands beside.

import { createHash, createPublicKey, verify } from 'node:crypto'

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
// biome-ignore lint/suspicious/noExplicitAny: whatever the file holds is judged, not typed
type Line = any

const sorted = (value: Json): Json =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, inner]) => [name, sorted(inner)]),
        )
      : value
const text = (value: Json): string => JSON.stringify(sorted(value))
const sha256 = (...parts: readonly (Buffer | string)[]): string =>
  createHash('sha256')
    .update(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
    .digest('hex')

/** 'whole', or the first thing that is wrong. */
export function verifyIndependently(file: string, publicPem: string): string {
  const [header, ...lines]: Line[] = file
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { chain, previous, nonce, genesis } = header
  if (sha256(Buffer.from(nonce, 'hex'), text({ chain, previous })) !== genesis) return 'genesis'
  const hashes: string[] = [genesis]
  for (const { kind, seq, hash, event } of lines) {
    if (kind === 'missing' || kind === 'unsealed') return kind
    if (kind !== 'event') continue
    if (seq !== hashes.length) return `number ${hashes.length}`
    if (sha256(Buffer.from(hashes[seq - 1] ?? '', 'hex'), text(event)) !== hash) return `hash ${seq}`
    hashes.push(hash)
  }
  if (header.seq !== hashes.length - 1 || lines.at(-1)?.events !== hashes.length - 1) return 'end'
  let last: Line
  for (const { kind, signature, ...statement } of lines.filter((line) => line.kind === 'checkpoint')) {
    const isSigned = verify(
      null,
      Buffer.from(text(statement)),
      createPublicKey(publicPem),
      Buffer.from(signature, 'base64'),
    )
    if (!isSigned) return `signature ${statement.number}`
    if (last !== undefined && statement.previous !== sha256(text(last))) return `checkpoint ${statement.number}`
    if (statement.chain === chain && hashes[statement.seq] !== statement.hash) return `signed ${statement.seq}`
    last = { ...statement, signature }
  }
  return 'whole'
}
