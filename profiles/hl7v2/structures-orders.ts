// Message structures of orders, results and problem lists (HL7 v2.5 chapters 4, 7 and 12; SS-MIX2).

import { group, INSURANCES, type MessageStructure, part, segments } from './structure.ts'

/** PID is optional in HL7 v2.5; a push without patient has no place to go, so it is required here. */
export const OUL_R22: MessageStructure = {
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

const OBSERVATION = group('OBSERVATION', '[{}]', segments('OBX [{NTE}]'))
/** What stands between PID and the first order; PID itself is required here, as a push without patient has no place to go. */
const PATIENT_OF_ORDER = [
  ...segments('MSH [{SFT}] [{NTE}] PID [PD1] [{NTE}] [{AL1}] [PV1] [PV2]'),
  INSURANCES,
  ...segments('[GT1] [{AL1}]'),
]
const LOOSE_BEFORE_ORDER = 'SFT NTE PD1 PV1 PV2 IN1 IN2 IN3 GT1 AL1'.split(' ')

/** The pharmacy's own words for what was ordered. */
const ORDER_DETAIL = group('ORDER_DETAIL', '[]', [
  ...segments('RXO [{NTE}] {RXR}'),
  group('COMPONENT', '[{}]', segments('RXC [{NTE}]')),
])
/** ORC and OBR of an examination, with what was asked or found of it. */
const EXAMINATION = [...segments('ORC [{TQ1}] [{TQ2}] OBR [{NTE}] [CTD] [{DG1}]'), OBSERVATION]

export const OMD_O03: MessageStructure = {
  id: 'OMD_O03',
  parts: [
    ...PATIENT_OF_ORDER,
    group('ORDER', '{}', [...segments('ORC [{TQ1}] [{TQ2}] [{ODS}] [{ODT}] [{NTE}]'), OBSERVATION]),
  ],
  loose: [...LOOSE_BEFORE_ORDER, 'TQ1', 'TQ2', 'NTE'],
}

/** Senders leave TQ1 and RXR out; the reader warns and takes ORC-9 as the start. */
export const RDE_O11: MessageStructure = {
  id: 'RDE_O11',
  parts: [
    ...PATIENT_OF_ORDER,
    group('ORDER', '{}', [
      ...segments('ORC [{TQ1}] [{TQ2}]'),
      ORDER_DETAIL,
      ...segments('RXE [{NTE}] [{TQ1}] [{TQ2}] [{RXR}] [{RXC}]'),
      OBSERVATION,
      ...segments('[{FT1}] [BLG] [{CTI}]'),
    ]),
  ],
  loose: [...LOOSE_BEFORE_ORDER, 'TQ1', 'TQ2', 'RXR', 'RXC', 'OBX', 'FT1', 'BLG', 'CTI'],
}

export const RAS_O17: MessageStructure = {
  id: 'RAS_O17',
  parts: [
    ...PATIENT_OF_ORDER,
    group('ORDER', '{}', [
      ...segments('ORC [{TQ1}] [{TQ2}]'),
      ORDER_DETAIL,
      group('ENCODING', '[]', segments('RXE [{NTE}] [{TQ1}] [{TQ2}] [{RXR}] [{RXC}]')),
      group('ADMINISTRATION', '{}', [...segments('{RXA} [RXR]'), OBSERVATION]),
      part('[{CTI}]'),
    ]),
  ],
  loose: [...LOOSE_BEFORE_ORDER, 'TQ1', 'TQ2', 'RXR', 'RXC', 'OBX', 'CTI'],
}

export const OML_O33: MessageStructure = {
  id: 'OML_O33',
  parts: [
    ...PATIENT_OF_ORDER,
    group('SPECIMEN', '{}', [
      ...segments('SPM [{OBX}] [{SAC}]'),
      group('ORDER', '{}', [
        ...segments('ORC [{TQ1}] [{TQ2}]'),
        group('REQUEST', '[]', [
          ...segments('OBR [TCD] [{NTE}] [{DG1}]'),
          group('OBSERVATION', '[{}]', segments('OBX [TCD] [{NTE}]')),
        ]),
        ...segments('[{FT1}] [{CTI}] [BLG]'),
      ]),
    ]),
  ],
  loose: [...LOOSE_BEFORE_ORDER, 'SAC', 'TQ1', 'TQ2', 'TCD', 'DG1', 'FT1', 'CTI', 'BLG'],
}

export const OMG_O19: MessageStructure = {
  id: 'OMG_O19',
  parts: [
    ...PATIENT_OF_ORDER,
    group('ORDER', '{}', [
      ...EXAMINATION,
      group('SPECIMEN', '[{}]', segments('SPM [{OBX}] [{SAC}]')),
      ...segments('[{FT1}] [{CTI}] [BLG]'),
    ]),
  ],
  loose: [...LOOSE_BEFORE_ORDER, 'TQ1', 'TQ2', 'CTD', 'DG1', 'OBX', 'SAC', 'FT1', 'CTI', 'BLG'],
}

/** Radiology and endoscopy performed: the national form, with Z segments of its own (SS-MIX2; plain HL7 v2.5 calls the event O23). */
export const OMI_Z23: MessageStructure = {
  id: 'OMI_Z23',
  parts: [
    ...PATIENT_OF_ORDER,
    group('ORDER', '{}', [...EXAMINATION, group('PERFORMED', '[{}]', segments('ZE1 [{OBX}] [{ZE2}]')), part('{IPC}')]),
  ],
  loose: [...LOOSE_BEFORE_ORDER, 'TQ1', 'TQ2', 'CTD', 'DG1', 'OBX', 'ZE2'],
}

export const ORU_R01: MessageStructure = {
  id: 'ORU_R01',
  parts: [
    ...segments('MSH [{SFT}] PID [PD1] [{NTE}] [{NK1}] [PV1] [PV2]'),
    group('ORDER_OBSERVATION', '{}', [
      ...segments('[ORC] OBR [{NTE}] [{TQ1}] [{TQ2}] [CTD]'),
      OBSERVATION,
      ...segments('[{FT1}] [{CTI}]'),
      group('SPECIMEN', '[{}]', segments('SPM [{OBX}]')),
    ]),
    part('[DSC]'),
  ],
  loose: 'SFT PD1 NK1 PV1 PV2 NTE TQ1 TQ2 CTD FT1 CTI SPM DSC'.split(' '),
}

export const ORU_R30: MessageStructure = {
  id: 'ORU_R30',
  parts: [...segments('MSH [{SFT}] PID [PD1] [PV1] [PV2] ORC OBR [{NTE}] [{TQ1}] [{TQ2}]'), OBSERVATION],
  loose: 'SFT PD1 PV1 PV2 NTE TQ1 TQ2'.split(' '),
}

/** The whole list of diagnoses; the Z segments are the national ones (SS-MIX2 PPR-01). An empty list says "no diagnosis any more". */
export const PPR_ZD1: MessageStructure = {
  id: 'PPR_ZD1',
  parts: [
    ...segments('MSH [{SFT}] PID [PV1] [PV2]'),
    group('PROBLEM', '[{}]', [
      ...segments('PRB [ZPR] [{ZPD}] [{NTE}] [{VAR}] [{ROL}] [{PTH}] [{ZI1}]'),
      OBSERVATION,
      group('GOAL', '[{}]', segments('GOL [{NTE}] [{VAR}]')),
      part('[{ORC}]'),
    ]),
  ],
  loose: 'SFT PV1 PV2 NTE VAR ROL PTH ZI1 ZPD OBX GOL ORC'.split(' '),
}
