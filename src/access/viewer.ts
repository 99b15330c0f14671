// Who looks, as the access decision needs to know them: a system of a facility, and the person behind it where there is one.

import type { CallingSystem } from '../model/caller.ts'
import type { Job, User } from '../model/user.ts'

/** A calling system, with the person behind it where there is one. */
export type Viewer = Pick<
  CallingSystem,
  'facilityId' | 'accessMode' | 'confidentialityCeiling' | 'unionFacilities' | 'rules'
> & {
  readonly user?: User
}

/** Without a named person the system speaks for itself. */
export function jobOf({ user }: Viewer): Job {
  return user?.job ?? 'system'
}
