// Message structures of patient administration, allergies and documents (HL7 v2.5 chapters 3 and 9; SS-MIX2 ADT-xx).

import { group, INSURANCES, type MessageStructure, part, type StructurePart, segments } from './structure.ts'

const PROCEDURES = group('PROCEDURE', '[{}]', segments('PR1 [{ROL}]'))

export const ADT_A01: MessageStructure = {
  id: 'ADT_A01',
  parts: [
    ...segments('MSH [{SFT}] EVN PID [PD1] [{ROL}] [{NK1}] PV1 [PV2] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG]'),
    PROCEDURES,
    part('[{GT1}]'),
    INSURANCES,
    ...segments('[ACC] [UB1] [UB2] [PDA]'),
  ],
  loose: 'SFT PD1 ROL NK1 PV2 DB1 OBX AL1 DG1 DRG GT1 ACC UB1 UB2 PDA'.split(' '),
}

/** Segments of a visit in the messages that do not admit or register (HL7 v2.5 3.3). */
function visit(id: string, notation: string): MessageStructure {
  const parts = segments(notation)
  return {
    id,
    parts,
    loose: parts.map(({ segment }) => segment).filter((name) => !['MSH', 'EVN', 'PID', 'PV1'].includes(name)),
  }
}

export const ADT_A03: MessageStructure = {
  id: 'ADT_A03',
  parts: [
    ...segments('MSH [{SFT}] EVN PID [PD1] [{ROL}] [{NK1}] PV1 [PV2] [{ROL}] [{DB1}] [{AL1}] [{DG1}] [DRG]'),
    PROCEDURES,
    ...segments('[{OBX}] [{GT1}]'),
    INSURANCES,
    ...segments('[ACC] [PDA]'),
  ],
  loose: ADT_A01.loose,
}

export const ADT_A05: MessageStructure = { ...ADT_A01, id: 'ADT_A05' }
export const ADT_A16: MessageStructure = { ...ADT_A01, id: 'ADT_A16' }
export const ADT_A02 = visit('ADT_A02', 'MSH [{SFT}] EVN PID [PD1] [{ROL}] PV1 [PV2] [{ROL}] [{DB1}] [{OBX}] [PDA]')
export const ADT_A09 = visit('ADT_A09', 'MSH [{SFT}] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}] [{DG1}]')
export const ADT_A15 = visit('ADT_A15', 'MSH [{SFT}] EVN PID [PD1] [{ROL}] PV1 [PV2] [{ROL}] [{DB1}] [{OBX}] [{DG1}]')
export const ADT_A21 = visit('ADT_A21', 'MSH [{SFT}] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}]')
export const ADT_A52 = visit('ADT_A52', 'MSH [{SFT}] EVN PID [PD1] PV1 [PV2]')
export const ADT_A54 = visit('ADT_A54', 'MSH [{SFT}] EVN PID [PD1] [{ROL}] PV1 [PV2] [{ROL}]')
export const ADT_A60 = visit('ADT_A60', 'MSH [{SFT}] EVN PID [PV1] [PV2] [{IAM}]')

/** One group a message here: a second PID is refused as a second patient (ITI TF-2 3.8.4.2.2: one pair a message). */
export const ADT_A39: MessageStructure = {
  id: 'ADT_A39',
  parts: segments('MSH [{SFT}] EVN PID [PD1] MRG [PV1]'),
  loose: 'SFT PD1 PV1'.split(' '),
}

function notification(id: string, content: readonly StructurePart[]): MessageStructure {
  return {
    id,
    parts: [
      ...segments('MSH [{SFT}] EVN PID [PD1] [PV1] [PV2]'),
      group('ORDER', '[{}]', segments('ORC [{TQ1}] [{TQ2}] [OBR] [{NTE}]')),
      part('TXA'),
      ...content,
    ],
    loose: 'SFT PD1 PV1 PV2 ORC TQ1 TQ2 OBR NTE'.split(' '),
  }
}

export const MDM_T01 = notification('MDM_T01', [])
export const MDM_T02 = notification('MDM_T02', [part('[{NTE}]'), group('OBSERVATION', '{}', segments('OBX [{NTE}]'))])
