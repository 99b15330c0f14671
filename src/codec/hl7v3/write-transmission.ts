// Writes the wrappers that every PIXv3 message shares (MCCI_MT000100UV01, MCCI_MT000200UV01, MCCI_MT000300UV01; ITI TF-2 Appendix O).

import { randomUUID } from 'node:crypto'
import { NS } from '../../../profiles/transactions/define.ts'
import type { AcknowledgementDetail, Device, InstanceIdentifier } from '../../model/hl7v3.ts'
import { concat, el, type Markup, text, trusted } from '../xml/write.ts'
import { HL7_INTERACTIONS, HL7_ITS_VERSION, interactionOf } from './transmission.ts'

/** Id and creation time of a message we write. */
export interface MessageStamp {
  readonly id: InstanceIdentifier
  readonly at: Date
}

/** A stamp for a message written now, with a fresh UUID as id. */
export function newStamp(): MessageStamp {
  return { id: { root: randomUUID() }, at: new Date() }
}

/** A device whose id could not be read from a broken request is written as a null id. */
export type AnswerDevice = Device | undefined

export interface Wrapper {
  /** Name of the root element. */
  readonly interaction: string
  readonly stamp: MessageStamp
  /** AL in requests, NE in answers (ITI TF-2 3.44 and 3.45). */
  readonly acceptAckCode: 'AL' | 'NE'
  readonly receiver: AnswerDevice
  readonly sender: AnswerDevice
  /** Where a deferred answer goes (ITI TF-2 3.55.4.1). */
  readonly respondTo?: string
}

/** For xsi:type, where a value may be of several types. */
export const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

const NOTHING = trusted('')
const NULL_ID = trusted('<id nullFlavor="NI"/>')
const MODES = {
  AL: trusted('<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="AL"/>'),
  NE: trusted('<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="NE"/>'),
}

/** The message around `content`, which follows the sender. */
export function writeMessage(wrapper: Wrapper, ...content: readonly Markup[]): Markup {
  return el(
    wrapper.interaction,
    { xmlns: NS.hl7, ITSVersion: HL7_ITS_VERSION },
    writeIdentifier('id', wrapper.stamp.id),
    el('creationTime', { value: formatTime(wrapper.stamp.at) }),
    el('interactionId', { root: HL7_INTERACTIONS, extension: interactionOf(wrapper.interaction) }),
    MODES[wrapper.acceptAckCode],
    el('receiver', { typeCode: 'RCV' }, writeDevice(wrapper.receiver)),
    wrapper.respondTo === undefined ? NOTHING : writeRespondTo(wrapper.respondTo, wrapper.sender),
    el('sender', { typeCode: 'SND' }, writeDevice(wrapper.sender)),
    ...content,
  )
}

function writeRespondTo(url: string, entity: AnswerDevice): Markup {
  return el(
    'respondTo',
    { typeCode: 'RSP' },
    el('telecom', { value: url }),
    el('entityRsp', { classCode: 'ENT', determinerCode: 'INSTANCE' }, entityId(entity)),
  )
}

function entityId(device: AnswerDevice): Markup {
  return device === undefined ? NULL_ID : el('id', { root: device.id })
}

function writeDevice(device: AnswerDevice): Markup {
  const attributes = { classCode: 'DEV', determinerCode: 'INSTANCE' }
  const id = entityId(device)
  if (device?.organization === undefined) return el('device', attributes, id)
  const organization = el(
    'representedOrganization',
    { classCode: 'ORG', determinerCode: 'INSTANCE' },
    el('id', { root: device.organization }),
  )
  return el('device', attributes, id, el('asAgent', { classCode: 'AGNT' }, organization))
}

/** An II element; a null id when there is none to write. */
export function writeIdentifier(name: string, id: InstanceIdentifier | undefined): Markup {
  return id === undefined ? el(name, { nullFlavor: 'NI' }) : el(name, { root: id.root, extension: id.extension })
}

/** HL7 TS to the second, in UTC. */
function formatTime(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace(/[-:T]/g, '')}+0000`
}

export interface Acknowledgement {
  readonly typeCode: 'CA' | 'CE' | 'CR' | 'AA' | 'AE'
  /** Id of the request, both attributes as they came. */
  readonly target: InstanceIdentifier | undefined
  readonly details: readonly AcknowledgementDetail[]
}

/** The acknowledgement element (MCCI_MT000200UV01.Acknowledgement). */
export function writeAcknowledgementElement(acknowledgement: Acknowledgement): Markup {
  return el(
    'acknowledgement',
    undefined,
    el('typeCode', { code: acknowledgement.typeCode }),
    el('targetMessage', undefined, writeIdentifier('id', acknowledgement.target)),
    concat(acknowledgement.details.map(writeDetail)),
  )
}

function writeDetail(detail: AcknowledgementDetail): Markup {
  return el(
    'acknowledgementDetail',
    { typeCode: detail.type },
    el('code', { code: detail.code, codeSystem: detail.codeSystem }),
    el('text', undefined, text(detail.text)),
    ...detail.locations.map((location) => el('location', undefined, text(location))),
  )
}
