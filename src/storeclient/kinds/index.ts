// The reader of each data kind, by the kind's name.

import type { KindName } from '../../../profiles/storeclient/index.ts'
import { laboratoryResult } from './laboratory.ts'
import { personRecord } from './person-record.ts'
import type { KindReader } from './reader.ts'

const READERS: Readonly<Partial<Record<KindName, KindReader>>> = {
  'ADT-00': personRecord,
  'OML-11': laboratoryResult,
}

/** The reader of a kind; undefined for one that is known but not taken. */
export function readerOf(kind: KindName): KindReader | undefined {
  return READERS[kind]
}
