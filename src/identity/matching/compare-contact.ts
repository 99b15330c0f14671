// Compares addresses, telephone numbers and identifiers of two records: of several on a side the best pair counts.

import type { FoldedAddress } from './address.ts'
import { isMobile } from './contact.ts'
import { isOneEdit, jaroWinkler } from './distance.ts'

export type AddressLevel = 'equal' | 'other building' | 'near' | 'same street' | 'same town' | 'same area' | 'differs'

const BEST_FIRST: readonly AddressLevel[] = [
  'equal',
  'other building',
  'near',
  'same street',
  'same town',
  'same area',
  'differs',
]

/** Undefined when a side has no address. Postal code and text say the same thing twice: together they are one field. */
export function addressLevel(a: readonly FoldedAddress[], b: readonly FoldedAddress[]): AddressLevel | undefined {
  let best: number | undefined
  for (const left of a) {
    for (const right of b) {
      const level = BEST_FIRST.indexOf(pairLevel(left, right))
      if (best === undefined || level < best) best = level
    }
  }
  return best === undefined ? undefined : BEST_FIRST[best]
}

function pairLevel(a: FoldedAddress, b: FoldedAddress): AddressLevel {
  const likeness = placeLikeness(a.places, b.places)
  const samePostalCode = a.postalCode !== '' && a.postalCode === b.postalCode
  const number = numberLevel(a.number, b.number)
  if (likeness >= SAME_PLACE || (samePostalCode && likeness === RENAMED_PLACE)) {
    if (number === 'equal') return sameBuilding(a.building, b.building) ? 'equal' : 'other building'
    if (number === 'longer') return 'other building'
    return number === 'near' ? 'near' : levelOfPlace(likeness)
  }
  if (number === 'equal' && likeness >= (samePostalCode ? PARTLY_PLACE : NEAR_PLACE)) return 'near'
  if (likeness >= NEAR_PLACE) return levelOfPlace(likeness)
  if (samePostalCode) return 'same town'
  return sameArea(a.postalCode, b.postalCode) ? 'same area' : 'differs'
}

/** A Latin address names its street; of a Japanese one without its number only the town is left. */
function levelOfPlace(likeness: number): AddressLevel {
  return likeness >= ALIKE_PLACE && likeness < SAME_TOWN ? 'same street' : 'same town'
}

const AREA_DIGITS = 3

function sameArea(a: string, b: string): boolean {
  return a.length >= AREA_DIGITS && b.length >= AREA_DIGITS && a.slice(0, AREA_DIGITS) === b.slice(0, AREA_DIGITS)
}

/** A building that one side does not name does not differ. */
function sameBuilding(a: string, b: string): boolean {
  return a === '' || b === '' || a.endsWith(b) || b.endsWith(a)
}

/** `longer`: one has a room number behind the other's number. */
function numberLevel(a: string, b: string): 'equal' | 'longer' | 'near' | 'differs' | 'unknown' {
  if (a === '' || b === '') return 'unknown'
  if (a === b) return 'equal'
  if (a.startsWith(`${b}-`) || b.startsWith(`${a}-`)) return 'longer'
  return isOneEdit(a, b) ? 'near' : 'differs'
}

const SAME_PLACE = 0.99
const ALIKE_PLACE = 0.8
const NEAR_PLACE = 0.5
const PARTLY_PLACE = 0.3
/** Equal towns in Japanese; equal streets and towns in Latin letters are SAME_PLACE. */
const SAME_TOWN = 2
/** Two towns in Japanese: equal or not. A postal code is one town's, so under one code the other name is a former one. */
const RENAMED_PLACE = 0
const UNKNOWN_PLACE = -1
const DIFFERENT_PLACE = 0.01
const SIMILAR_PART = 0.9
const SHORTEST_TOWN = 3
const LATIN = /^[A-Z\d]/

/** Share of the letters of the places that both name, 0 to 1; UNKNOWN_PLACE when a side names none. */
function placeLikeness(a: readonly string[], b: readonly string[]): number {
  const left = a[0]
  const right = b[0]
  if (left === undefined || right === undefined) return UNKNOWN_PLACE
  if (!LATIN.test(left) || !LATIN.test(right)) return isSameTown(left, right) ? SAME_TOWN : RENAMED_PLACE
  const named = [shareNamed(a, b), shareNamed(b, a)]
  // A part that one side leaves out does not differ, as long as several parts are left.
  const share = Math.min(a.length, b.length) > 1 ? Math.max(...named) : Math.min(...named)
  return Math.max(DIFFERENT_PLACE, share)
}

/** The city may be missing before the town. */
function isSameTown(a: string, b: string): boolean {
  if (a === b) return true
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a]
  return shorter.length >= SHORTEST_TOWN && longer.endsWith(shorter)
}

function shareNamed(places: readonly string[], others: readonly string[]): number {
  let shared = 0
  let total = 0
  for (const place of places) {
    total += place.length
    if (others.includes(place)) shared += place.length
    else if (others.some((other) => jaroWinkler(place, other) >= SIMILAR_PART)) shared += place.length * SIMILAR_PART
  }
  return shared / total
}

export type PhoneLevel = 'mobile' | 'landline' | 'differs'

/** Undefined when a side has none, or none but numbers that so many share that they say nothing. */
export function phoneLevel(
  a: readonly string[],
  b: readonly string[],
  shared: ReadonlySet<string>,
): PhoneLevel | undefined {
  let level: PhoneLevel | undefined
  for (const phone of a) {
    if (shared.has(phone)) continue
    if (b.includes(phone)) {
      if (isMobile(phone)) return 'mobile'
      level = 'landline'
    } else if (level === undefined && b.some((other) => !shared.has(other))) level = 'differs'
  }
  return level
}

/** Undefined when the two have no authority in common. */
export function identifierLevel(a: readonly string[], b: readonly string[]): 'equal' | 'differs' | undefined {
  if (a.length === 0 || b.length === 0) return undefined
  if (a.some((identifier) => b.includes(identifier))) return 'equal'
  const authorities = b.map(authorityOf)
  return a.some((identifier) => authorities.includes(authorityOf(identifier))) ? 'differs' : undefined
}

function authorityOf(identifier: string): string {
  return identifier.slice(0, identifier.indexOf('|'))
}
