// What went wrong on this server while another one was called: the other one is not to be left alone for it (docs/federation.md).

import { IheError } from '../model/error.ts'
import { nameOf } from './failure.ts'

export class OwnFault extends Error {
  constructor(cause: unknown) {
    super(nameOf(cause), { cause })
    // As logs have it.
    this.name = nameOf(cause)
  }
}

/** What a message is refused for stays what it is. @throws {OwnFault} for everything else, unless it is somebody else's doing */
export async function ours<T>(work: Promise<T>, isOurs: () => boolean = () => true): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof IheError || !isOurs() ? error : new OwnFault(error)
  }
}
