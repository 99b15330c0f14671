// Messages of the fixtures spoiled in many ways, the same ones in every run: bytes, segments, fields, escapes, character sets.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fill } from '../scenarios/cases.ts'

const FIXTURES = new URL('../../fixtures/', import.meta.url)
const FOLDERS = ['storeclient', 'transport']

/** How many spoiled messages a fuzz test sends: 5,000, or as many as TSUNAGI_FUZZ_MESSAGES says (CONTRIBUTING.md). */
export const FUZZ_MESSAGES = Number(process.env.TSUNAGI_FUZZ_MESSAGES ?? 5_000)

export interface Seed {
  /** `storeclient/adt-00`. */
  readonly name: string
  readonly bytes: Buffer
}

/** Every request of StoreClient in the fixtures, its placeholders filled with texts of `values`. */
export function seeds(values: (name: string) => string = (name) => name): readonly Seed[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, FIXTURES)).flatMap((name) => {
      const path = new URL(`${folder}/${name}/request.hl7`, FIXTURES)
      return existsSync(path) ? [{ name: `${folder}/${name}`, bytes: fill(readFileSync(path), values) }] : []
    }),
  )
}

export interface Chance {
  /** A whole number from 0 to below `bound`. */
  readonly below: (bound: number) => number
  readonly pick: <T>(from: readonly [T, ...T[]]) => T
}

/** mulberry32: small, fast, and the same everywhere. */
export function chance(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return { below, pick: (from) => from[below(from.length)] ?? from[0] }
}

type Mutation = (bytes: Buffer, by: Chance) => Buffer

const BYTES = [...Buffer.from('|^~\\&\r\n\t "@#\x00\x0b\x1c\x1b\x0e\x0f\x80\x95\xfa\xfc\xff', 'latin1')] as [
  number,
  ...number[],
]
const PIECES = [
  Buffer.from('\x1b$B', 'latin1'),
  Buffer.from('\x1b(B', 'latin1'),
  Buffer.from('\x1b(B\x1b$B', 'latin1'),
  Buffer.from('\x1b(I', 'latin1'),
  Buffer.from('\x1b$(D', 'latin1'),
  Buffer.from('\x1b$(Q', 'latin1'),
  Buffer.from('\x1b', 'latin1'),
  Buffer.from('\\X1B2442467C1B2842\\', 'latin1'),
  Buffer.from('\\X0D\\\\XFF\\\\E\\\\.sp999\\\\', 'latin1'),
  Buffer.from('日本𠮷😀'),
  Buffer.from([0x95, 0x5c, 0x94, 0x5c]),
  Buffer.from('""'),
  Buffer.from('\rMSH|^~\\&|'),
  Buffer.from('\rZZZ|1|\r'),
  Buffer.from("'; drop table registry.document_entry; --"),
  Buffer.from('9'.repeat(400)),
  Buffer.from('~'.repeat(1_200)),
  Buffer.from('&^'.repeat(300)),
] as [Buffer, ...Buffer[]]
const LABELS = ['', '~ISO IR87', 'UNICODE UTF-8', 'ISO IR13', 'Shift_JIS', '~ISOIR87', 'UTF-16'] as [
  string,
  ...string[],
]

function splice(
  bytes: Buffer,
  given: { readonly at: number; readonly drop: number; readonly put: Uint8Array },
): Buffer {
  return Buffer.concat([bytes.subarray(0, given.at), given.put, bytes.subarray(given.at + given.drop)])
}

const NOTHING = new Uint8Array()

const lines = (bytes: Buffer): string[] => bytes.toString('latin1').split('\r')
const joined = (parts: readonly string[]): Buffer => Buffer.from(parts.join('\r'), 'latin1')

/** One field of one segment, made anew. */
function field(bytes: Buffer, by: Chance, make: (text: string) => string): Buffer {
  const all = lines(bytes)
  const at = by.below(all.length)
  const fields = (all[at] ?? '').split('|')
  const index = by.below(fields.length)
  fields[index] = make(fields[index] ?? '')
  all[at] = fields.join('|')
  return joined(all)
}

const MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  (bytes, by) => splice(bytes, { at: by.below(bytes.length + 1), drop: 1 + by.below(8), put: NOTHING }),
  (bytes, by) => splice(bytes, { at: by.below(bytes.length + 1), drop: by.below(2), put: Buffer.of(by.pick(BYTES)) }),
  (bytes, by) => splice(bytes, { at: by.below(bytes.length + 1), drop: 0, put: by.pick(PIECES) }),
  (bytes, by) => {
    const at = by.below(bytes.length + 1)
    return splice(bytes, { at, drop: 0, put: bytes.subarray(at, at + 1 + by.below(40)) })
  },
  (bytes, by) => bytes.subarray(0, by.below(bytes.length + 1)),
  (bytes, by) => {
    const at = by.below(Math.max(1, bytes.length))
    return splice(bytes, { at, drop: 1, put: Buffer.of((bytes[at] ?? 0) ^ (1 << by.below(8))) })
  },
  (bytes, by) => joined(lines(bytes).toSpliced(by.below(lines(bytes).length), 1)),
  (bytes, by) => {
    const all = lines(bytes)
    const [moved = ''] = all.splice(by.below(all.length), 1)
    return joined(all.toSpliced(by.below(all.length + 1), 0, moved))
  },
  (bytes, by) => {
    const all = lines(bytes)
    const at = by.below(all.length)
    return joined(all.toSpliced(at, 0, ...Array<string>(1 + by.below(4)).fill(all[at] ?? '')))
  },
  (bytes, by) => field(bytes, by, () => ''),
  (bytes, by) => field(bytes, by, () => '""'),
  (bytes, by) => field(bytes, by, (text) => `${text}~${text}^${text}`),
  (bytes, by) => field(bytes, by, (text) => text.slice(0, by.below(text.length + 1))),
  (bytes, by) => field(bytes, by, (text) => by.pick(['\\', '20261345', '2026', 'NaN', '-1', `${text}\\`, '0x0'])),
  (bytes, by) => Buffer.from(bytes.toString('latin1').replace(/~ISO IR87|UNICODE UTF-8/, by.pick(LABELS)), 'latin1'),
  (bytes, by) => Buffer.from(bytes.toString('latin1').replaceAll('\r', by.pick(['\n', '\r\n', '\r\r'])), 'latin1'),
]

/** The spoiled message of a number: a seed with one to four mutations. */
export function mutant(from: readonly Seed[], number: number): Buffer {
  const by = chance(number * 2_654_435_761 + 20_261_121)
  const seed = from[by.below(from.length)]
  let bytes = seed?.bytes ?? Buffer.alloc(0)
  const rounds = 1 + by.below(4)
  for (let round = 0; round < rounds; round++) bytes = by.pick(MUTATIONS)(bytes, by)
  return bytes
}
