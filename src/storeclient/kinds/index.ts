// The reader of each data kind, by the kind's name.

import type { KindName } from '../../../profiles/storeclient/index.ts'
import { dietOrder } from './diet.ts'
import { endoscopyDone, endoscopyOrder, physiologyOrder, radiologyDone, radiologyOrder } from './imaging.ts'
import { laboratoryOrder, laboratoryResult } from './laboratory.ts'
import { physiologyResult, vitalSigns } from './measurements.ts'
import { dispensing, injectionGiven } from './medication-given.ts'
import { injectionOrder, prescription } from './medication-order.ts'
import { personRecord } from './person-record.ts'
import type { KindReader } from './reader.ts'
import { report } from './report.ts'

const READERS: Readonly<Partial<Record<KindName, KindReader>>> = {
  'ADT-00': personRecord,
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
}

/** The reader of a kind; undefined for one that is known but not taken. */
export function readerOf(kind: KindName): KindReader | undefined {
  return READERS[kind]
}
