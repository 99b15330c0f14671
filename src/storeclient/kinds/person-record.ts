// ADT-00 患者基本情報: the person as the facility knows them, one document a patient (HL7 v2.5 3.3.8, 3.3.23; SS-MIX2 ADT-00).

import type { Clinical } from '../../model/clinical.ts'
import type { Er7Message } from '../../model/hl7v2.ts'
import { readPerson } from '../demographics.ts'
import type { KindReader, Reading, ReadingContext } from './reader.ts'

export const personRecord: KindReader = { documents, content }

function documents(message: Er7Message, { header }: ReadingContext): readonly Reading[] {
  return [
    {
      service: [header.sentAt],
      segments: message.segments,
      eventCodes: [],
      deletes: header.found.event.action === 'delete' ? 'whole' : 'no',
      warnings: [],
    },
  ]
}

function content(message: Er7Message): Clinical {
  return {
    type: 'demographics',
    person: readPerson(message).demographics,
    observations: [],
    allergies: [],
    insurances: [],
  }
}
