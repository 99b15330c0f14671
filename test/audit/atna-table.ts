// What the standard says of each audit message, written down once more and apart from the server: event, participants, objects
// (tables "Security Audit Considerations" of ITI TF-2 for each transaction; DICOM PS3.15 A.5.3).

import type { XmlElement } from '../../src/codec/xml/element.ts'

/** How a message names its participants. */
type Cast =
  /** The other system asks this one: Source, persons, Destination with our process id. */
  | 'asked'
  /** This system hands documents to the one that asked: we are the Source, and nobody but a person is a requestor. */
  | 'hands out'
  /** This system asks another one. */
  | 'asks'
  /** This system has documents handed to it by another one. */
  | 'fetches'
  | 'person reads'
  | 'person takes out'
  | 'security'
  | 'application'

interface Row {
  readonly event: string
  /** Empty: the event has no type. */
  readonly type: string
  readonly actions: string
  /** Where both sides of a transaction have the same event: either. */
  readonly cast: Cast | readonly Cast[]
  /** Kinds of objects: how many at least and at most, and what each of its details is called. */
  readonly objects: Readonly<Record<string, readonly [number, number, (readonly string[])?]>>
}

const MANY = Number.POSITIVE_INFINITY
const PATIENT = '1/1 2|RFC-3881|Patient Number'
const SUBMISSION =
  '2/20 urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd|IHE XDS Metadata|submission set classificationNode'
const DOCUMENT = '2/3 9|RFC-3881|Report Number'
const REMOVED_DOCUMENT = '2/3/15 9|RFC-3881|Report Number'
const REMOVED_OBJECT = '2/3/15 urn:ihe:iti:2017:ObjectRef|IHE XDS Metadata|registry object reference'
const RESOURCE = '2/13 12|RFC-3881|URI'
const RECORD = '4/26 XrequestId|IHE BALP|X-Request-Id'
const query = (id: string, text: string): string => `2/24 ${id}|IHE Transactions|${text}`

const EXPORT = '110106|DCM|Export'
const IMPORT = '110107|DCM|Import'
const RECORD_OF_PATIENT = '110110|DCM|Patient Record'
const QUERY = '110112|DCM|Query'
const ALERT = '110113|DCM|Security Alert'
const iti = (id: string, text: string): string => `${id}|IHE Transactions|${text}`
const own = (id: string, text: string): string => `${id}|Tsunagi|${text}`

const IN_ANSWER = ['Repository Unique Id', 'ihe:homeCommunityID?']
const STORED = ['QueryEncoding', 'urn:ihe:iti:xca:2010:homeCommunityId?']
const ONE_PATIENT = { [PATIENT]: [0, 1] } as const
const SUBMITTED = { ...ONE_PATIENT, [SUBMISSION]: [0, 1] } as const
const alert = (code: string, text: string): Row => ({
  event: ALERT,
  type: `${code}|DCM|${text}`,
  actions: 'E',
  cast: 'security',
  objects: { [PATIENT]: [0, 1], [RESOURCE]: [1, 1, ['Alert Description']] },
})
const feed = (type: string, detail: string): Omit<Row, 'cast' | 'actions'> => ({
  event: RECORD_OF_PATIENT,
  type,
  objects: { [PATIENT]: [0, MANY, [detail]] },
})

/** By EventTypeCode; with the EventID where two sides of a transaction differ. */
const ROWS: Readonly<Record<string, Row>> = {
  'ITI-18': {
    event: QUERY,
    type: iti('ITI-18', 'Registry Stored Query'),
    actions: 'E',
    cast: 'asked',
    objects: { ...ONE_PATIENT, [query('ITI-18', 'Registry Stored Query')]: [0, 1, STORED] },
  },
  'ITI-38': {
    event: QUERY,
    type: iti('ITI-38', 'Cross Gateway Query'),
    actions: 'E',
    cast: ['asked', 'asks'],
    objects: { ...ONE_PATIENT, [query('ITI-38', 'Cross Gateway Query')]: [0, 1, STORED] },
  },
  'ITI-39 110106': {
    event: EXPORT,
    type: iti('ITI-39', 'Cross Gateway Retrieve'),
    actions: 'R',
    cast: 'hands out',
    objects: { ...ONE_PATIENT, [DOCUMENT]: [0, MANY, IN_ANSWER] },
  },
  'ITI-39 110107': {
    event: IMPORT,
    type: iti('ITI-39', 'Cross Gateway Retrieve'),
    actions: 'C',
    cast: 'fetches',
    objects: { ...ONE_PATIENT, [DOCUMENT]: [0, MANY, IN_ANSWER] },
  },
  'ITI-51': {
    event: QUERY,
    type: iti('ITI-51', 'Multi-Patient Stored Query'),
    actions: 'E',
    cast: 'asked',
    objects: { ...ONE_PATIENT, [query('ITI-51', 'Multi-Patient Stored Query')]: [0, 1, STORED] },
  },
  'ITI-43 110106': {
    event: EXPORT,
    type: iti('ITI-43', 'Retrieve Document Set'),
    actions: 'R',
    cast: 'hands out',
    objects: { ...ONE_PATIENT, [DOCUMENT]: [0, MANY, IN_ANSWER] },
  },
  'ITI-43 110107': {
    event: IMPORT,
    type: iti('ITI-43', 'Retrieve Document Set'),
    actions: 'C',
    cast: 'fetches',
    objects: { ...ONE_PATIENT, [DOCUMENT]: [0, MANY, IN_ANSWER] },
  },
  'ITI-41': {
    event: IMPORT,
    type: iti('ITI-41', 'Provide and Register Document Set-b'),
    actions: 'C',
    cast: 'asked',
    objects: SUBMITTED,
  },
  'ITI-42 110107': {
    event: IMPORT,
    type: iti('ITI-42', 'Register Document Set-b'),
    actions: 'C',
    cast: 'asked',
    objects: SUBMITTED,
  },
  'ITI-42 110106': {
    event: EXPORT,
    type: iti('ITI-42', 'Register Document Set-b'),
    actions: 'R',
    cast: 'asks',
    objects: SUBMITTED,
  },
  'ITI-57': {
    event: IMPORT,
    type: iti('ITI-57', 'Update Document Set'),
    actions: 'U',
    cast: 'asked',
    objects: SUBMITTED,
  },
  'ITI-92': {
    event: IMPORT,
    type: iti('ITI-92', 'Restricted Update Document Set'),
    actions: 'U',
    cast: 'asked',
    objects: SUBMITTED,
  },
  'ITI-61': {
    event: IMPORT,
    type: iti('ITI-61', 'Register On-Demand Document Entry'),
    actions: 'C',
    cast: 'asked',
    objects: SUBMITTED,
  },
  'ITI-62': {
    event: RECORD_OF_PATIENT,
    type: iti('ITI-62', 'Remove Metadata'),
    actions: 'D',
    cast: 'asked',
    objects: { ...ONE_PATIENT, [REMOVED_OBJECT]: [0, MANY] },
  },
  'ITI-86': {
    event: RECORD_OF_PATIENT,
    type: iti('ITI-86', 'Remove Documents'),
    actions: 'D',
    cast: 'asked',
    objects: { ...ONE_PATIENT, [REMOVED_DOCUMENT]: [0, MANY, IN_ANSWER] },
  },
  'ITI-44': { ...feed(iti('ITI-44', 'Patient Identity Feed'), 'II'), actions: 'CUD', cast: ['asked', 'asks'] },
  'ITI-46': {
    ...feed(iti('ITI-46', 'PIX Update Notification'), 'II'),
    actions: 'RU',
    cast: ['asks', 'asked'],
  },
  'ITI-8': { ...feed(iti('ITI-8', 'Patient Identity Feed'), 'MSH-10'), actions: 'CUD', cast: 'asked' },
  'ITI-10': { ...feed(iti('ITI-10', 'PIX Update Notification'), 'MSH-10'), actions: 'R', cast: 'asks' },
  'ITI-45': {
    event: QUERY,
    type: iti('ITI-45', 'PIX Query'),
    actions: 'E',
    cast: ['asked', 'asks'],
    objects: { [PATIENT]: [0, MANY], [query('ITI-45', 'PIX Query')]: [0, 1] },
  },
  'ITI-9': {
    event: QUERY,
    type: iti('ITI-9', 'PIX Query'),
    actions: 'E',
    cast: 'asked',
    objects: { [PATIENT]: [0, MANY, ['MSH-10']], [query('ITI-9', 'PIX Query')]: [0, 1, ['MSH-10']] },
  },
  'ITI-55': {
    event: QUERY,
    type: iti('ITI-55', 'Cross Gateway Patient Discovery'),
    actions: 'E',
    cast: ['asked', 'asks'],
    objects: { ...ONE_PATIENT, [query('ITI-55', 'Cross Gateway Patient Discovery')]: [0, 1, ['ihe:homeCommunityID?']] },
  },
  'ITI-47': {
    event: QUERY,
    type: iti('ITI-47', 'Patient Demographics Query'),
    actions: 'E',
    cast: 'asked',
    objects: { ...ONE_PATIENT, [query('ITI-47', 'Patient Demographics Query')]: [0, 1] },
  },
  'ITI-21': {
    event: QUERY,
    type: iti('ITI-21', 'Patient Demographics Query'),
    actions: 'E',
    cast: 'asked',
    objects: {
      [PATIENT]: [0, 1, ['MSH-10']],
      [query('ITI-21', 'Patient Demographics Query')]: [0, 1, ['MSH-10']],
    },
  },
  'StoreClient 110107': {
    event: IMPORT,
    type: own('StoreClient', 'StoreClient HL7 v2.5 push'),
    actions: 'C',
    cast: 'asked',
    objects: { [PATIENT]: [0, MANY, ['MSH-10']], [DOCUMENT]: [0, MANY, IN_ANSWER] },
  },
  'StoreClient 110110': {
    event: RECORD_OF_PATIENT,
    type: own('StoreClient', 'StoreClient HL7 v2.5 push'),
    actions: 'CUD',
    cast: 'asked',
    objects: { [PATIENT]: [0, MANY, ['MSH-10']] },
  },
  calendar: {
    event: QUERY,
    type: own('calendar', 'Calendar of a patient'),
    actions: 'E',
    cast: 'person reads',
    objects: { ...ONE_PATIENT, '2/24 calendar|Tsunagi|Calendar of a patient': [0, 1] },
  },
  'clinical-content': {
    event: EXPORT,
    type: own('clinical-content', 'Content of a document'),
    actions: 'R',
    cast: 'person takes out',
    objects: { ...ONE_PATIENT, [DOCUMENT]: [0, MANY, IN_ANSWER] },
  },
  'patient-search': {
    event: QUERY,
    type: own('patient-search', 'Search for patients by staff'),
    actions: 'E',
    cast: 'person reads',
    objects: ONE_PATIENT,
  },
  'access-explain': {
    event: QUERY,
    type: own('access-explain', 'Explanation of access'),
    actions: 'E',
    cast: 'person reads',
    objects: ONE_PATIENT,
  },
  'ssmix-export': {
    event: EXPORT,
    type: own('ssmix-export', 'SS-MIX2 export'),
    actions: 'R',
    cast: 'person takes out',
    objects: ONE_PATIENT,
  },
  ledger: {
    event: EXPORT,
    type: own('ledger', 'Ledger of consents or links'),
    actions: 'R',
    cast: 'person takes out',
    objects: ONE_PATIENT,
  },
  '110122': {
    event: '110114|DCM|User Authentication',
    type: '110122|DCM|Login',
    actions: 'E',
    cast: 'security',
    objects: {},
  },
  '110123': {
    event: '110114|DCM|User Authentication',
    type: '110123|DCM|Logout',
    actions: 'E',
    cast: 'security',
    objects: {},
  },
  '': { event: '110101|DCM|Audit Log Used', type: '', actions: 'R', cast: 'security', objects: { [RESOURCE]: [1, 1] } },
  '110120': {
    event: '110100|DCM|Application Activity',
    type: '110120|DCM|Application Start',
    actions: 'E',
    cast: 'application',
    objects: {},
  },
  '110121': {
    event: '110100|DCM|Application Activity',
    type: '110121|DCM|Application Stop',
    actions: 'E',
    cast: 'application',
    objects: {},
  },
  '110126': alert('110126', 'Node Authentication'),
  '110127': alert('110127', 'Emergency Override Started'),
  '110129': alert('110129', 'Security Configuration'),
  '110132': alert('110132', 'Use of Restricted Function'),
  '110137': alert('110137', 'User Security Attributes Changed'),
  '110138': alert('110138', 'Emergency Override Stopped'),
  '110143': alert('110143', 'Authentication Decision'),
  'audit-checkpoint': {
    ...alert('audit-checkpoint', ''),
    type: own('audit-checkpoint', 'Signed state of the audit log'),
  },
  'audit-chain': { ...alert('audit-chain', ''), type: own('audit-chain', 'The audit log is not whole') },
}

/** Event types of which this table says nothing are a deviation too. */
export const TYPES: readonly string[] = Object.keys(ROWS)

const SOURCE = '110153|DCM|Source Role ID'
const DESTINATION = '110152|DCM|Destination Role ID'

/** In words, what of a message is not as the tables have it; none: it is. */
export function deviations(message: XmlElement): readonly string[] {
  const found: string[] = []
  const check = (holds: boolean, words: string): void => void (holds || found.push(words))
  const [event, ...others] = children(message)
  const participants = others.filter(({ name }) => name === 'ActiveParticipant')
  const objects = others.filter(({ name }) => name === 'ParticipantObjectIdentification')
  check(event?.name === 'EventIdentification', 'the event comes first')
  if (event === undefined) return found
  const [type = ''] = named(event, 'EventTypeCode').map(code)
  const eventId = named(event, 'EventID').map(code).join()
  const row = ROWS[`${type.split('|')[0]} ${eventId.split('|')[0]}`] ?? ROWS[type.split('|')[0] ?? '']
  if (row === undefined) return [`no table for ${eventId} ${type}`]
  check(eventId === row.event, `EventID ${eventId}, not ${row.event}`)
  check(type === row.type, `EventTypeCode ${type}, not ${row.type}`)
  check(row.actions.includes(attribute(event, 'EventActionCode')), `action ${attribute(event, 'EventActionCode')}`)
  check(['0', '4', '8', '12'].includes(attribute(event, 'EventOutcomeIndicator')), 'outcome 0, 4, 8 or 12')
  check(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(attribute(event, 'EventDateTime')), 'time with zone')
  const description = named(event, 'EventOutcomeDescription')[0]?.children.join('') ?? ''
  check(/^[A-Za-z0-9_ .:-]*$/.test(description), `EventOutcomeDescription is a code, not ${description}`)
  check(description === '' || attribute(event, 'EventOutcomeIndicator') !== '0', 'a success needs no description')
  found.push(...castDeviations(row.cast, participants), ...objectDeviations(row, objects), ...sourceDeviations(others))
  return found
}

function castDeviations(cast: Row['cast'], participants: readonly XmlElement[]): readonly string[] {
  const written = participants.map((one) => {
    const roles = named(one, 'RoleIDCode').map(code)
    const isOurs = attribute(one, 'AlternativeUserID') !== ''
    const who = roles.includes(SOURCE) ? 'source' : roles.includes(DESTINATION) ? 'destination' : 'other'
    return `${isOurs ? 'our ' : ''}${who}${attribute(one, 'UserIsRequestor') === 'true' ? ' asking' : ''}`
  })
  const places = participants
    .filter((one) => !placeIsTyped(one))
    .map((one) => `place ${attribute(one, 'NetworkAccessPointID')}`)
  return [cast].flat().some((one) => CASTS[one].test(written.join(', ')))
    ? places
    : [...places, `participants of "${cast}": ${written.join(', ')}`]
}

/** Persons have roles of their own or none: `other asking`. */
const CASTS: Readonly<Record<Cast, RegExp>> = {
  asked: /^(source asking|source(, other asking)+), our destination$/,
  'hands out': /^our source(, other asking)*, destination$/,
  asks: /^(our source asking|our source(, other asking)+), destination$/,
  fetches: /^source(, other asking)*, our destination$/,
  'person reads': /^(other asking, our destination|our destination asking)$/,
  'person takes out': /^(our source, other asking|our source asking)$/,
  security: /^our other, other( asking)?$/,
  application: /^our other, other asking$/,
}

function placeIsTyped(participant: XmlElement): boolean {
  const id = attribute(participant, 'NetworkAccessPointID')
  const type = attribute(participant, 'NetworkAccessPointTypeCode')
  if (id === '') return type === ''
  return (
    type === (/^(\d{1,3}\.){3}\d{1,3}$|^[0-9a-f:]*:[0-9a-f:]*$/i.test(id) ? '2' : '1') &&
    !/\]|:\d+$/.test(id.replace(/^[0-9a-f:]+$/i, ''))
  )
}

function objectDeviations(row: Row, objects: readonly XmlElement[]): readonly string[] {
  const allowed: Row['objects'] = { ...row.objects, [RECORD]: [1, 1, ['exchange']] }
  const kinds = objects.map(kindOf)
  const counts = Object.entries(allowed).flatMap(([kind, [least, most]]) => {
    const count = kinds.filter((other) => other === kind).length
    return count >= least && count <= most ? [] : [`${count} objects ${kind}`]
  })
  const each = objects.flatMap((object) => {
    const kind = kindOf(object)
    const of = allowed[kind]
    if (of === undefined) return [`object ${kind}`]
    return detailDeviations(kind, object, of[2] ?? [])
  })
  return [...counts, ...each]
}

function detailDeviations(kind: string, object: XmlElement, expected: readonly string[]): readonly string[] {
  const details = named(object, 'ParticipantObjectDetail')
  const types = details.map((detail) => attribute(detail, 'type'))
  const missing = expected.filter((type) => !type.endsWith('?') && !types.includes(type))
  const known = expected.map((type) => type.replace(/\?$/, ''))
  const strange = types.filter((type) => !known.includes(type))
  const encoded = [
    ...details.map((detail) => attribute(detail, 'value')),
    ...named(object, 'ParticipantObjectQuery').map((one) => one.children.join('')),
  ]
  return [
    ...missing.map((type) => `${kind} without ${type}`),
    ...strange.map((type) => `${kind} with ${type}`),
    ...encoded
      .filter((value) => Buffer.from(value, 'base64').toString('base64') !== value)
      .map(() => `${kind}: base64`),
    ...(/^2\/24 /.test(kind) && named(object, 'ParticipantObjectQuery').length !== 1
      ? [`${kind} without its query`]
      : []),
  ]
}

function kindOf(object: XmlElement): string {
  const lifeCycle = attribute(object, 'ParticipantObjectDataLifeCycle')
  const kind = `${attribute(object, 'ParticipantObjectTypeCode')}/${attribute(object, 'ParticipantObjectTypeCodeRole')}`
  const idType = named(object, 'ParticipantObjectIDTypeCode').map(code).join()
  return `${kind}${lifeCycle === '' ? '' : `/${lifeCycle}`} ${idType}`
}

function sourceDeviations(others: readonly XmlElement[]): readonly string[] {
  const [source, second] = others.filter(({ name }) => name === 'AuditSourceIdentification')
  if (source === undefined || second !== undefined) return ['one AuditSourceIdentification']
  const types = named(source, 'AuditSourceTypeCode').map(code).join()
  return types === '4|DCM|Application Server Process or Thread' && attribute(source, 'AuditSourceID') !== ''
    ? []
    : [`AuditSourceIdentification ${types}`]
}

export function children(element: XmlElement): readonly XmlElement[] {
  return element.children.filter((child): child is XmlElement => typeof child !== 'string')
}

export function named(element: XmlElement, name: string): readonly XmlElement[] {
  return children(element).filter((child) => child.name === name)
}

export function attribute(element: XmlElement, name: string): string {
  return element.attributes.get(name) ?? ''
}

function code(element: XmlElement): string {
  return ['csd-code', 'codeSystemName', 'originalText'].map((name) => attribute(element, name)).join('|')
}
