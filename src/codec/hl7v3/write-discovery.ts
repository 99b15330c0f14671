// Writes a patient discovery for another community, PRPA_IN201305UV02 under the rules of ITI-55 (ITI TF-2 3.55.4.1).

import type { Device, InstanceIdentifier } from '../../model/hl7v3.ts'
import type { Oid, PatientId } from '../../model/identifiers.ts'
import type { Address } from '../../model/person.ts'
import { concat, el, type Markup, text, trusted } from '../xml/write.ts'
import { HL7_INTERACTIONS } from './transmission.ts'
import { type Name, parameter, writeAddress, writeIds, writeName, writeSex } from './write-demographics-query.ts'
import { type MessageStamp, newStamp, writeIdentifier, writeMessage, XSI } from './write-transmission.ts'

export interface OutgoingDiscovery {
  /** Our gateway, with our homeCommunityId as its organization. */
  readonly sender: Device
  readonly receiver: Device
  readonly queryId: InstanceIdentifier
  /** Alternatives; whole names. */
  readonly names: readonly Omit<Name, 'matching'>[]
  readonly sex?: 'M' | 'F' | 'UN'
  /** Digits YYYY[MM[DD]]. */
  readonly birthDate?: string
  readonly address?: Address
  /** Alternatives. */
  readonly telecoms?: readonly string[]
  readonly mother?: Omit<Name, 'matching'>
  /** Ids of the person that the other side may compare. */
  readonly ids: readonly PatientId[]
  /** Authority of that one of the ids by which we may be asked about the person in turn. */
  readonly reverseAuthority?: Oid
  /** Where the answer is to go, when it need not come at once. */
  readonly respondTo?: string
}

const NOTHING = trusted('')

export function writeDiscovery(query: OutgoingDiscovery, stamp: MessageStamp = newStamp()): Markup {
  const { sender, receiver, queryId, respondTo } = query
  return writeMessage(
    {
      interaction: 'PRPA_IN201305UV02',
      stamp,
      acceptAckCode: 'AL',
      receiver,
      sender,
      ...(respondTo === undefined ? {} : { respondTo }),
    },
    el(
      'controlActProcess',
      { classCode: 'CACT', moodCode: 'EVN' },
      el('code', { code: 'PRPA_TE201305UV02', codeSystem: HL7_INTERACTIONS }),
      query.reverseAuthority === undefined ? NOTHING : writeAuthor(query.reverseAuthority),
      el(
        'queryByParameter',
        { 'xmlns:xsi': XSI },
        writeIdentifier('queryId', queryId),
        trusted('<statusCode code="new"/><responseModalityCode code="R"/>'),
        el('responsePriorityCode', { code: respondTo === undefined ? 'I' : 'D' }),
        writeParameters(query),
      ),
    ),
  )
}

function writeAuthor(authority: Oid): Markup {
  const device = el('assignedDevice', { classCode: 'ASSIGNED' }, el('id', { root: authority }))
  return el('authorOrPerformer', { typeCode: 'AUT' }, device)
}

/** In the order of the schema. */
function writeParameters({ sex, birthDate, mother, address, telecoms = [], ...query }: OutgoingDiscovery): Markup {
  return el(
    'parameterList',
    undefined,
    writeSex(sex),
    birthDate === undefined
      ? NOTHING
      : parameter('livingSubjectBirthTime', el('value', { value: birthDate }), 'LivingSubject.birthTime'),
    writeIds(query.ids),
    concat(query.names.map((name) => parameter('livingSubjectName', whole(name), 'LivingSubject.name'))),
    mother === undefined ? NOTHING : parameter('mothersMaidenName', whole(mother), 'Person.MothersMaidenName'),
    address === undefined ? NOTHING : writeAddress({ ...address, address: address.text }),
    telecoms.length === 0 ? NOTHING : writeTelecoms(telecoms),
  )
}

function whole(name: Omit<Name, 'matching'>): Markup {
  return writeName({ ...name, matching: 'exact' })
}

/** One parameter whose values are alternatives. */
function writeTelecoms(telecoms: readonly string[]): Markup {
  return el(
    'patientTelecom',
    undefined,
    concat(telecoms.map((value) => el('value', { value }))),
    el('semanticsText', undefined, text('Patient.telecom')),
  )
}
