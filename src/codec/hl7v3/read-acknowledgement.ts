// Reads MCCI_IN000002UV01 and the acknowledgement part of any answer, leniently: peers mix the A and C families (HL7 v3 MCCI_MT000200UV01).

import { iheError } from '../../../profiles/errors/index.ts'
import type { AcknowledgementDetail, FeedAcknowledgement, InstanceIdentifier } from '../../model/hl7v3.ts'
import { textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { child, children } from './transmission.ts'

export interface ReceivedAcknowledgement extends FeedAcknowledgement {
  /** Id of the message that is acknowledged, when it was given. */
  readonly target?: InstanceIdentifier
}

const FAMILY: ReadonlyMap<string, FeedAcknowledgement['code']> = new Map([
  ['CA', 'CA'],
  ['AA', 'CA'],
  ['CE', 'CE'],
  ['AE', 'CE'],
  ['CR', 'CR'],
  ['AR', 'CR'],
])

/** @throws {IheError} V3_ELEMENT_MISSING without an acknowledgement, V3_VALUE for an unknown typeCode. */
export function readAcknowledgement(body: XmlElement): ReceivedAcknowledgement {
  const at = `/${body.name}/acknowledgement`
  const acknowledgement = child(body, 'acknowledgement')
  if (acknowledgement === undefined) throw iheError('V3_ELEMENT_MISSING', { at })
  const stated = child(acknowledgement, 'typeCode')?.attributes.get('code') ?? ''
  const code = FAMILY.get(stated)
  if (code === undefined) throw iheError('V3_VALUE', { at: `${at}/typeCode/@code`, value: stated })
  const targetMessage = child(acknowledgement, 'targetMessage')
  const target = targetMessage === undefined ? undefined : readTarget(child(targetMessage, 'id'))
  return {
    code,
    details: children(acknowledgement, 'acknowledgementDetail').map(readDetail),
    ...(target === undefined ? {} : { target }),
  }
}

function readTarget(id: XmlElement | undefined): InstanceIdentifier | undefined {
  const root = id?.attributes.get('root')
  const extension = id?.attributes.get('extension')
  if (root === undefined) return undefined
  return extension === undefined ? { root } : { root, extension }
}

function readDetail(detail: XmlElement): AcknowledgementDetail {
  const type = detail.attributes.get('typeCode')
  const code = child(detail, 'code')
  return {
    type: type === 'W' || type === 'I' ? type : 'E',
    code: code?.attributes.get('code') ?? '',
    codeSystem: code?.attributes.get('codeSystem') ?? '',
    text: textOf(child(detail, 'text')),
    locations: children(detail, 'location').map(textOf),
  }
}
