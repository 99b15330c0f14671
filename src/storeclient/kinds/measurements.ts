// OMG-13 生理検査結果 (ORU^R01) and VITAL バイタル (ORU^R30): measured values of the patient (HL7 v2.5 7.3.1, 7.3.4; SS-MIX2).

import { codeOf } from '../../../profiles/affinity-domain/index.ts'
import type { Measurements } from '../../model/clinical.ts'
import type { Code } from '../../model/code.ts'
import type { Er7Message, Segment } from '../../model/hl7v2.ts'
import { coded } from './fields.ts'
import { requestGroups } from './laboratory.ts'
import { observationGroup, resultKeys } from './observations.ts'
import { type Order, orderHead, orderReader } from './order-reader.ts'

const CODES = ['OBR-4', 'OBX-3']
/** JLAC10 analytes of electrocardiography. */
const ECG = /^9A1/
const ECG_STUDY = '11524-6'
/** OBX-14: the same thing measured at another hour is another result. */
const TIME_OF_OBSERVATION = 14

export const physiologyResult = orderReader({
  groups: requestGroups,
  numberIn: ['OBR-2', 'ORC-2'],
  service: { starts: ['OBR-7'], stops: [] },
  codes: CODES,
  results: (message, group) => resultKeys(message, group),
  guarded: true,
  refine: (message, { segments }) => physiologyType(message, segments),
  content: (message, order) => measurements(message, order, 'physiology-result'),
})

export const vitalSigns = orderReader({
  groups: requestGroups,
  numberIn: ['ORC-2', 'OBR-2'],
  service: { starts: ['OBX-14'], stops: [] },
  codes: ['OBX-3'],
  results: (message, group) => resultKeys(message, group, [TIME_OF_OBSERVATION]),
  guarded: true,
  content: (message, order) => measurements(message, order, 'vitals'),
})

/** An electrocardiogram has a document type of its own; other examinations have that of their kind. */
export function physiologyType(message: Er7Message, segments: readonly Segment[]): { readonly typeCode?: Code } {
  const asked = segments.filter(({ name }) => name === 'OBR').map((obr) => coded(message, obr, 4))
  const isEcg = asked.some(({ system, code }) => ['JC10', 'JLAC10'].includes(system) && ECG.test(code))
  return isEcg ? { typeCode: codeOf('typeCode', ECG_STUDY) } : {}
}

function measurements(message: Er7Message, order: Order, type: Measurements['type']): Measurements {
  return {
    type,
    order: orderHead(message, order),
    groups: order.groups.map((group) => observationGroup(message, group)),
  }
}
