// Message structures of the HL7 v2 messages we take, as data, and the tolerant check of a message against them (HL7 v2.5 chapters 3 and 7).

import type { IheError } from '../../src/model/error.ts'
import type { Er7Message, Tolerance } from '../../src/model/hl7v2.ts'
import { iheError } from '../errors/index.ts'

type Use = 'required' | 'optional'

export interface SegmentPart {
  readonly segment: string
  readonly use: Use
  readonly repeats: boolean
  /** Warning row raised when the segment is met at this place, where the standard does not have it. */
  readonly tolerated?: string
}

export interface GroupPart {
  readonly group: string
  readonly use: Use
  readonly repeats: boolean
  readonly parts: readonly StructurePart[]
}

export type StructurePart = SegmentPart | GroupPart

export interface MessageStructure {
  readonly id: string
  readonly parts: readonly StructurePart[]
  /** Optional segments whose place does not change their meaning: elsewhere they are warned about, not refused. */
  readonly loose: readonly string[]
}

/** `PID`, `[PD1]`, `{SPM}`, `[{NTE}]` in the notation of HL7 v2.5 2.12. */
function part(notation: string): SegmentPart {
  return {
    segment: notation.replaceAll(/[[\]{}]/g, ''),
    use: notation.startsWith('[') ? 'optional' : 'required',
    repeats: notation.includes('{'),
  }
}

function segments(notation: string): readonly SegmentPart[] {
  return notation.split(' ').map(part)
}

function group(name: string, frame: '{}' | '[]' | '[{}]', parts: readonly StructurePart[]): GroupPart {
  return { group: name, use: frame.startsWith('[') ? 'optional' : 'required', repeats: frame.includes('{'), parts }
}

const ADT_A01: MessageStructure = {
  id: 'ADT_A01',
  parts: [
    ...segments('MSH [{SFT}] EVN PID [PD1] [{ROL}] [{NK1}] PV1 [PV2] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG]'),
    group('PROCEDURE', '[{}]', segments('PR1 [{ROL}]')),
    part('[{GT1}]'),
    group('INSURANCE', '[{}]', segments('IN1 [IN2] [{IN3}] [{ROL}]')),
    ...segments('[ACC] [UB1] [UB2] [PDA]'),
  ],
  loose: 'SFT PD1 ROL NK1 PV2 DB1 OBX AL1 DG1 DRG GT1 ACC UB1 UB2 PDA'.split(' '),
}

const ADT_A21: MessageStructure = {
  id: 'ADT_A21',
  parts: segments('MSH [{SFT}] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}]'),
  loose: 'SFT PD1 PV2 DB1 OBX'.split(' '),
}

/** One group a message here: a second PID is refused as a second patient (ITI TF-2 3.8.4.2.2: one pair a message). */
const ADT_A39: MessageStructure = {
  id: 'ADT_A39',
  parts: segments('MSH [{SFT}] EVN PID [PD1] MRG [PV1]'),
  loose: 'SFT PD1 PV1'.split(' '),
}

/** PID is optional in HL7 v2.5; a push without patient has no place to go, so it is required here. */
const OUL_R22: MessageStructure = {
  id: 'OUL_R22',
  parts: [
    ...segments('MSH [{SFT}] [{NTE}] PID [PD1] [{NTE}] [PV1] [PV2]'),
    group('SPECIMEN', '{}', [
      ...segments('SPM [{OBX}]'),
      group('CONTAINER', '[{}]', segments('SAC [INV]')),
      group('ORDER', '{}', [
        { ...part('[ORC]'), tolerated: 'HL7_SEGMENT_ORDER' },
        ...segments('OBR [ORC] [{NTE}] [{TQ1}]'),
        group('RESULT', '[{}]', segments('OBX [TCD] [{SID}] [{NTE}]')),
        part('[{CTI}]'),
      ]),
    ]),
    part('[DSC]'),
  ],
  loose: 'SFT PD1 PV1 PV2 NTE INV TQ1 TCD SID CTI DSC'.split(' '),
}

/** PIX knows no continuation, so a DSC there is a segment without meaning (ITI TF-2 3.9.4.1.2). */
const PIX_QBP_Q21: MessageStructure = {
  id: 'QBP_Q21',
  parts: segments('MSH [{SFT}] QPD RCP'),
  loose: ['SFT'],
}

/** DSC asks for the next page (ITI TF-2 3.21.4.1.2). */
const PDQ_QBP_Q21: MessageStructure = {
  id: 'QBP_Q21',
  parts: segments('MSH [{SFT}] QPD RCP [DSC]'),
  loose: ['SFT'],
}

const QCN_J01: MessageStructure = {
  id: 'QCN_J01',
  parts: segments('MSH [{SFT}] QID'),
  loose: ['SFT'],
}

const BY_EVENT: ReadonlyMap<string, MessageStructure> = new Map([
  ['ADT^A01', ADT_A01],
  ['ADT^A04', ADT_A01],
  ['ADT^A05', ADT_A01],
  ['ADT^A08', ADT_A01],
  ['ADT^A40', ADT_A39],
  ['ADT^A23', ADT_A21],
  ['OUL^R22', OUL_R22],
  ['QBP^Q22', PDQ_QBP_Q21],
  ['QBP^Q23', PIX_QBP_Q21],
  ['QCN^J01', QCN_J01],
])

/** The structure of an event; MSH-9.3 is not asked, as senders often fill it wrongly or not at all. */
export function structureOf(messageCode: string, trigger: string): MessageStructure | undefined {
  return BY_EVENT.get(`${messageCode}^${trigger}`)
}

export interface StructureFindings {
  /** HL7_STRUCTURE or HL7_MULTIPLE_PATIENTS; the message cannot be used. */
  readonly missing?: IheError
  /** Z segments and others that the structure does not have, each name once; they are also among the tolerances. */
  readonly unknown: readonly string[]
  readonly tolerances: readonly Tolerance[]
}

/** Misplaced segments after which a message counts as disordered. */
const MAX_MISPLACED = 100

interface Walk {
  readonly names: readonly string[]
  index: number
  /** Required segment that was not met, and where the walk stood. */
  missing: string | undefined
  readonly tolerances: Map<string, Tolerance>
}

/** Checks which segments a message has and in what order; Z and unknown segments may stand anywhere. */
export function checkStructure(message: Er7Message, structure: MessageStructure): StructureFindings {
  const known = new Set(structure.parts.flatMap(namesOf))
  const all = message.segments.map((segment) => segment.name)
  const unknown = [...new Set(all.filter((name) => !known.has(name)))]
  const tolerances = new Map(unknown.map((at) => [at, { code: 'HL7_UNKNOWN_SEGMENT', at } as Tolerance]))
  if (all.filter((name) => name === 'PID').length > 1) {
    return {
      missing: iheError('HL7_MULTIPLE_PATIENTS', { at: 'PID[2]' }),
      unknown,
      tolerances: [...tolerances.values()],
    }
  }
  const fault = findFault(
    structure,
    all.filter((name) => known.has(name)),
    tolerances,
  )
  return { ...(fault === undefined ? {} : { missing: fault }), unknown, tolerances: [...tolerances.values()] }
}

/** Walks the structure; each loose segment in the way is taken out with a warning and the walk is repeated. */
function findFault(
  structure: MessageStructure,
  found: string[],
  tolerances: Map<string, Tolerance>,
): IheError | undefined {
  const loose = new Set(structure.loose)
  for (let misplaced = 0; ; misplaced++) {
    const walk: Walk = { names: found, index: 0, missing: undefined, tolerances }
    for (const part of structure.parts) matchPart(walk, part)
    const inTheWay = found[walk.index]
    if (walk.missing === undefined && inTheWay === undefined) return undefined
    if (inTheWay === undefined || !loose.has(inTheWay) || misplaced === MAX_MISPLACED) {
      const at = walk.missing ?? inTheWay ?? structure.id
      return iheError('HL7_STRUCTURE', { at, rule: `${structure.id}: HL7 v2.5` })
    }
    tolerances.set(`order ${inTheWay}`, { code: 'HL7_SEGMENT_ORDER', at: inTheWay })
    found.splice(walk.index, 1)
  }
}

function matchPart(walk: Walk, part: StructurePart): void {
  if (walk.missing !== undefined) return
  const starts = startsOf(part)
  const here = () => walk.missing === undefined && starts.has(walk.names[walk.index] ?? '')
  if (!here()) {
    if (part.use === 'required') walk.missing = 'segment' in part ? part.segment : firstRequired(part)
    return
  }
  do {
    if ('segment' in part) take(walk, part)
    else for (const inner of part.parts) matchPart(walk, inner)
  } while (part.repeats && here())
}

function take(walk: Walk, part: SegmentPart): void {
  walk.index++
  if (part.tolerated === undefined) return
  walk.tolerances.set(`order ${part.segment}`, { code: part.tolerated, at: part.segment })
}

function firstRequired(part: GroupPart): string {
  const first = part.parts.find((inner) => inner.use === 'required') ?? part.parts[0]
  if (first === undefined) return part.group
  return 'segment' in first ? first.segment : firstRequired(first)
}

const starts = new WeakMap<StructurePart, ReadonlySet<string>>()

/** Names a part can begin with: those of a group up to its first required segment. */
function startsOf(part: StructurePart): ReadonlySet<string> {
  const known = starts.get(part)
  if (known !== undefined) return known
  const names = new Set<string>()
  if ('segment' in part) names.add(part.segment)
  else {
    for (const inner of part.parts) {
      for (const name of startsOf(inner)) names.add(name)
      if (inner.use === 'required') break
    }
  }
  starts.set(part, names)
  return names
}

function namesOf(part: StructurePart): readonly string[] {
  return 'segment' in part ? [part.segment] : part.parts.flatMap(namesOf)
}
