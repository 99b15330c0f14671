// What links by itself, what staff decide, and the rules that stand above the score.

export interface RuleRow {
  /** `veto`: never one person. `cap`: staff decide, whatever the score. `limit`: evidence that counts for less than its sum. */
  readonly effect: 'veto' | 'cap' | 'limit'
  readonly says: string
}

export const MATCH_RULES = {
  'decided-apart': { effect: 'veto', says: 'Staff decided that the two are different people.' },
  twins: {
    effect: 'veto',
    says: 'Same family name, birth date and household, another given name: twins or siblings.',
  },
  'multiple-birth': {
    effect: 'veto',
    says: 'One of a multiple birth: the given name must be the same in every script, the order of birth must not differ.',
  },
  generation: {
    effect: 'veto',
    says: 'More than 15 years between the births, and no slip of the keyboard explains it: parent and child, or namesakes.',
  },
  'identifier-of-another': {
    effect: 'veto',
    says: 'The same personal identifier, but name and birth date both differ: the identifier is wrong on one side.',
  },
  'same-domain': { effect: 'cap', says: 'Two numbers of one facility: its own staff merge them, by message.' },
  sex: { effect: 'cap', says: 'The sexes differ.' },
  'birth-date': { effect: 'cap', says: 'The birth dates differ in more than one part.' },
  'birth-date-slip': {
    effect: 'cap',
    says: 'The birth dates differ by an era, by day and month exchanged, or by a digit that makes more than 15 years.',
  },
  'birth-date-impossible': { effect: 'cap', says: 'A birth date is none of the calendar, or in the future.' },
  'family-name-changed': { effect: 'cap', says: 'The family names differ: marriage, or another person.' },
  'given-name-differs': { effect: 'cap', says: 'The given names differ, in one household or anywhere.' },
  'name-parts-exchanged': { effect: 'cap', says: 'The names agree only with family and given name exchanged.' },
  'alike-in-one-household': {
    effect: 'cap',
    says: 'Born the same day in one household, with given names that are alike and not the same.',
  },
  'given-name-unknown': { effect: 'cap', says: 'A given name is unknown: siblings could not be told apart.' },
  'child-without-name': { effect: 'cap', says: 'A child that has no name yet.' },
  'noted-namesake': { effect: 'cap', says: 'Staff noted that there is another patient of this name.' },
  'too-little-known': {
    effect: 'cap',
    says: 'Fewer than three of family name, given name, birth date, sex, address and telephone are known on a side.',
  },
  'name-and-birth-date-alone': {
    effect: 'cap',
    says: 'Nothing but name, birth date and sex agrees: among a million there are namesakes born the same day.',
  },
  'one-household': {
    effect: 'limit',
    says: 'Family name, address and telephone are shared by a household: together they count as much as finding the household.',
  },
} as const satisfies Readonly<Record<string, RuleRow>>

export type MatchRule = keyof typeof MATCH_RULES

/** Years between two births above which no two records are one person's by a similar name. */
export const GENERATION_YEARS = 15

/** Of family name, given name, birth date, sex, address and telephone. */
export const LEAST_KNOWN_FIELDS = 3

/** A telephone number that more persons than this share tells nobody apart (nursing homes, a facility's own number). */
export const MOST_SHARING_PERSONS = 8

/** The size of the index that thresholds are stated for; half of it, one bit less (prior odds of a new record are 1 to N). */
export const REFERENCE_POPULATION = 1_000_000

/**
 * Rules that suspect a sibling, a parent or a namesake behind a difference. Suspended only for generated test data, in which every
 * record is a household of its own and names and dates are replaced at random: among patients, siblings would become one.
 */
export const FAMILY_RULES: readonly MatchRule[] = [
  'twins',
  'generation',
  'birth-date',
  'birth-date-slip',
  'birth-date-impossible',
  'family-name-changed',
  'given-name-differs',
  'name-parts-exchanged',
  'alike-in-one-household',
  'given-name-unknown',
  'name-and-birth-date-alone',
  'too-little-known',
  'one-household',
]
