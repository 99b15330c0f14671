// What a message does to the documents under its key: replace, stand beside, come too late, delete (ITI TF-3 4.2.2.2.3 RPLC).
// Shrink guard: laboratories often send results piecewise, and fewer results than before must never hide the former ones.

import type { Er7Message } from '../model/hl7v2.ts'
import type { Draft } from './draft.ts'
import type { ResultKey } from './kinds/observations.ts'
import type { CurrentDocument, SeriesState } from './ports.ts'

export type Decision =
  /** The current version says the same already; said again later, it holds from then on against what was written between. */
  | { readonly kind: 'same'; readonly current: CurrentDocument; readonly later: boolean }
  | { readonly kind: 'superseded' }
  | {
      readonly kind: 'register'
      readonly part: number
      readonly replaces: readonly CurrentDocument[]
      /** Another current document of the key stays visible beside this one. */
      readonly partial: boolean
    }
  | { readonly kind: 'delete'; readonly deprecates: readonly CurrentDocument[]; readonly tombstone: string }

export interface DecisionContext {
  /** MSH-7 as 17 digits. */
  readonly time: string
  readonly bodyHash: string
  /** As in CurrentDocument.version. */
  readonly text: string
  /** Whom the patient number is linked to now. */
  readonly personKey: string
  /** Another document number ends with this message, whatever stands under its own. */
  readonly takesOver: boolean
  readonly shrinkGuard: 'keep-parts' | 'replace'
  readonly decode: (bytes: Buffer) => Er7Message | undefined
}

const NOTHING_STORED: SeriesState = { currents: [], lastPart: 0 }

interface Judged {
  readonly current: CurrentDocument
  readonly newer: boolean
  /** Every live result of the current document is named in the message. */
  readonly covered: boolean
  /** All results that it speaks of, cancelled ones too; absent where the newest message always replaces the whole document. */
  readonly results?: ReadonlySet<string>
}

/** Decides by version time, then arrival: an equal MSH-7 counts as later, because it arrived later. */
export function decide(draft: Draft, stored: SeriesState | undefined, context: DecisionContext): Decision {
  const state = stored ?? NOTHING_STORED
  const same = draft.deletes === 'no' && !context.takesOver ? sameOf(state, context) : undefined
  if (same !== undefined) return { kind: 'same', current: same, later: same.version.slice(0, 17) < context.time }
  const judged = judge(draft, state.currents, context)
  if (deletesAll(draft, judged, { state, context })) return remove(judged, state, context)
  const withdrawn = judgeWithdrawn(draft, state, context)
  if (isBuried(draft, state, context) || isStale(draft, [...judged, ...withdrawn])) return { kind: 'superseded' }
  // Entered once, a version has its ids, and is not entered again: it was replaced, and what replaced it is gone.
  if (state.registered?.includes(context.text)) return { kind: 'superseded' }
  return place([judged, withdrawn], state)
}

/** What stands under a person linked before says nothing of the one linked now. */
function sameOf({ currents }: SeriesState, { bodyHash, personKey }: DecisionContext): CurrentDocument | undefined {
  return currents.find((current) => current.bodyHash === bodyHash && current.personKey === personKey)
}

function judge(draft: Draft, currents: readonly CurrentDocument[], context: DecisionContext): readonly Judged[] {
  return currents.map((current) => {
    const newer = current.version.slice(0, 17) > context.time
    const isForeign = current.personKey !== context.personKey
    if (draft.guard === undefined || context.shrinkGuard === 'replace' || isForeign)
      return { current, newer, covered: true }
    const decoded = current.bytes === undefined ? undefined : context.decode(current.bytes)
    // What cannot be read any more cannot be shown to be covered: it stays visible.
    if (decoded === undefined) return { current, newer, covered: false, results: new Set<string>() }
    const held = draft.guard.resultsIn(decoded)
    const live = keysOf(held.filter((result) => result.live))
    return { current, newer, covered: isSubset(live, draft.guard.results), results: keysOf(held) }
  })
}

/** What was withdrawn goes before all that is older, and before its own message when that comes again. */
function judgeWithdrawn(draft: Draft, { withdrawn = [] }: SeriesState, context: DecisionContext): readonly Judged[] {
  const own = withdrawn.filter(({ personKey }) => personKey === context.personKey)
  return judge(draft, own, context).map((one) => {
    const { version, bodyHash } = one.current
    const isAgain = version.slice(0, 17) === context.time && bodyHash === context.bodyHash
    return isAgain ? { ...one, newer: true } : one
  })
}

function keysOf(results: readonly ResultKey[]): ReadonlySet<string> {
  return new Set(results.map(({ key }) => key))
}

function isSubset(small: ReadonlySet<string>, large: ReadonlySet<string>): boolean {
  return [...small].every((entry) => large.has(entry))
}

/**
 * A cancel of results takes the whole document away only when it names all of them. One that comes before what it cancels cannot
 * know that: it is a document like any other, so that results it does not name are not hidden when they come. Where the newest message
 * is the whole document, and where all was taken away already, there is nothing beside what it names.
 */
function deletesAll(
  draft: Draft,
  judged: readonly Judged[],
  { state, context }: { readonly state: SeriesState; readonly context: DecisionContext },
): boolean {
  if (draft.deletes === 'no') return false
  if (draft.deletes === 'whole' || draft.guard === undefined || context.shrinkGuard === 'replace') return true
  if (judged.length === 0) return state.tombstone !== undefined
  return judged.every(({ covered, newer }) => covered || newer)
}

function remove(judged: readonly Judged[], state: SeriesState, context: DecisionContext): Decision {
  const deprecates = judged.filter(({ newer }) => !newer).map(({ current }) => current)
  const latest = [state.tombstone ?? '', context.time].sort().at(-1) ?? context.time
  return { kind: 'delete', deprecates, tombstone: latest }
}

/**
 * A deletion holds against all that is older. One that took back results holds against those: what came piecewise and names none of
 * them was never withdrawn. A message that names others beside them stays hidden, as it would show withdrawn results as good ones.
 */
function isBuried({ guard }: Draft, { tombstone, deletions = [] }: SeriesState, context: DecisionContext): boolean {
  if (tombstone === undefined || context.time >= tombstone) return false
  if (guard === undefined || guard.results.size === 0 || context.shrinkGuard === 'replace') return true
  const later = deletions.filter(({ version }) => version.slice(0, 17) > context.time)
  // A deletion whose message is not there any more may have taken back everything.
  if (!later.some(({ version }) => version.slice(0, 17) === tombstone)) return true
  return later.some(({ bytes }) => {
    const decoded = context.decode(bytes)
    const withdrawn = decoded === undefined ? 'document' : guard.withdrawnBy(decoded)
    return withdrawn === 'document' || [...guard.results].some((result) => withdrawn.has(result))
  })
}

/** Everything the message says was said again by a newer one. */
function isStale(draft: Draft, judged: readonly Judged[]): boolean {
  const newer = judged.filter((one) => one.newer)
  if (newer.length === 0) return false
  if (newer.some(({ results }) => results === undefined)) return true
  const said = new Set(newer.flatMap(({ results }) => [...(results ?? [])]))
  return isSubset(draft.guard?.results ?? new Set(), said)
}

function place(
  [judged, withdrawn]: readonly [currents: readonly Judged[], withdrawn: readonly Judged[]],
  state: SeriesState,
): Decision {
  const replaceable = judged.filter(({ covered, newer }) => covered && !newer).map(({ current }) => current)
  const partial = replaceable.length < judged.length
  // The place of a newer one that was withdrawn is kept, so that it goes on being known.
  if (!partial && !withdrawn.some(({ newer }) => newer))
    return { kind: 'register', part: 1, replaces: replaceable, partial }
  const part = replaceable[0]?.part ?? Math.max(state.lastPart, 1) + 1
  return { kind: 'register', part, replaces: replaceable, partial }
}
