// What a push says, or is agreed to say, beside its own words: its kind, where its file lies, and what tells it from others.

import type { Reading } from '../../profiles/partners/index.ts'
import type { CallingSystem } from '../model/caller.ts'
import { type Er7Message, value } from '../model/hl7v2.ts'
import type { StoreClientRequest } from '../storeclient/accept.ts'
import { sendingApplicationOf } from '../storeclient/header.ts'
import { originOf as originOfFile } from '../storeclient/ssmix/origin.ts'
import type { Carriage } from './hl7v2-door.ts'

interface Pushed {
  readonly message: Er7Message
  readonly caller: CallingSystem
  readonly carriage: Carriage
  readonly reading: Reading
  /** Of the message. */
  readonly sha256: string
}

/** Undefined for most: the message says all. @throws {IheError} for a file that the system may not name, or not so. */
export function originOf({ message, caller, carriage, reading, sha256 }: Pushed): StoreClientRequest['origin'] {
  const { kind, storage } = carriage
  const { versions } = reading
  if (storage !== undefined)
    return { ...originOfFile(storage, sha256, caller), ...(versions.length === 0 ? {} : { versions }) }
  const claim = reading.duplicateControlIds === 'msh-10' ? undefined : datedClaim(message, caller)
  if (kind === undefined && versions.length === 0 && claim === undefined) return undefined
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(versions.length === 0 ? {} : { versions }),
    ...(claim === undefined ? {} : { claim }),
  }
}

/** MSH-10 with MSH-7, for a sender whose counter begins again; undefined without MSH-10, which is refused as of any sender. */
function datedClaim(message: Er7Message, { facilityId }: CallingSystem) {
  const [time, controlId] = [value(message, 'MSH', 7), value(message, 'MSH', 10)]
  if (controlId === '') return undefined
  return { scope: `storeclient:${facilityId}`, key: JSON.stringify([sendingApplicationOf(message), controlId, time]) }
}
