// Composition root, part four: the matcher as it is set, with the newest model of the network's own data.

import { newestModel } from '../db/identity/models.ts'
import { nameOf } from '../http/failure.ts'
import { DEFAULT_MODEL } from '../identity/matching/model.ts'
import type { Matching } from '../identity/ports.ts'
import type { Given } from './actor-ports.ts'

/** How soon every process of the network works with a model that was trained on one of them. */
const REFRESH_MS = 30_000
/** Version of the model that the program brings. */
const BUILT_IN = '0'

export interface OpenMatching {
  readonly current: () => Matching
  /** Looks for another model at once. */
  readonly reload: () => Promise<void>
  readonly close: () => void
}

/** Reads the model at start and looks for a newer one from time to time. */
export async function openMatching({
  config,
  log,
  pool,
}: Pick<Given, 'config' | 'log' | 'pool'>): Promise<OpenMatching> {
  const { matching: mode, autoLinkBits, reviewBits, marginBits, personalIdentifiers } = config.identity
  const policy = { mode, autoBits: autoLinkBits, reviewBits, marginBits, personalIdentifiers }
  let current: Matching = { policy, model: DEFAULT_MODEL, version: BUILT_IN }
  const refresh = async (): Promise<void> => {
    const newest = await newestModel(pool)
    if (newest === undefined) current = { policy, model: DEFAULT_MODEL, version: BUILT_IN }
    else if (newest.version !== current.version) current = { policy, ...newest }
  }
  await refresh()
  const timer = setInterval(() => {
    refresh().catch((error: unknown) => log.warn({ cause: nameOf(error) }, 'the matching model could not be read'))
  }, REFRESH_MS)
  timer.unref()
  return { current: () => current, reload: refresh, close: () => clearInterval(timer) }
}
