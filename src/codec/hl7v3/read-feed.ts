// Reads a patient identity feed: PRPA_IN201301UV02 (add), PRPA_IN201302UV02 (revise), PRPA_IN201304UV02 (merge), ITI TF-2 3.44.4.

import { createHash } from 'node:crypto'
import { iheError } from '../../../profiles/errors/index.ts'
import type { IheError } from '../../model/error.ts'
import {
  formatIdentifier,
  type InstanceIdentifier,
  type PatientFeed,
  type PatientMerge,
  type Transmission,
} from '../../model/hl7v3.ts'
import { parseOid } from '../../model/identifiers.ts'
import type { LocatedPatientId } from '../../model/identity-feed.ts'
import type { XmlElement } from '../xml/read.ts'
import { serialize } from '../xml/write.ts'
import { ADD_SHAPE, MERGE_SHAPE, REVISE_SHAPE } from './feed-shapes.ts'
import { readPerson } from './person.ts'
import { checkShape } from './shape.ts'
import {
  checkItsVersion,
  checkTrigger,
  child,
  children,
  readIdentifier,
  readTransmission,
  requireCode,
  required,
} from './transmission.ts'

/** OtherIDs may be any role but these (ITI TF-2 Table 3.44.4.1.2-1); older senders use CIT for national numbers. */
const DISCOURAGED_ROLES: ReadonlySet<string> = new Set(['CIT', 'EMP'])

/**
 * The feed in the Body child `body`, whose root the pipeline has matched with its transaction.
 * Checks schema and profile in the order of ITI TF-2 3.44.4.1; domains are the actor's business.
 * @throws {IheError} the first deviation, with its XPath in `at`.
 */
export function readFeed(body: XmlElement): PatientFeed {
  const kind = body.name === 'PRPA_IN201302UV02' ? 'revise' : 'add'
  checkItsVersion(body)
  checkShape(body, kind === 'add' ? ADD_SHAPE : REVISE_SHAPE, `/${body.name}`)
  const transmission = readTransmission(body)
  const { event, at } = readRegistrationEvent(body)
  if (child(event, 'replacementOf') !== undefined) {
    throw iheError('V3_STRUCTURE', { at: `${at}/replacementOf`, rule: 'only in PRPA_IN201304UV02' })
  }
  const patient = required(required(event, 'subject1', at), 'patient', `${at}/subject1`)
  const custodian = required(required(event, 'custodian', at), 'assignedEntity', `${at}/custodian`)
  const subject = readPatient(patient, `${at}/subject1/patient`)
  return {
    kind,
    transmission,
    ...messageOf(body, transmission),
    ...subject,
    custodian: readIdentifier(
      required(custodian, 'id', `${at}/custodian/assignedEntity`),
      `${at}/custodian/assignedEntity/id`,
    ),
  }
}

/**
 * The merge in the Body child `body`: patient/id survives, priorRegisteredRole/id is subsumed (ITI TF-2 3.44.4.3.2).
 * @throws {IheError} as {@link readFeed}; also without exactly one prior registration with exactly one id, or when the survivor
 * has no name or no id.
 */
export function readMerge(body: XmlElement): PatientMerge {
  checkItsVersion(body)
  checkShape(body, MERGE_SHAPE, `/${body.name}`)
  const transmission = readTransmission(body)
  const { event, at } = readRegistrationEvent(body)
  const patient = required(required(event, 'subject1', at), 'patient', `${at}/subject1`)
  const patientAt = `${at}/subject1/patient`
  const person = requirePerson(patient, patientAt)
  const survivors = readPatientIds(patient, patientAt)
  if (survivors.length === 0) throw iheError('V3_ELEMENT_MISSING', { at: `${patientAt}/id` })
  const { demographics, warnings } = readPerson(patient, person, `${patientAt}/patientPerson`)
  if (demographics.names.length === 0) throw iheError('V3_ELEMENT_MISSING', { at: `${patientAt}/patientPerson/name` })
  return {
    kind: 'merge',
    transmission,
    ...messageOf(body, transmission),
    survivors,
    subsumed: readSubsumed(event, at),
    warnings,
  }
}

function readSubsumed(event: XmlElement, eventAt: string): LocatedPatientId {
  const [replacement, second] = children(event, 'replacementOf')
  if (replacement === undefined) throw iheError('V3_ELEMENT_MISSING', { at: `${eventAt}/replacementOf` })
  if (second !== undefined) {
    throw iheError('V3_TOO_MANY', { at: `${eventAt}/replacementOf[2]`, rule: 'one pair of ids a message' })
  }
  const at = `${eventAt}/replacementOf[1]/priorRegistration`
  const prior = required(replacement, 'priorRegistration', `${eventAt}/replacementOf[1]`)
  requireCode(required(prior, 'statusCode', at), 'obsolete', `${at}/statusCode`)
  const roleAt = `${at}/subject1/priorRegisteredRole`
  const role = required(required(prior, 'subject1', at), 'priorRegisteredRole', `${at}/subject1`)
  if (children(role, 'id').length > 1) {
    throw iheError('V3_TOO_MANY', { at: `${roleAt}/id[2]`, rule: 'one pair of ids a message' })
  }
  const [subsumed] = readPatientIds(role, roleAt)
  if (subsumed === undefined) throw iheError('V3_ELEMENT_MISSING', { at: `${roleAt}/id` })
  return subsumed
}

/** Identity of the message, and the message element as XML. */
function messageOf(
  body: XmlElement,
  { id }: Transmission,
): Pick<PatientFeed, 'transaction' | 'message' | 'received' | 'digest'> {
  const received = serialize(body)
  return {
    transaction: 'ITI-44',
    message: { key: formatIdentifier(id), at: `/${body.name}/id` },
    received,
    digest: createHash('sha256').update(received).digest('hex'),
  }
}

function readRegistrationEvent(body: XmlElement): { readonly event: XmlElement; readonly at: string } {
  const control = `/${body.name}/controlActProcess`
  const controlAct = required(body, 'controlActProcess', `/${body.name}`)
  checkTrigger(controlAct, body.name)
  const [subject, second] = children(controlAct, 'subject')
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${control}/subject[2]` })
  if (subject === undefined) throw iheError('V3_ELEMENT_MISSING', { at: `${control}/subject` })
  const at = `${control}/subject[1]/registrationEvent`
  const event = required(subject, 'registrationEvent', `${control}/subject[1]`)
  requireCode(required(event, 'statusCode', at), 'active', `${at}/statusCode`)
  return { event, at }
}

type ReadPatient = Pick<PatientFeed, 'patientIds' | 'otherIds' | 'demographics' | 'masked' | 'provider' | 'warnings'>

function requirePerson(patient: XmlElement, at: string): XmlElement {
  if (child(patient, 'patientNonPersonLivingSubject') !== undefined) {
    throw iheError('V3_STRUCTURE', { at: `${at}/patientNonPersonLivingSubject`, rule: 'a patient is a person' })
  }
  const person = required(patient, 'patientPerson', at)
  requireCode(required(patient, 'statusCode', at), 'active', `${at}/statusCode`)
  return person
}

function readPatient(patient: XmlElement, at: string): ReadPatient {
  const person = requirePerson(patient, at)
  const patientIds = readPatientIds(patient, at)
  const { demographics, masked, warnings } = readPerson(patient, person, `${at}/patientPerson`)
  if (patientIds.length === 0 && demographics.names.length === 0) {
    throw iheError('V3_ELEMENT_MISSING', { at: `${at}/id`, rule: 'name or id is required' })
  }
  const others = readOtherIds(person, `${at}/patientPerson`)
  const { provider, deviations } = readProvider(patient, patientIds, at)
  return {
    patientIds,
    otherIds: others.ids,
    demographics,
    masked,
    ...(provider === undefined ? {} : { provider }),
    warnings: [...warnings, ...others.deviations, ...deviations],
  }
}

/** Ids without root and extension are no identifiers (ITI TF-2 Appendix E.1) and are left out. */
function readPatientIds(role: XmlElement, at: string): readonly LocatedPatientId[] {
  return children(role, 'id').flatMap((element, index) => {
    const root = element.attributes.get('root')
    const value = element.attributes.get('extension')
    if (root === undefined || value === undefined || element.attributes.has('nullFlavor')) return []
    const idAt = `${at}/id[${index + 1}]`
    const authority = parseOid(root)
    if (authority === undefined) throw iheError('V3_DATA_TYPE', { at: `${idAt}/@root`, value: root, rule: 'OID' })
    return { id: { value, authority }, at: idAt }
  })
}

function readOtherIds(
  person: XmlElement,
  at: string,
): { readonly ids: readonly LocatedPatientId[]; readonly deviations: readonly IheError[] } {
  const roles = children(person, 'asOtherIDs').map((role, index) => ({ role, at: `${at}/asOtherIDs[${index + 1}]` }))
  return {
    ids: roles.flatMap((other) => {
      const ids = readPatientIds(other.role, other.at)
      checkScope(other.role, ids, other.at)
      return ids
    }),
    deviations: roles.flatMap((other) =>
      DISCOURAGED_ROLES.has(other.role.attributes.get('classCode') ?? '')
        ? iheError('V3_TOLERATED', { at: `${other.at}/@classCode`, rule: 'not CIT or EMP' })
        : [],
    ),
  }
}

function checkScope(role: XmlElement, ids: readonly LocatedPatientId[], at: string): void {
  const scope = child(required(role, 'scopingOrganization', at), 'id')
  const root = scope?.attributes.get('root')
  const wrong = ids.find((other) => other.id.authority !== root)
  if (wrong !== undefined) {
    throw iheError('V3_VALUE', { at: `${wrong.at}/@root`, rule: 'must equal scopingOrganization/id/@root' })
  }
  if (scope?.attributes.has('extension')) {
    throw iheError('V3_ATTRIBUTE_NOT_ALLOWED', { at: `${at}/scopingOrganization/id/@extension`, rule: 'OID-ONLY' })
  }
}

function readProvider(
  patient: XmlElement,
  ids: readonly LocatedPatientId[],
  at: string,
): { readonly provider?: InstanceIdentifier; readonly deviations: readonly IheError[] } {
  const organization = child(patient, 'providerOrganization')
  const id = organization === undefined ? undefined : child(organization, 'id')
  const idAt = `${at}/providerOrganization/id`
  if (id === undefined || id.attributes.has('nullFlavor')) {
    return { deviations: [iheError('V3_TOLERATED', { at: idAt, rule: 'a provider organization is expected' })] }
  }
  const provider = readIdentifier(id, idAt)
  const isSource = ids.some((patientId) => patientId.id.authority === provider.root)
  return {
    provider,
    deviations: isSource
      ? []
      : [iheError('V3_TOLERATED', { at: `${idAt}/@root`, value: provider.root, rule: 'root of one of patient/id' })],
  }
}
