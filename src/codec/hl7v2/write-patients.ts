// Writes what a Patient Demographics Query found: PID and QRI a patient, DSC when there is more (ITI TF-2 3.21.4.1.3; HL7 v2.5 3.4.2).

import type { PdqAnswer, PdqPatient } from '../../model/pdq.ts'
import type { Address, Demographics, NameRepresentation, PersonName } from '../../model/person.ts'
import { components, type FieldValue, type RepetitionValue, type SegmentValue } from './write.ts'
import { NO_NAME, NOTHING_FOUND, patientId, type ResponseContent } from './write-response.ts'

/** Interactive continuation, HL7 table 0398. */
const INTERACTIVE = 'I'

/** What the Patient Demographics Supplier found; of a refusal the errors stand in ERR alone. */
export function pdqContent(answer: PdqAnswer): ResponseContent {
  if (answer.kind === 'refused') return NOTHING_FOUND
  const { patients, total, remaining, next } = answer
  return {
    segments: [
      ...patients.flatMap((patient, index) => patientSegments(patient, index + 1)),
      ...(next === undefined ? [] : [['DSC', String(next), INTERACTIVE] as const]),
    ],
    hits: { total, current: patients.length, remaining },
  }
}

function patientSegments(patient: PdqPatient, setId: number): readonly SegmentValue[] {
  return [
    ['PID', String(setId), '', patient.ids.map(patientId), '', ...describing(patient.demographics)],
    ['QRI', String(patient.score)],
  ]
}

const SEXES: Readonly<Record<NonNullable<Demographics['sex']>, string>> = { M: 'M', F: 'F', UN: 'O' }

/** PID-5 to PID-30. */
function describing(demographics: Demographics): readonly FieldValue[] {
  const { names, mother = [], birthTime = '', sex, addresses, telecoms } = demographics
  const { multipleBirth, birthOrder, deceased } = demographics
  return [
    names.length === 0 ? NO_NAME : names.map((name) => nameField(name, 'L')),
    mother.map((name) => nameField(name, 'M')),
    birthTime,
    sex === undefined ? '' : SEXES[sex],
    ...EMPTY.slice(0, 2),
    addresses.map(addressField),
    '',
    telecoms.map(telecomField),
    ...EMPTY.slice(0, 10),
    yesNo(multipleBirth),
    birthOrder === undefined ? '' : String(birthOrder),
    ...EMPTY.slice(0, 4),
    yesNo(deceased),
  ]
}

const EMPTY: readonly FieldValue[] = Array<FieldValue>(10).fill('')

function yesNo(value: boolean | undefined): string {
  return value === undefined ? '' : value ? 'Y' : 'N'
}

/** XPN-8, HL7 table 0465. */
const REPRESENTATIONS: Readonly<Record<NameRepresentation, string>> = { IDE: 'I', SYL: 'P', ABC: 'A' }

function nameField({ family, given, representation }: PersonName, type: 'L' | 'M'): RepetitionValue {
  return components(family, given, '', '', '', '', type, REPRESENTATIONS[representation])
}

/** The one line stands in XAD-1, where most readers look. */
function addressField({ text, postalCode = '' }: Address): RepetitionValue {
  return components(text, '', '', '', postalCode, 'JPN', 'H')
}

function telecomField(telecom: string): RepetitionValue {
  const [, scheme = '', rest = telecom] = /^(tel|fax|mailto):(.*)$/i.exec(telecom) ?? []
  switch (scheme.toLowerCase()) {
    case 'mailto':
      return components('', 'NET', 'Internet', rest)
    case 'fax':
      return components(rest, 'PRN', 'FX')
  }
  return components(rest, 'PRN', 'PH')
}
