// Message structures of the HL7 v2 messages we take, as data, and the tolerant check of a message against them (HL7 v2.5 chapters 3, 4, 7, 9 and 12).

import type { IheError } from '../../src/model/error.ts'
import type { Er7Message, Tolerance } from '../../src/model/hl7v2.ts'
import { iheError } from '../errors/index.ts'
import type { GroupPart, MessageStructure, SegmentPart, StructurePart } from './structure.ts'
import {
  ADT_A01,
  ADT_A02,
  ADT_A03,
  ADT_A05,
  ADT_A09,
  ADT_A15,
  ADT_A16,
  ADT_A21,
  ADT_A39,
  ADT_A52,
  ADT_A54,
  ADT_A60,
  MDM_T01,
  MDM_T02,
} from './structures-adt.ts'
import {
  OMD_O03,
  OMG_O19,
  OMI_Z23,
  OML_O33,
  ORU_R01,
  ORU_R30,
  OUL_R22,
  PPR_ZD1,
  RAS_O17,
  RDE_O11,
} from './structures-orders.ts'
import { PDQ_QBP_Q21, PIX_QBP_Q21, QCN_J01 } from './structures-queries.ts'

export type { MessageStructure } from './structure.ts'

const BY_EVENT: ReadonlyMap<string, MessageStructure> = new Map([
  ['ADT^A01', ADT_A01],
  ['ADT^A02', ADT_A02],
  ['ADT^A03', ADT_A03],
  ['ADT^A04', ADT_A01],
  ['ADT^A05', ADT_A01],
  ['ADT^A08', ADT_A01],
  ['ADT^A11', ADT_A09],
  ['ADT^A12', ADT_A09],
  ['ADT^A13', ADT_A01],
  ['ADT^A14', ADT_A05],
  ['ADT^A15', ADT_A15],
  ['ADT^A16', ADT_A16],
  ['ADT^A21', ADT_A21],
  ['ADT^A22', ADT_A21],
  ['ADT^A23', ADT_A21],
  ['ADT^A25', ADT_A21],
  ['ADT^A26', ADT_A21],
  ['ADT^A27', ADT_A21],
  ['ADT^A40', ADT_A39],
  ['ADT^A52', ADT_A52],
  ['ADT^A53', ADT_A52],
  ['ADT^A54', ADT_A54],
  ['ADT^A55', ADT_A52],
  ['ADT^A60', ADT_A60],
  ['MDM^T02', MDM_T02],
  ['MDM^T06', MDM_T02],
  ['MDM^T08', MDM_T02],
  ['MDM^T10', MDM_T02],
  ['MDM^T11', MDM_T01],
  ['OMD^O03', OMD_O03],
  ['OMG^O19', OMG_O19],
  ['OMI^O23', OMI_Z23],
  ['OMI^Z23', OMI_Z23],
  ['OML^O33', OML_O33],
  ['ORU^R01', ORU_R01],
  ['ORU^R30', ORU_R30],
  ['OUL^R22', OUL_R22],
  ['PPR^ZD1', PPR_ZD1],
  ['QBP^Q22', PDQ_QBP_Q21],
  ['QBP^Q23', PIX_QBP_Q21],
  ['QCN^J01', QCN_J01],
  ['RAS^O17', RAS_O17],
  ['RDE^O11', RDE_O11],
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
      const stranger = inTheWay !== undefined && comesBeforeItsGroup(structure.parts, walk.missing, inTheWay)
      const at = (stranger ? inTheWay : walk.missing) ?? inTheWay ?? structure.id
      return iheError('HL7_STRUCTURE', { at, rule: `${structure.id}: HL7 v2.5` })
    }
    tolerances.set(`order ${inTheWay}`, { code: 'HL7_SEGMENT_ORDER', at: inTheWay })
    found.splice(walk.index, 1)
  }
}

/** RXE before its ORC: the group lacks nothing, its members are in the wrong order. */
function comesBeforeItsGroup(parts: readonly StructurePart[], opener: string | undefined, found: string): boolean {
  return parts.some((part) => {
    if ('segment' in part) return false
    const members = part.parts.flatMap((inner) =>
      'segment' in inner && inner.use === 'required' ? [inner.segment] : [],
    )
    const [first, ...others] = members
    return (first === opener && others.includes(found)) || comesBeforeItsGroup(part.parts, opener, found)
  })
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
