// Reads the transmission wrapper of a PIXv3 request and applies the rules of ITI TF-2 Appendix O to it, in the order of 3.44.4.1.

import { iheError } from '../../../profiles/errors/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import type { Device, InstanceIdentifier, Transmission } from '../../model/hl7v3.ts'
import { type Oid, parseOid } from '../../model/identifiers.ts'
import { childOf, childrenOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'

export const HL7_INTERACTIONS = '2.16.840.1.113883.1.6'
export const HL7_ITS_VERSION = 'XML_1.0'
/** Name of the attribute xsi:type in a parsed element. */
export const XSI_TYPE = '{http://www.w3.org/2001/XMLSchema-instance}type'

/** The child `name` of `element` in the HL7 v3 namespace. */
export function child(element: XmlElement, name: string): XmlElement | undefined {
  return childOf(element, NS.hl7, name)
}

/** The children `name` of `element` in the HL7 v3 namespace. */
export function children(element: XmlElement, name: string): readonly XmlElement[] {
  return childrenOf(element, NS.hl7, name)
}

/** The one child that the shape has already proven to be there. @throws {IheError} V3_ELEMENT_MISSING when it is not. */
export function required(element: XmlElement, name: string, at: string): XmlElement {
  const found = child(element, name)
  if (found === undefined) throw iheError('V3_ELEMENT_MISSING', { at: `${at}/${name}` })
  return found
}

const MAX_ROOT_LENGTH = 128
const MAX_EXTENSION_LENGTH = 256

/** An II with a root; @throws {IheError} V3_ATTRIBUTE_MISSING without one, V3_DATA_TYPE for a root or extension beyond all use. */
export function readIdentifier(element: XmlElement, at: string): InstanceIdentifier {
  const root = element.attributes.get('root')
  const extension = element.attributes.get('extension')
  if (root === undefined) throw iheError('V3_ATTRIBUTE_MISSING', { at: `${at}/@root` })
  if (root.length > MAX_ROOT_LENGTH)
    throw iheError('V3_DATA_TYPE', { at: `${at}/@root`, rule: `at most ${MAX_ROOT_LENGTH} characters` })
  if (extension !== undefined && extension.length > MAX_EXTENSION_LENGTH)
    throw iheError('V3_DATA_TYPE', { at: `${at}/@extension`, rule: `at most ${MAX_EXTENSION_LENGTH} characters` })
  return extension === undefined ? { root } : { root, extension }
}

/**
 * An II that IHE restricts to a bare OID: device, organization, data source, scoping organization.
 * @throws {IheError} V3_ATTRIBUTE_NOT_ALLOWED for an extension, V3_DATA_TYPE for a root that is no OID.
 */
export function readOidOnly(element: XmlElement, at: string): Oid {
  const { root, extension } = readIdentifier(element, at)
  if (extension !== undefined) {
    throw iheError('V3_ATTRIBUTE_NOT_ALLOWED', { at: `${at}/@extension`, rule: 'OID-ONLY' })
  }
  const oid = parseOid(root)
  if (oid === undefined) throw iheError('V3_DATA_TYPE', { at: `${at}/@root`, value: root, rule: 'OID-ONLY' })
  return oid
}

/** @throws {IheError} V3_VALUE unless `element/@code` is `expected`. */
export function requireCode(element: XmlElement, expected: string, at: string): void {
  const code = element.attributes.get('code')
  if (code !== expected) {
    throw iheError('V3_VALUE', {
      at: `${at}/@code`,
      ...(code === undefined ? {} : { value: code }),
      rule: `must be ${expected}`,
    })
  }
}

/** @throws {IheError} V3_ATTRIBUTE_MISSING or V3_VERSION; part of the schema check (ITSVersion is required and fixed). */
export function checkItsVersion(body: XmlElement): void {
  const version = body.attributes.get('ITSVersion')
  const at = `/${body.name}/@ITSVersion`
  if (version === undefined) throw iheError('V3_ATTRIBUTE_MISSING', { at })
  if (version !== HL7_ITS_VERSION) throw iheError('V3_VERSION', { at, value: version })
}

/**
 * The wrapper of a message that has the right shape.
 * @throws {IheError} V3_INTERACTION, V3_PROCESSING_ID, V3_PROCESSING_MODE, V3_VALUE, V3_TOO_MANY, V3_ATTRIBUTE_NOT_ALLOWED, V3_DATA_TYPE.
 */
export function readTransmission(body: XmlElement): Transmission {
  const at = `/${body.name}`
  checkInteraction(body, at)
  checkModes(body, at)
  const [receiver, second] = children(body, 'receiver')
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${at}/receiver[2]` })
  if (receiver === undefined) throw iheError('V3_ELEMENT_MISSING', { at: `${at}/receiver` })
  return {
    interaction: body.name,
    id: readIdentifier(required(body, 'id', at), `${at}/id`),
    creationTime: readCreationTime(body, at),
    receiver: readDevice(receiver, `${at}/receiver`),
    sender: readDevice(required(body, 'sender', at), `${at}/sender`),
  }
}

function readCreationTime(body: XmlElement, at: string): string {
  const value = required(body, 'creationTime', at).attributes.get('value')
  if (value === undefined) throw iheError('V3_ATTRIBUTE_MISSING', { at: `${at}/creationTime/@value` })
  return value
}

/** The root element has the name of its interaction, but for a suffix that tells the operations of one interaction apart. */
export function interactionOf(root: string): string {
  return root.replace(/_Cancel$/, '')
}

function checkInteraction(body: XmlElement, at: string): void {
  const { root, extension } = readIdentifier(required(body, 'interactionId', at), `${at}/interactionId`)
  if (root !== HL7_INTERACTIONS || extension !== interactionOf(body.name)) {
    throw iheError('V3_INTERACTION', { at: `${at}/interactionId`, value: extension ?? root })
  }
}

function checkModes(body: XmlElement, at: string): void {
  const processing = required(body, 'processingCode', at).attributes.get('code') ?? ''
  if (!/^[PTD]$/.test(processing)) {
    throw iheError('V3_PROCESSING_ID', { at: `${at}/processingCode/@code`, value: processing })
  }
  const mode = required(body, 'processingModeCode', at).attributes.get('code') ?? ''
  if (mode !== 'T') throw iheError('V3_PROCESSING_MODE', { at: `${at}/processingModeCode/@code`, value: mode })
  requireCode(required(body, 'acceptAckCode', at), 'AL', `${at}/acceptAckCode`)
}

function readDevice(party: XmlElement, partyAt: string): Device {
  const at = `${partyAt}/device`
  const device = required(party, 'device', partyAt)
  const [id, second] = children(device, 'id')
  if (id === undefined) throw iheError('V3_ELEMENT_MISSING', { at: `${at}/id` })
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: `${at}/id[2]` })
  const agent = child(device, 'asAgent')
  const organization = agent === undefined ? undefined : child(agent, 'representedOrganization')
  const organizationId = organization === undefined ? undefined : child(organization, 'id')
  const oid = readOidOnly(id, `${at}/id`)
  if (organizationId === undefined || organizationId.attributes.has('nullFlavor')) return { id: oid }
  return { id: oid, organization: readOidOnly(organizationId, `${at}/asAgent/representedOrganization/id`) }
}

/** Continuation and cancellation have one trigger event, which IHE's prose and its table spell differently (ITI TF-2 3.47.4.3). */
const CONTINUATION_TRIGGERS: ReadonlySet<string> = new Set(['PRPA_TE000003UV01', 'QUQI_TE000003UV01'])

/**
 * The control act's trigger event, which must be the interaction's own (`PRPA_IN…` → `PRPA_TE…`).
 * @throws {IheError} V3_ELEMENT_MISSING, V3_VALUE or V3_CODE_SYSTEM.
 */
export function checkTrigger(controlAct: XmlElement, interaction: string): void {
  const at = `/${interaction}/controlActProcess/code`
  const code = required(controlAct, 'code', `/${interaction}/controlActProcess`)
  const isContinuation = interaction.startsWith('QUQI_') && CONTINUATION_TRIGGERS.has(code.attributes.get('code') ?? '')
  if (!isContinuation) requireCode(code, triggerOf(interaction), at)
  const system = code.attributes.get('codeSystem')
  if (system !== undefined && system !== HL7_INTERACTIONS) {
    throw iheError('V3_CODE_SYSTEM', { at: `${at}/@codeSystem`, value: system })
  }
}

/** Name of the trigger event that goes with an interaction. */
export function triggerOf(interaction: string): string {
  return interaction.startsWith('QUQI_') ? 'PRPA_TE000003UV01' : interaction.replace('_IN', '_TE')
}
