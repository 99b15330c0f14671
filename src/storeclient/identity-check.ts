// Is the person of the message the person linked to the number? A wrong link must not file one person's data under another.

import { iheError } from '../../profiles/errors/index.ts'
import { IheError } from '../model/error.ts'
import type { Demographics, NameRepresentation } from '../model/person.ts'

const SMALL_KANA = 'ァィゥェォッャュョヮヵヶ'
const LARGE_KANA = 'アイウエオツヤユヨワカケ'

/** Full-width katakana without spaces, large for small, ブ for ヴ: what two spellings of one reading have in common. */
export function normaliseKana(text: string): string {
  const katakana = text
    .normalize('NFKC')
    .replaceAll(/[\u3041-\u3096]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) + 0x60))
    .replaceAll(/\s/g, '')
    .replaceAll('ヴ', 'ブ')
  return Array.from(katakana, (kana) => LARGE_KANA[SMALL_KANA.indexOf(kana)] ?? kana).join('')
}

type Agreement = 'equal' | 'different' | 'unknown'

function compareNames(message: Demographics, person: Demographics, representation: NameRepresentation): Agreement {
  const of = (who: Demographics, part: (family: string, given: string) => string) =>
    who.names
      .filter((name) => name.representation === representation)
      .map((name) => normaliseKana(part(name.family, name.given)))
  const written = of(message, (family, given) => family + given)
  const held = of(person, (family, given) => family + given)
  if (written.length === 0 || held.length === 0) return 'unknown'
  return written.some((name) => held.includes(name)) ? 'equal' : 'different'
}

/** The same given name: what stays when a family name changes by marriage, and what tells twins apart. */
function sameGivenName(message: Demographics, person: Demographics): boolean {
  return message.names.some(
    (name) =>
      name.given !== '' &&
      person.names.some(
        (held) =>
          held.representation === name.representation && normaliseKana(held.given) === normaliseKana(name.given),
      ),
  )
}

/** Compares in the precision both have; a birth date that only one side knows decides nothing. */
function compareBirth(message: Demographics, person: Demographics): Agreement {
  const length = Math.min(8, message.birthTime?.length ?? 0, person.birthTime?.length ?? 0)
  if (length < 4) return 'unknown'
  return message.birthTime?.slice(0, length) === person.birthTime?.slice(0, length) ? 'equal' : 'different'
}

/** As checkIdentity where staff said that the linked person is meant: what would be a conflict is a difference. */
export function confirmIdentity(message: Demographics, person: Demographics): readonly IheError[] {
  try {
    return checkIdentity(message, person)
  } catch (error) {
    if (!(error instanceof IheError)) throw error
    return [iheError('HL7_IDENTITY_DIFFERS', { at: 'PID-5', rule: 'the person was confirmed by staff' })]
  }
}

/**
 * Compares name, birth date and sex of the message with the linked person.
 * @returns warnings when they differ in part.
 * @throws {IheError} HL7_IDENTITY when neither birth date nor name agree, or only the birth date does and the given name differs too.
 */
export function checkIdentity(message: Demographics, person: Demographics): readonly IheError[] {
  const kana = compareNames(message, person, 'SYL')
  const kanji = compareNames(message, person, 'IDE')
  const nameEqual = kana === 'equal' || kanji === 'equal' || compareNames(message, person, 'ABC') === 'equal'
  const birth = compareBirth(message, person)
  const sexEqual = message.sex === undefined || person.sex === undefined || message.sex === person.sex
  if (!nameEqual && (birth !== 'equal' || !sameGivenName(message, person))) {
    throw iheError('HL7_IDENTITY', { at: 'PID-5', rule: 'name or birth date of PID = linked person' })
  }
  const differing = [
    ...(!nameEqual || kana === 'different' || kanji === 'different' ? ['PID-5'] : []),
    ...(birth === 'different' ? ['PID-7'] : []),
    ...(sexEqual ? [] : ['PID-8']),
  ]
  return differing.map((at) => iheError('HL7_IDENTITY_DIFFERS', { at }))
}
