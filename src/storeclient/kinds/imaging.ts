// OMG-01/11 放射線, OMG-02/12 内視鏡, OMG-03 生理検査指示: examinations asked for and done (HL7 v2.5 4.4.6 OMG^O19, 4.4.12 OMI^O23; SS-MIX2).

import type { Imaging } from '../../model/clinical.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import { component, type Er7Message, repetitions, type Segment } from '../../model/hl7v2.ts'
import { coded, groupsFrom, staff, text, texts, time } from './fields.ts'
import { physiologyType } from './measurements.ts'
import { commentsOf, observationsOf, valueText } from './observations.ts'
import { type Group, numberOf, type Order, type OrderFamily, orderHead, orderReader } from './order-reader.ts'
import type { Reading } from './reader.ts'

/** HL7 table 0119: the order is part of another one. */
const CHILD = 'CH'
const REFERENCE_STUDY = 'urn:ihe:iti:xds:2016:studyInstanceUID'
const REFERENCE_ACCESSION = 'urn:ihe:iti:xds:2013:accession'
const DICOM_UID = /^[0-9]+(\.[0-9]+)+$/
/** JSHR: begin and end of an examination. */
const EXAMINATION_TIMES = new Set(['TM-P1', 'TM-P2'])

const DAY_MS = 86_400_000
const NUMBER_IN = ['ORC-2', 'OBR-2']

const FAMILY: Omit<OrderFamily, 'content' | 'service'> = {
  groups: (message) => groupsFrom(message.segments, ['ORC']),
  numberIn: NUMBER_IN,
  numbers: familyNumbers,
  codes: ['OBR-4', 'ZE1-3'],
}
const PLANNED = ['TQ1-7', 'OBR-36', 'ORC-9']

export const radiologyOrder = orderReader({
  ...FAMILY,
  service: { starts: PLANNED, stops: [] },
  content: (message, order) => imaging(message, order, { type: 'imaging-order', discipline: 'radiology' }),
})

export const radiologyDone = orderReader({
  ...FAMILY,
  service: { starts: ['OBR-7'], stops: ['OBR-8'] },
  refine: (message, order) => studyReferences(message, order),
  content: (message, order) => imaging(message, order, { type: 'imaging-performed', discipline: 'radiology' }),
})

export const endoscopyOrder = orderReader({
  ...FAMILY,
  service: { starts: ['OBR-7', ...PLANNED], stops: [] },
  further: examinationTimes,
  content: (message, order) => imaging(message, order, { type: 'imaging-order', discipline: 'endoscopy' }),
})

export const endoscopyDone = orderReader({
  ...FAMILY,
  service: { starts: ['OBR-7'], stops: [] },
  further: examinationTimes,
  refine: (message, order) => studyReferences(message, order),
  content: (message, order) => imaging(message, order, { type: 'imaging-performed', discipline: 'endoscopy' }),
})

export const physiologyOrder = orderReader({
  ...FAMILY,
  service: { starts: ['OBR-7', ...PLANNED], stops: [] },
  refine: (message, { segments }) => physiologyType(message, segments),
  content: (message, order) => imaging(message, order, { type: 'imaging-order', discipline: 'physiology' }),
})

/** A child stands under the number of its parent: the one it names, else the one before it. */
function familyNumbers(message: Er7Message, groups: readonly Group[]): readonly string[] {
  const mains = mainNumbers(message, groups)
  return groups.map((group, index) => {
    const own = numberOf(message, group, NUMBER_IN)
    const main = mains[index] ?? (mains.includes(own) ? own : undefined)
    if (main !== undefined) return main
    const named = parentNumber(message, group)
    const before = mains.slice(0, index).findLast((number) => number !== undefined)
    return (mains.includes(named) ? named : before) ?? (named === '' ? own : named)
  })
}

/** Numbers of those that are no children. The parent (PA) is the new order (NW) again; of two numbers it gives, that one is meant. */
function mainNumbers(message: Er7Message, groups: readonly Group[]): readonly (string | undefined)[] {
  const seen = new Set<string>()
  return groups.map((group) => {
    if (isChild(message, group)) return undefined
    const [own = '', ...others] = NUMBER_IN.map((at) => numberOf(message, group, [at])).filter(
      (number) => number !== '',
    )
    const known = seen.has(own) ? own : others.find((number) => seen.has(number))
    seen.add(known ?? own)
    return known ?? own
  })
}

function isChild(message: Er7Message, group: Group): boolean {
  return (
    group.some((segment) => segment.name === 'ORC' && text(message, segment, 1) === CHILD) ||
    parentNumber(message, group) !== ''
  )
}

/** ORC-8 or OBR-29, the placer's number. */
function parentNumber(message: Er7Message, group: Group): string {
  const parents = group.flatMap((segment) => {
    const field = { ORC: 8, OBR: 29 }[segment.name]
    return field === undefined ? [] : [component(message, repetitions(message, segment, field)[0], 1, 1).trim()]
  })
  return parents.find((parent) => parent !== '' && parent !== '""') ?? ''
}

/** TM-P1 and TM-P2, unless they lie on another day than the examination: what is typed in by hand may be a month off. */
function examinationTimes(message: Er7Message, { segments }: Order): readonly Hl7Time[] {
  const days = segments.filter(({ name }) => name === 'OBR').flatMap((obr) => time(message, obr, 7) ?? [])
  return segments
    .filter((segment) => segment.name === 'OBX' && EXAMINATION_TIMES.has(text(message, segment, 3)))
    .flatMap((obx) => time(message, obx, 5) ?? [])
    .filter(({ startMs }) => days.length === 0 || days.some((day) => Math.abs(startMs - day.startMs) < 2 * DAY_MS))
}

/** Study and accession number, by which an image server is asked (ITI TF-3 4.2.3.2.28). */
function studyReferences(message: Er7Message, order: Order): Pick<Reading, 'references'> {
  const references = studiesOf(message, order.segments).flatMap(({ accession, studyUid }) => [
    ...(DICOM_UID.test(studyUid) ? [`${studyUid}^^^^${REFERENCE_STUDY}`] : []),
    ...(accession === '' ? [] : [`${accession.replaceAll(/[\^&~|]/g, ' ')}^^^^${REFERENCE_ACCESSION}`]),
  ])
  return references.length === 0 ? {} : { references: [...new Set(references)] }
}

function studiesOf(message: Er7Message, segments: readonly Segment[]): Imaging['studies'] {
  const studies = new Map<string, Imaging['studies'][number]>()
  for (const ipc of segments.filter(({ name }) => name === 'IPC')) {
    const [accession = '', studyUid = '', modality = ''] = [1, 3, 5].map((field) => text(message, ipc, field))
    studies.set([accession, studyUid, modality].join('|'), { accession, studyUid, modality })
  }
  return [...studies.values()]
}

function imaging(
  message: Er7Message,
  order: Order,
  { type, discipline }: Pick<Imaging, 'type' | 'discipline'>,
): Imaging {
  return {
    type,
    discipline,
    order: orderHead(message, order),
    procedures: order.groups.flatMap((group) => procedureOf(message, group)),
    performed: groupsFrom(order.segments, ['ZE1', 'ORC', 'OBR', 'IPC']).flatMap((group) => performedIn(message, group)),
    studies: studiesOf(message, order.segments),
  }
}

function procedureOf(message: Er7Message, group: Group): Imaging['procedures'] {
  const obr = group.find(({ name }) => name === 'OBR')
  if (obr === undefined) return []
  const tq1 = group.find(({ name }) => name === 'TQ1')
  const at = time(message, obr, 7) ?? time(message, obr, 36) ?? time(message, tq1, 7)
  return [
    {
      procedure: coded(message, obr, 4),
      control: text(
        message,
        group.find(({ name }) => name === 'ORC'),
        1,
      ),
      ...(at === undefined ? {} : { at }),
      comments: [...texts(message, obr, 13), ...texts(message, tq1, 11), ...commentsOf(message, group)],
      observations: observationsOf(message, withoutMaterials(message, group)),
    },
  ]
}

/** What was used up stands with the act (ZE1) it was used for. */
function withoutMaterials(message: Er7Message, group: Group): Group {
  const act = group.findIndex(({ name }) => name === 'ZE1')
  return act === -1 ? group : group.filter((segment, index) => index < act || !isMaterial(message, segment))
}

function isMaterial(message: Er7Message, segment: Segment): boolean {
  return segment.name === 'OBX' && text(message, segment, 2) === 'ZRD'
}

/** What one ZE1 says, with the OBX and ZE2 that belong to it. */
function performedIn(message: Er7Message, group: Group): Imaging['performed'] {
  const ze1 = group[0]
  if (ze1?.name !== 'ZE1') return []
  const materials = group.filter((segment) => isMaterial(message, segment))
  const by = staff(message, ze1, 7)
  return [
    {
      act: coded(message, ze1, 3),
      ...(by === undefined ? {} : { by }),
      supplies: [
        ...repetitions(message, ze1, 9).map((raw) => supply(message, raw)),
        ...materials.map((obx) => valueText(message, obx)),
      ].filter((item) => item !== ''),
      exposures: group.filter(({ name }) => name === 'ZE2').map((ze2) => exposure(message, ze2)),
    },
  ]
}

/** ZRD: code, text, system, quantity, unit. */
function supply(message: Er7Message, raw: string): string {
  const part = (number: number, subcomponent?: number) => component(message, raw, number, subcomponent)
  return [part(2) || part(1), `${part(4)}${part(5, 2) || part(5, 1)}`].filter((text) => text !== '').join(' ')
}

/** Voltage, current, distance, time, number of exposures, comment. */
function exposure(message: Er7Message, ze2: Segment): string {
  const quantities = [2, 3, 4, 5].map((field) =>
    [text(message, ze2, field), text(message, ze2, field, 2)].filter((part) => part !== '').join(' '),
  )
  const times = text(message, ze2, 6)
  return [...quantities, times === '' ? '' : `${times}回`, text(message, ze2, 7)]
    .filter((part) => part !== '')
    .join(', ')
}
