// Options that describe a person, shared by "patient add" and "feed" (ITI TF-2 3.44; three scripts of a Japanese name).

import type { Command } from 'commander'
import type { Demographics, NameRepresentation, PersonName } from '../model/person.ts'
import { collect } from './context.ts'
import { UsageError } from './failure.ts'

export interface DemographicsOptions {
  readonly family?: string
  readonly given?: string
  readonly nameKanji?: string
  readonly nameKana?: string
  readonly nameRomaji?: string
  readonly birth?: string
  readonly sex?: string
  readonly postalCode?: string
  readonly address?: string
  readonly telecom?: readonly string[]
}

export function describingPerson(command: Command): Command {
  return command
    .option('--family <name>', 'family name in kanji; --name-kanji holds both parts')
    .option('--given <name>', 'given name in kanji')
    .option('--name-kanji <name>', 'name in kanji, "架空 太郎"')
    .option('--name-kana <name>', 'name in kana, "カクウ タロウ"')
    .option('--name-romaji <name>', 'name in Latin letters, "KAKUU TARO"')
    .option('--birth <date>', 'birth date, YYYYMMDD or YYYY-MM-DD')
    .option('--sex <code>', 'M, F or UN')
    .option('--postal-code <code>', 'postal code')
    .option('--address <text>', 'address as one line')
    .option('--telecom <uri>', 'telephone or mail as URI, tel:000-000-0000 (repeatable)', collect)
}

/** @throws {UsageError} for a birth date or sex that is none, or an address without its line. */
export function demographicsOf(options: DemographicsOptions): Demographics {
  const kanji = options.nameKanji ?? [options.family, options.given].filter((part) => part !== undefined).join(' ')
  const sex = sexOf(options.sex)
  if (options.address === undefined && options.postalCode !== undefined)
    throw new UsageError('--postal-code goes with --address')
  return {
    names: [
      ...nameOf('IDE', kanji),
      ...nameOf('SYL', options.nameKana ?? ''),
      ...nameOf('ABC', options.nameRomaji ?? ''),
    ],
    ...(sex === undefined ? {} : { sex }),
    ...(options.birth === undefined ? {} : { birthTime: digitsOf(options.birth) }),
    addresses: addressOf(options),
    telecoms: options.telecom ?? [],
  }
}

/** Family and given name are divided by the first blank, half or full width; without one all is family name. */
export function nameOf(representation: NameRepresentation, text: string): readonly PersonName[] {
  const [family = '', ...given] = text.trim().split(/\s+/)
  return family === '' ? [] : [{ representation, family, given: given.join(' ') }]
}

/** @throws {UsageError} */
export function sexOf(text: string | undefined): Demographics['sex'] {
  if (text !== undefined && text !== 'M' && text !== 'F' && text !== 'UN')
    throw new UsageError('--sex needs M, F or UN')
  return text
}

/** A birth date without its marks. @throws {UsageError} */
export function digitsOf(text: string): string {
  const digits = text.replaceAll(/[-/]/g, '')
  if (!/^\d{4}(\d{2}(\d{2})?)?$/.test(digits)) throw new UsageError(`--birth needs YYYYMMDD, not "${text}"`)
  return digits
}

function addressOf({ address, postalCode }: DemographicsOptions): Demographics['addresses'] {
  if (address === undefined) return []
  return [{ text: address, ...(postalCode === undefined ? {} : { postalCode }) }]
}
