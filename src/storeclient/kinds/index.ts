// The reader of each data kind, by the kind's name.

import type { KindName } from '../../../profiles/storeclient/index.ts'
import { allergies } from './allergies.ts'
import { diagnoses } from './diagnoses.ts'
import { dietOrder } from './diet.ts'
import { documents } from './documents.ts'
import { encounter } from './encounter.ts'
import { endoscopyDone, endoscopyOrder, physiologyOrder, radiologyDone, radiologyOrder } from './imaging.ts'
import { laboratoryOrder, laboratoryResult } from './laboratory.ts'
import { physiologyResult, vitalSigns } from './measurements.ts'
import { dispensing, injectionGiven } from './medication-given.ts'
import { injectionOrder, prescription } from './medication-order.ts'
import { personRecord } from './person-record.ts'
import type { KindReader } from './reader.ts'
import { report } from './report.ts'

const READERS: Readonly<Record<KindName, KindReader>> = {
  'ADT-00': personRecord,
  'ADT-01': encounter,
  'ADT-12': encounter,
  'ADT-21': encounter,
  'ADT-22': encounter,
  'ADT-31': encounter,
  'ADT-32': encounter,
  'ADT-41': encounter,
  'ADT-42': encounter,
  'ADT-51': encounter,
  'ADT-52': encounter,
  'ADT-61': allergies,
  'PPR-01': diagnoses,
  OMD: dietOrder,
  'OMP-01': prescription,
  'OMP-11': dispensing,
  'OMP-02': injectionOrder,
  'OMP-12': injectionGiven,
  'OML-01': laboratoryOrder,
  'OML-11': laboratoryResult,
  'OMG-01': radiologyOrder,
  'OMG-11': radiologyDone,
  'OMG-02': endoscopyOrder,
  'OMG-12': endoscopyDone,
  'OMG-03': physiologyOrder,
  'OMG-13': physiologyResult,
  VITAL: vitalSigns,
  REPORT: report,
  DOC: documents,
  FILE: documents,
  NOTE: documents,
}

/** The reader of a kind. */
export function readerOf(kind: KindName): KindReader {
  return READERS[kind]
}
