// Author and department of a document from the ordering provider (XCN, XON: ITI TF-3 Table 4.2.3.1.7-2).

import { affinityDomain, codeOf } from '../../profiles/affinity-domain/index.ts'
import type { CallingSystem } from '../model/caller.ts'
import type { Code } from '../model/code.ts'
import type { Author } from '../model/document-entry.ts'
import { component, type Er7Message, isNull, repetitions, type Segment, segmentsOf } from '../model/hl7v2.ts'
import type { Draft } from './draft.ts'
import { staffAuthority } from './facility.ts'

const DEPARTMENTS = '1.2.392.200250.2.2.2'
export const UNKNOWN_DEPARTMENT = '99'

/** Who wrote it: ORC-12, else OBR-16, TXA-9, PV1-7, RXA-10; for which institution, in which department. */
export function authorOf(message: Er7Message, draft: Draft, system: CallingSystem): Author {
  const authorPerson = authorPersonOf(message, draft, system)
  const department = practiceSettingOf(message, draft)
  return {
    ...(authorPerson === undefined ? {} : { authorPerson }),
    authorInstitution: [institution(system)],
    authorRole: [],
    authorSpecialty: department.code === UNKNOWN_DEPARTMENT ? [] : [department.display],
    authorTelecommunication: [],
  }
}

/** The author's name and number as XCN; undefined when the message names nobody. */
export function authorPersonOf(message: Er7Message, draft: Draft, system: CallingSystem): string | undefined {
  const person = firstFilled(message, [
    [inDraft(draft, 'ORC'), 12],
    [inDraft(draft, 'OBR'), 16],
    [segmentsOf(message, 'TXA'), 9],
    [segmentsOf(message, 'PV1'), 7],
    [inDraft(draft, 'RXA'), 10],
  ])
  return person === undefined ? undefined : xcn(message, person, system)
}

function inDraft({ segments }: Pick<Draft, 'segments'>, name: string): readonly Segment[] {
  return segments.filter((segment) => segment.name === name)
}

/** The department by HL7 table 0069: ORC-17, else PV1-10, else 99 (unknown). */
export function practiceSettingOf(message: Er7Message, draft: Pick<Draft, 'segments'>): Code {
  const fields = [
    firstFilled(message, [[inDraft(draft, 'ORC'), 17]]),
    firstFilled(message, [[segmentsOf(message, 'PV1'), 10]]),
  ]
  for (const [index, raw] of fields.entries()) {
    const code = component(message, raw, 1)
    const system = component(message, raw, 3)
    // A local department code (99…) says nothing outside the facility; PV1-10 is of table 0069 by definition.
    if (code !== '' && !isNull(code) && (system === 'HL70069' || (index === 1 && system === ''))) {
      return departmentCode(code, component(message, raw, 2))
    }
  }
  return codeOf('practiceSettingCode', UNKNOWN_DEPARTMENT)
}

function departmentCode(code: string, text: string): Code {
  const known = affinityDomain.practiceSettingCode.find((entry) => entry.code === code)
  return known ?? { code, scheme: DEPARTMENTS, display: text === '' ? code : text }
}

type Source = readonly [segments: readonly Segment[], field: number]

function firstFilled(message: Er7Message, sources: readonly Source[]): string | undefined {
  for (const [segments, field] of sources) {
    for (const segment of segments) {
      const raw = repetitions(message, segment, field).find((text) => !isNull(text))
      if (raw !== undefined) return raw
    }
  }
  return undefined
}

/** Delimiters inside a name would shift the components of XCN and XON. */
function clean(text: string): string {
  return text.replaceAll(/[\^&~|\\]/g, ' ').trim()
}

function xcn(message: Er7Message, raw: string, system: CallingSystem): string | undefined {
  const [id, family, given] = [1, 2, 3].map((part) => clean(component(message, raw, part)))
  if (`${id}${family}` === '') return undefined
  const authority = id === '' ? undefined : staffAuthority(system)
  const tail = authority === undefined ? '' : `^^^^^^&${authority}&ISO`
  return `${id}^${family}^${given}${tail}`
}

function institution(system: CallingSystem): string {
  const name = clean(system.facilityName)
  return system.facilityCode === undefined
    ? `${name}^^^^^^^^^${system.facilityOid}`
    : `${name}^^^^^&${affinityDomain.lists.facilityCodes}&ISO^^^^${system.facilityCode}`
}
