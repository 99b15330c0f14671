// Models of the network's own data: trained from a sample without labels, compared with the one in use, and then activated by staff.

import type { AdministrationChange, AdministrationPorts, LinkSample } from './administration-ports.ts'
import { decide } from './matching/decide.ts'
import { FOLD_VERSION } from './matching/features.ts'
import { DEFAULT_MODEL } from './matching/model.ts'
import type { MatchPolicy } from './matching/types.ts'
import type { Matching } from './ports.ts'

/** A model of fewer records would have learned by heart. */
export const MIN_TRAINING_RECORDS = 1000
/** More teach nothing new, and their training would take longer than anybody waits. */
export const MAX_TRAINING_RECORDS = 100_000
const BUILT_IN = '0'

export type Trained =
  | { readonly kind: 'trained'; readonly version: string; readonly records: number }
  | { readonly kind: 'too few records'; readonly records: number }

/** Stores a model that is not in use yet. The reason becomes its note. */
export async function trainModel(
  { sample, ...change }: AdministrationChange & { readonly sample: number },
  ports: AdministrationPorts,
): Promise<Trained> {
  const { administration } = ports
  const records = await administration.sampleFeatures(sample, FOLD_VERSION)
  if (records.length < MIN_TRAINING_RECORDS) return { kind: 'too few records', records: records.length }
  const { persons } = await administration.counts()
  const model = await ports.train(records, { note: change.reason, population: Math.max(persons, records.length) })
  return { kind: 'trained', version: await administration.addModel(model, change), records: records.length }
}

/** Takes a model into use, here at once and in the other processes of the network within half a minute. */
export async function activateModel(
  { version, ...change }: AdministrationChange & { readonly version: string },
  ports: AdministrationPorts,
): Promise<'changed' | 'unchanged' | 'missing'> {
  const changed = await ports.administration.activateModel(version, change)
  if (changed === 'changed') await ports.reloadModel()
  return changed
}

type Verdict = 'link' | 'review' | 'new person'

/** How a model decides about links that stand: each newest record asked again about the rest of its person. */
export interface ModelComparison {
  readonly version: string
  readonly inUse: string
  readonly links: number
  /** Decided otherwise than by the model in use. */
  readonly otherwise: number
  readonly verdicts: Readonly<Record<'inUse' | 'compared', Readonly<Record<Verdict, number>>>>
}

/** Writes nothing. @returns undefined for a version that there is not. */
export async function compareModel(
  { version, sample }: { readonly version: string; readonly sample: number },
  ports: AdministrationPorts,
): Promise<ModelComparison | undefined> {
  const { administration } = ports
  const model = version === BUILT_IN ? DEFAULT_MODEL : await administration.model(version)
  if (model === undefined) return undefined
  const { model: current, version: inUse, policy } = ports.matching()
  const automatic: MatchPolicy = { ...policy, mode: 'auto' }
  const links = await administration.sampleLinks(sample)
  const pairs = links.map(
    (link) =>
      [verdict(link, { model: current, policy: automatic }), verdict(link, { model, policy: automatic })] as const,
  )
  return {
    version,
    inUse,
    links: links.length,
    otherwise: pairs.filter(([now, then]) => now !== then).length,
    verdicts: { inUse: counted(pairs.map(([now]) => now)), compared: counted(pairs.map(([, then]) => then)) },
  }
}

function verdict({ domain, features, person }: LinkSample, setting: Pick<Matching, 'model' | 'policy'>): Verdict {
  const decision = decide({ domain, features }, [person], setting)
  if (decision.kind === 'link') return 'link'
  return decision.reviews.length > 0 ? 'review' : 'new person'
}

function counted(verdicts: readonly Verdict[]): Readonly<Record<Verdict, number>> {
  const count = (wanted: Verdict): number => verdicts.filter((one) => one === wanted).length
  return { link: count('link'), review: count('review'), 'new person': count('new person') }
}
