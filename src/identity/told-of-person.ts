// What other communities are told of a person: the newest word of our own sources on each attribute (ITI TF-2 3.44, 3.55).

import type { Demographics, PersonName } from '../model/person.ts'
import type { NumberView } from './administration-ports.ts'
import { goldenOf } from './person-view.ts'

/**
 * Undefined when any source of ours asks for more discretion than usual: that has no place in these messages, and the community would let the
 * person be found by name.
 * @param partners facilities that stand for neighbouring communities: what one of them said is not passed on as ours.
 */
export function toldOf(numbers: readonly NumberView[], partners: ReadonlySet<string>): Demographics | undefined {
  const ours = numbers.filter(({ facilityId }) => facilityId === undefined || !partners.has(facilityId))
  if (ours.some(({ status, demographics }) => status === 'active' && demographics?.restricted === true))
    return undefined
  const golden = goldenOf(ours)
  const names = golden.flatMap(({ attribute, value }) => (attribute.startsWith('name ') ? [value as PersonName] : []))
  const others = Object.fromEntries(
    golden.flatMap(({ attribute, value }) => (attribute.startsWith('name ') ? [] : [[attribute, value]])),
  ) as Partial<Demographics>
  return { addresses: [], telecoms: [], ...others, names }
}
