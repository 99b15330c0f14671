// Names as others are asked for them, and told them: without what staff writes into name fields beside the name (ITI TF-2 3.55.4.1.2.1, 3.55.4.2.2).

import { HONORIFICS } from '../../profiles/matching/words.ts'
import type { PersonName } from '../model/person.ts'

/** In brackets, or from here on: notes, in every width. */
const NOTES = /[(（][^)）]*[)）]?|[[［][^\]］]*[\]］]?|【[^】]*】?|[※*＊].*$|旧姓.*$/gsu
/** These end no name; the others only count behind a blank: ケイサン is a name. */
const NEVER_A_NAME: ReadonlySet<string> = new Set(['様', '殿'])

/** To whom is asked a mark would wish for more than this name, and a note or a form of address would be letters of it. */
export function plainNames(names: readonly PersonName[]): readonly PersonName[] {
  return names
    .map(({ family, given, ...name }) => ({ ...name, family: plain(family, given), given: plain(given, family) }))
    .filter(({ family, given }) => family !== '' || given !== '')
}

function plain(part: string, other: string): string {
  const bare = part.replace(NOTES, '').trim()
  const [, before = '', last = ''] = /^(.*\S)\s+(\S+)$/su.exec(bare) ?? []
  // The second of two words in one field is the given name: Aung San.
  const isAddress = NEVER_A_NAME.has(last) || other.trim() !== '' || /\s/u.test(before)
  if (isAddress && HONORIFICS.includes(last.normalize('NFKC').toUpperCase())) return before
  return bare.length > 1 && NEVER_A_NAME.has(bare.slice(-1)) ? bare.slice(0, -1).trim() : bare
}
