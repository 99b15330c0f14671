// Fixtures with planted names, numbers and texts in place of the demo patients', as they are accepted, or in places where they are refused.

import { type Case, fill, readCases, requestOf, valuesOf } from '../cases.ts'
import { jis, shiftJis } from './forms.ts'

/** Nobody's: characters, letters and digits that no other text of a test has. */
export const PLANTED = {
  kanji: '鑿鼈麩太',
  kana: 'ヂヮヰヱヅ',
  romaji: 'ZQXMARKER',
  address: '鑿麩郡鼈町',
  phone: '0997-77-3450',
  birthDate: '19330927',
  number: '7734507345',
  text: 'ZQXCLINICAL',
} as const

const IN_PLACE_OF: readonly (readonly [string, string])[] = [
  ['太郎', PLANTED.kanji],
  ['花子', PLANTED.kanji],
  ['水沢', PLANTED.kanji],
  ['葉名', PLANTED.address],
  ['ミズサワ', PLANTED.kana],
  ['タロウ', PLANTED.kana],
  ['ハナコ', PLANTED.kana],
  ['TARO', PLANTED.romaji],
  ['HANAKO', PLANTED.romaji],
  ['19580412', PLANTED.birthDate],
  ['19620930', PLANTED.birthDate],
  ['架空県見本市', PLANTED.address],
  ['000-000-0001', PLANTED.phone],
  ['000-000-0002', PLANTED.phone],
]

export interface Request {
  readonly one: Case
  readonly bytes: Buffer
}

/** What takes its time, or a fault that no message causes, is for the fixtures themselves. */
function isPlain({ expected }: Case): boolean {
  const { generate, pace, inject, settings, door } = expected
  return (
    generate === undefined && pace === undefined && inject === undefined && settings === undefined && door !== 'admin'
  )
}

/**
 * Some of the fixtures as they are but for the person, who gets the planted number where it is new, and more of them with planted text where
 * it does not belong; test/scenarios/fixtures.test.ts looks at the log of all of them as they are.
 */
export function plantedRequests(network: Readonly<Record<string, string>>): readonly Request[] {
  return readCases()
    .filter(isPlain)
    .flatMap((one, index) => {
      const filled = (): Buffer => replaced(fill(requestOf(one).bytes, valuesOf(network).forFile()), IN_PLACE_OF)
      if (one.name === FIRST) return [{ one, bytes: renumbered(filled()) }]
      if (index % EVERY_SPOILED === 0) return [{ one, bytes: spoil(filled(), index / EVERY_SPOILED) }]
      return index % EVERY_WHOLE === 1 ? [{ one, bytes: filled() }] : []
    })
}

/** Registers the planted number. */
const FIRST = 'iti-44/add'
const EVERY_SPOILED = 2
const EVERY_WHOLE = 4

function renumbered(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll(/00000123\d\d|FX-\d{4}/g, PLANTED.number), 'latin1')
}

/** In each character set in which the text may stand; Latin-1 keeps every byte as it is. */
function replaced(bytes: Buffer, pairs: typeof IN_PLACE_OF): Buffer {
  let text = bytes.toString('latin1')
  for (const [from, to] of pairs)
    for (const encode of [(given: string) => Buffer.from(given), jis, shiftJis])
      text = text.replaceAll(encode(from).toString('latin1'), encode(to).toString('latin1'))
  return Buffer.from(text, 'latin1')
}

const EVERY = 3

/** Each third value, another third for the next message, gets planted text behind it; numbers of patients become the planted one. */
function spoil(bytes: Buffer, turn: number): Buffer {
  const text = renumbered(bytes).toString('latin1')
  let place = turn
  const isNext = (): boolean => place++ % EVERY === 0
  const spoiled = text.startsWith('MSH')
    ? text.replaceAll(/(?<=\r[A-Z][A-Z0-9]{2}\|[^\r]*)[^|\r]+(?=\|)/g, (field) =>
        isNext() ? field + PLANTED.text : field,
      )
    : text.replaceAll(/(\b(?:value|extension|code|displayName|root|id)="[^"]*|>[^<>\s][^<>]*)(?=["<])/g, (whole) =>
        isNext() ? whole + PLANTED.text : whole,
      )
  return reframed(Buffer.from(spoiled, 'latin1'))
}

/** A syslog frame says how long it is (RFC 5425, 4.3.1). */
function reframed(bytes: Buffer): Buffer {
  const [counted = ''] = /^\d+ (?=<\d+>)/.exec(bytes.subarray(0, 20).toString('latin1')) ?? []
  if (counted === '') return bytes
  const message = bytes.subarray(counted.length)
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}
