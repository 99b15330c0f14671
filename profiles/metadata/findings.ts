// Checks of one registry object, each breach a finding by its rule (ITI TF-3 4.2.3.1; rules.ts).

import {
  type Association,
  type Classification,
  plainText,
  type RegistryObject,
  type Slot,
  slotValues,
} from '../../src/model/ebrim.ts'
import type { IheError } from '../../src/model/error.ts'
import {
  ASSOCIATION_DOCUMENTATION,
  type Attribute,
  AUTHOR_IDENTITY,
  associationSlots,
  authorSlots,
  type MetadataKind,
} from './attributes.ts'
import { attributeRule, authorRule, finding, onDemandRule } from './rules.ts'
import { padDtm, repeatedPatientFields, typeRules } from './types.ts'

/** Where an attribute is looked for, for the finding about it. */
export interface Place {
  readonly attribute: Attribute
  readonly kind: MetadataKind
  readonly at: string
}

export function countFindings(count: number, { attribute, kind, at }: Place): readonly IheError[] {
  const { name } = attribute
  if (count === 0 && attribute.required === 'yes') return [finding(attributeRule(kind, name, 'REQUIRED'), { at })]
  if (count > 0 && attribute.cardinality === 'none') return [finding(onDemandRule(name), { at })]
  if (count > 1 && attribute.cardinality === 'one')
    return [finding(attributeRule(kind, name, 'SINGLE'), { at, value: `${count} values` })]
  return []
}

export function typeFindings(values: readonly string[], { attribute, kind, at }: Place): readonly IheError[] {
  const rule = typeRules[attribute.type]
  return values
    .filter((value) => !rule.accepts(value))
    .map((value) => finding(attributeRule(kind, attribute.name, rule.id), { at, value }))
}

export function codeFindings(entry: Classification, { attribute, kind, at }: Place): readonly IheError[] {
  const value = entry.nodeRepresentation
  const findings: IheError[] = []
  if (value === '' || !hasScheme(entry))
    findings.push(finding(attributeRule(kind, attribute.name, 'CODE'), { at, value }))
  if (!hasDisplay(entry)) findings.push(finding(attributeRule(kind, attribute.name, 'DISPLAY'), { at, value }))
  return findings
}

function hasScheme(entry: Classification): boolean {
  const schemes = slotValues(entry, 'codingScheme')
  return schemes.length === 1 && schemes[0] !== ''
}

function hasDisplay(entry: Classification): boolean {
  return (plainText(entry.name) ?? '') !== ''
}

/** What one author says of a person or device (ITI TF-3 4.2.3.1.4). */
export function authorFindings(entry: Classification, at: string): readonly IheError[] {
  const findings: IheError[] = []
  if (entry.nodeRepresentation !== '')
    findings.push(finding('XDS-AUTHOR-NODEREPRESENTATION', { at, value: entry.nodeRepresentation }))
  if (!AUTHOR_IDENTITY.some((name) => slotValues(entry, name).some((value) => value !== '')))
    findings.push(finding('XDS-AUTHOR-IDENTIFIED', { at }))
  for (const value of repeatedNames(entry.slots)) findings.push(finding('XDS-AUTHOR-SLOT-UNIQUE', { at, value }))
  for (const slot of authorSlots) {
    const values = slotValues(entry, slot.name)
    const rule = typeRules[slot.type]
    const place = `${at}.${slot.name}`
    if (slot.cardinality === 'one' && values.length > 1)
      findings.push(finding(authorRule(slot.name, 'SINGLE'), { at: place, value: `${values.length} values` }))
    for (const value of values)
      if (!rule.accepts(value)) findings.push(finding(authorRule(slot.name, rule.id), { at: place, value }))
  }
  return findings
}

/** Rules over several attributes of a DocumentEntry. */
export function entryFindings(
  object: RegistryObject,
  texts: ReadonlyMap<string, readonly string[]>,
): readonly IheError[] {
  const at = `DocumentEntry(${object.id})`
  const [start] = texts.get('serviceStartTime') ?? []
  const [stop] = texts.get('serviceStopTime') ?? []
  const wrongOrder = start !== undefined && stop !== undefined && padDtm(start) > padDtm(stop)
  return [
    ...(wrongOrder
      ? [finding('XDS-DE-SERVICETIME-ORDER', { at: `${at}.serviceStartTime`, value: `${start} > ${stop}` })]
      : []),
    ...repeatedPatientFields(texts.get('sourcePatientInfo') ?? []).map((field) =>
      finding('XDS-DE-SOURCEPATIENTINFO-REPEATED', { at: `${at}.sourcePatientInfo`, value: `PID-${field}` }),
    ),
  ]
}

/** Parent links, unique slot names and the lengths of the schema hold for every object (ITI TF-3 4.2.3.1). */
export function structureFindings(object: RegistryObject, at: string): IheError[] {
  return [
    ...object.classifications
      .filter((entry) => entry.classifiedObject !== object.id)
      .map((entry) =>
        finding('XDS-OBJECT-CLASSIFIEDOBJECT', {
          at: `${at}/Classification/@classifiedObject`,
          value: entry.classifiedObject,
        }),
      ),
    ...object.externalIdentifiers
      .filter((entry) => entry.registryObject !== object.id)
      .map((entry) =>
        finding('XDS-OBJECT-REGISTRYOBJECT', {
          at: `${at}/ExternalIdentifier/@registryObject`,
          value: entry.registryObject,
        }),
      ),
    ...repeatedNames(object.slots).map((value) => finding('XDS-OBJECT-SLOT-UNIQUE', { at: `${at}/Slot`, value })),
    ...lengthFindings(object, at),
  ]
}

function repeatedNames(slots: readonly Slot[]): readonly string[] {
  const names = new Set<string>()
  const repeated = new Set<string>()
  for (const { name } of slots) (names.has(name) ? repeated : names).add(name)
  return [...repeated]
}

const LONG_NAME = 256
const FREE_FORM_TEXT = 1024

function lengthFindings(object: RegistryObject | Association, at: string): readonly IheError[] {
  const { classifications, externalIdentifiers = [] } = object
  const slots = [object, ...classifications].flatMap((entry) => entry.slots)
  const values = [
    ...slots.flatMap(({ name, values }) => [name, ...values]),
    ...classifications.map(({ nodeRepresentation }) => nodeRepresentation),
    ...externalIdentifiers.map(({ value }) => value),
    ...('mimeType' in object && object.mimeType !== undefined ? [object.mimeType] : []),
  ]
  const texts = [object.name, object.description, ...classifications.map(({ name }) => name)]
  return [
    ...values
      .filter((value) => isLonger(value, LONG_NAME))
      .map((value) => finding('XDS-OBJECT-VALUE-LENGTH', { at, value })),
    ...texts
      .flatMap((text) => text ?? [])
      .filter(({ value }) => isLonger(value, FREE_FORM_TEXT))
      .map(({ value }) => finding('XDS-OBJECT-TEXT-LENGTH', { at, value })),
  ]
}

/** In characters, as XML Schema counts: one beyond the BMP is two units of a JavaScript string. */
function isLonger(value: string, limit: number): boolean {
  return value.length > limit && Array.from(value).length > limit
}

/** What an association itself must be like; from what to what it leads is the registry's to judge (ITI TF-3 4.2.2). */
export function associationMetadataFindings(association: Association): readonly IheError[] {
  const at = `Association(${association.id === '' ? association.type : association.id})`
  const documentation = association.classifications.filter(({ scheme }) => scheme === ASSOCIATION_DOCUMENTATION)
  return [
    ...association.classifications
      .filter((entry) => entry.classifiedObject !== association.id)
      .map((entry) =>
        finding('XDS-OBJECT-CLASSIFIEDOBJECT', {
          at: `${at}/Classification/@classifiedObject`,
          value: entry.classifiedObject,
        }),
      ),
    ...repeatedNames(association.slots).map((value) => finding('XDS-OBJECT-SLOT-UNIQUE', { at: `${at}/Slot`, value })),
    ...association.slots
      .filter(({ name }) => !associationSlots.includes(name) && !isExtraName(name))
      .map(({ name }) => finding('XDS-OBJECT-SLOT-NAME', { at: `${at}/Slot`, value: name })),
    ...lengthFindings(association, at),
    ...(documentation.length > 1
      ? [
          finding('XDS-ASSOCIATION-DOCUMENTATION', {
            at: `${at}/Classification`,
            value: `${documentation.length} codes`,
          }),
        ]
      : []),
    ...documentation
      .filter((entry) => entry.nodeRepresentation === '' || !hasScheme(entry) || !hasDisplay(entry))
      .map((entry) =>
        finding('XDS-ASSOCIATION-DOCUMENTATION-CODE', { at: `${at}/Classification`, value: entry.nodeRepresentation }),
      ),
  ]
}

const URN = /^urn:[a-z0-9][a-z0-9-]{0,31}:./i
/** Names that begin so belong to IHE, whatever their case (RFC 8141). */
const IHE_SLOT = /^urn:ihe:/i

function isExtraName(name: string): boolean {
  return URN.test(name) && !IHE_SLOT.test(name)
}

/** Extra metadata must be named by a URN outside urn:ihe: (ITI TF-3 4.2.3.1.6). */
export function extraSlotFindings(
  object: { readonly kind: RegistryObject['kind'] | 'Association'; readonly id: string },
  slots: readonly Slot[],
): readonly IheError[] {
  return slots
    .filter(({ name }) => !isExtraName(name))
    .map(({ name }) => finding('XDS-OBJECT-SLOT-NAME', { at: `${object.kind}(${object.id})/Slot`, value: name }))
}
