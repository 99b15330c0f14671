// Takes from a request that was refused what its answer still has to carry: ids, devices, query (ITI TF-2 3.44.4.1.3, 3.45.4.2.2).

import type { Device, InstanceIdentifier } from '../../model/hl7v3.ts'
import { parseOid } from '../../model/identifiers.ts'
import type { XmlElement } from '../xml/read.ts'
import { type Markup, serialize } from '../xml/write.ts'
import { inScope } from './read-query.ts'
import { II, isShaped } from './shape.ts'
import { child } from './transmission.ts'
import type { AnswerDevice } from './write-transmission.ts'

export interface Salvaged {
  readonly id: InstanceIdentifier | undefined
  readonly receiver: AnswerDevice
  readonly sender: AnswerDevice
}

/** Never throws: what cannot be read is undefined and becomes a null id in the answer. */
export function salvageTransmission(body: XmlElement): Salvaged {
  return {
    id: salvageIdentifier(child(body, 'id')),
    receiver: salvageDevice(child(body, 'receiver')),
    sender: salvageDevice(child(body, 'sender')),
  }
}

/** The query's id and its queryByParameter element as they came; a continuation has the id only. */
export function salvageQuery(body: XmlElement): {
  readonly queryId: InstanceIdentifier | undefined
  readonly echo: Markup | undefined
} {
  const controlAct = child(body, 'controlActProcess')
  const query = controlAct === undefined ? undefined : child(controlAct, 'queryByParameter')
  const holder = query ?? (controlAct === undefined ? undefined : child(controlAct, 'queryContinuation'))
  return {
    queryId: holder === undefined ? undefined : salvageIdentifier(child(holder, 'queryId')),
    echo: controlAct === undefined || query === undefined ? undefined : serialize(inScope(query, [body, controlAct])),
  }
}

/** An id that breaks the schema would make the answer break it too. */
function salvageIdentifier(element: XmlElement | undefined): InstanceIdentifier | undefined {
  const root = element?.attributes.get('root')
  const extension = element?.attributes.get('extension')
  if (element === undefined || root === undefined || !isShaped(element, II)) return undefined
  return extension === undefined ? { root } : { root, extension }
}

function salvageDevice(party: XmlElement | undefined): Device | undefined {
  const device = party === undefined ? undefined : child(party, 'device')
  const id = device === undefined ? undefined : child(device, 'id')
  const oid = parseOid(id?.attributes.get('root') ?? '')
  return oid === undefined ? undefined : { id: oid }
}
