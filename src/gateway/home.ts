// homeCommunityId at a gateway: where it is required, and whose it is (ITI TF-2 3.38.4.1.2, 3.39.4.1.2).

import { iheError } from '../../profiles/errors/index.ts'
import type { IheError } from '../model/error.ts'

/** What a Responding Gateway says of the home it is asked for; undefined when it is one of its own, or may be absent. Compared as it is written. */
export function homeFault(
  home: string | undefined,
  asked: { readonly ours: string; readonly at: string; readonly isRequired: boolean },
): IheError | undefined {
  const { ours, at, isRequired } = asked
  if (home === undefined) return isRequired ? iheError('HOME_MISSING', { at, location: ours }) : undefined
  return home === ours ? undefined : iheError('HOME_UNKNOWN', { at, value: home, location: ours })
}

/** RegistryError location of a document: its id and the community that speaks of it (ITI TF-2 3.39.4.1.3). */
export function documentLocation(home: string, documentUniqueId: string): string {
  return `${home}:${documentUniqueId}`
}

/** … as a community or a repository wrote it, with the community that speaks. */
export function locationOf(location: string | undefined, home: string): string {
  if (location === undefined || location === '') return home
  return location.includes(home) ? location : documentLocation(home, location)
}
