// Which objects of another community's answer may be passed on: with its home, and about whom was asked (ITI TF-2 3.38.4.1.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { IheError } from '../model/error.ts'
import type { ForeignObject } from '../model/foreign-object.ts'
import type { Community } from './ports.ts'

/** Ids of objects that an error names; the others are counted. */
const MAX_NAMED = 5

/** What was left out is told, with the community and the ids. */
export function fit(
  { home }: Community,
  objects: readonly ForeignObject[],
  isAbout: (object: ForeignObject) => boolean,
): { readonly objects: readonly ForeignObject[]; readonly errors: readonly IheError[] } {
  // An association may be without: it is not retrieved.
  const needs = ({ element }: ForeignObject) => element !== 'Association'
  const homeless = objects.filter((object) => object.home === undefined && needs(object))
  const strange = objects.filter((object) => object.home !== undefined && object.home !== home)
  const others = objects.filter((object) => !isAbout(object))
  const left = new Set([...homeless, ...strange, ...others])
  return {
    objects: objects.filter((object) => !left.has(object)),
    errors: [
      ...told(homeless, (value) => iheError('COMMUNITY_ANSWER_WITHOUT_HOME', { at: home, value, location: home })),
      ...told(strange, (value) => invalid(home, value, 'objects of an answer carry the home that was asked')),
      ...told(others, (value) => invalid(home, value, 'objects of an answer are about the patient who was asked for')),
    ],
  }
}

function invalid(home: string, value: string, rule: string): IheError {
  return iheError('COMMUNITY_ANSWER_INVALID', { at: home, value, rule, location: home })
}

function told(objects: readonly ForeignObject[], error: (ids: string) => IheError): readonly IheError[] {
  if (objects.length === 0) return []
  const named = objects.slice(0, MAX_NAMED).map(({ id }) => id)
  const more = objects.length > MAX_NAMED ? ` and ${objects.length - MAX_NAMED} more` : ''
  return [error(`${named.join(', ')}${more}`)]
}
