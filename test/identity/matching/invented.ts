// Invented persons for the tests of the matcher, and short ways to ask it.

import { compare } from '../../../src/identity/matching/compare.ts'
import { decide } from '../../../src/identity/matching/decide.ts'
import { featuresOf } from '../../../src/identity/matching/features-of.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../../src/identity/matching/model.ts'
import type { CandidatePerson, Comparison, Decision, MatchPolicy } from '../../../src/identity/matching/types.ts'
import type { Demographics, PersonName } from '../../../src/model/person.ts'

/** A record in words; what is undefined is not known. */
export interface Invented {
  readonly kanji?: string | undefined
  readonly kana?: string | undefined
  readonly latin?: string | undefined
  readonly birth?: string | undefined
  readonly sex?: 'M' | 'F' | undefined
  readonly phones?: readonly string[] | undefined
  readonly postalCode?: string | undefined
  readonly address?: string | undefined
  readonly identifiers?: readonly string[] | undefined
  readonly multipleBirth?: boolean | undefined
  readonly birthOrder?: number | undefined
  readonly mother?: string | undefined
}

export const HANAKO: Invented = {
  kanji: '高橋 花子',
  kana: 'タカハシ ハナコ',
  birth: '19850307',
  sex: 'F',
  phones: ['090-1111-2222'],
  postalCode: '999-0001',
  address: '架空県架空市緑町1-2-3',
}

export const TODAY = '20261121'

export function featuresFor(person: Invented) {
  return featuresOf({ demographics: demographicsOf(person), identifiers: person.identifiers ?? [] }, TODAY)
}

function demographicsOf(person: Invented): Demographics {
  return {
    names: [...nameOf('IDE', person.kanji), ...nameOf('SYL', person.kana), ...nameOf('ABC', person.latin)],
    ...(person.sex === undefined ? {} : { sex: person.sex }),
    ...(person.birth === undefined ? {} : { birthTime: person.birth }),
    addresses:
      person.address === undefined && person.postalCode === undefined
        ? []
        : [
            {
              text: person.address ?? '',
              ...(person.postalCode === undefined ? {} : { postalCode: person.postalCode }),
            },
          ],
    telecoms: person.phones ?? [],
    ...(person.multipleBirth === undefined ? {} : { multipleBirth: person.multipleBirth }),
    ...(person.birthOrder === undefined ? {} : { birthOrder: person.birthOrder }),
    ...(person.mother === undefined ? {} : { mother: nameOf('IDE', person.mother) }),
  }
}

function nameOf(representation: PersonName['representation'], text: string | undefined): readonly PersonName[] {
  if (text === undefined) return []
  const [family = '', given = ''] = text.split(' ')
  return [{ representation, family, given }]
}

export function compared(a: Invented, b: Invented): Comparison {
  return compare(featuresFor(a), featuresFor(b), DEFAULT_MODEL)
}

/** A person in the index; each record in a domain of its own unless `domain` says otherwise. */
export function personOf(person: string, records: readonly (Invented & { domain?: string; vetoed?: boolean })[]) {
  return {
    person,
    records: records.map(({ domain, vetoed = false, ...record }, at) => ({
      record: `${person}-${at}`,
      domain: domain ?? `2.25.${person}${at}`,
      features: featuresFor(record),
      vetoed,
    })),
  } satisfies CandidatePerson
}

export function decided(
  record: Invented & { domain?: string },
  candidates: readonly CandidatePerson[],
  policy: MatchPolicy = DEFAULT_POLICY,
): Decision {
  const { domain = '2.25.999', ...described } = record
  return decide({ domain, features: featuresFor(described) }, candidates, { model: DEFAULT_MODEL, policy })
}

/** `one` when the record becomes that person's, `review` when staff are asked, `two` when nobody is. */
export function outcome(record: Invented, other: Invented): 'one' | 'review' | 'two' {
  const decision = decided(record, [personOf('1', [other])])
  if (decision.kind === 'link') return 'one'
  return decision.reviews.length > 0 ? 'review' : 'two'
}
