// Submissions that refer to nothing registered, written in batches that share one statement and one commit (design §2, §7).

import type pg from 'pg'
import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { Acceptance, RecordedOutcome } from '../registry/ports.ts'
import { type ExchangeRows, exchangeParts } from './exchange-recorder.ts'
import { causeOf, failureKind, refusalOf, sqlState } from './failure.ts'
import { createGathering } from './gathering.ts'
import { claimsPart } from './idempotency.ts'
import { independentParts, MAX_DOCUMENTS } from './registry-write.ts'
import { executeTogether } from './sql.ts'

type Written = 'written' | 'overtaken'
type RowsOf = (caller: Caller, outcome: RecordedOutcome) => ExchangeRows

const MAX_BATCH = 16
/** Two in flight keep the disk busy while the next batch is prepared. */
const MAX_RUNNING = 2
/** A uniqueId, an id, a claim or the patient is not as it was at first sight, or another transaction is in the way. */
const OVERTAKEN: ReadonlySet<string> = new Set(['23505', '23502', '40P01', '40001'])

export function createIndependentWriter(pool: pg.Pool, rowsOf: RowsOf): (acceptance: Acceptance) => Promise<Written> {
  return createGathering({
    maxRunning: MAX_RUNNING,
    batchOf,
    run: (batch) => write(pool, { batch, rowsOf }),
    divides: (error) => isOvertaken(error) || failureKind(causeOf(error)) === 'other',
  })
}

/** The first ones that fit into one statement; one with more documents than that goes alone. */
function batchOf(waiting: readonly Acceptance[]): number {
  let documents = 0
  const end = waiting.findIndex(({ plan }, index) => {
    documents += plan.documents.length
    return index > 0 && (index >= MAX_BATCH || documents > MAX_DOCUMENTS)
  })
  return end < 0 ? waiting.length : end
}

function isOvertaken(error: unknown): boolean {
  return OVERTAKEN.has(sqlState(error) ?? '')
}

/** @throws {IheError} OUTCOME_UNKNOWN when the connection was lost after the statement had gone; BUSY as query. */
async function write(
  pool: pg.Pool,
  { batch, rowsOf }: { readonly batch: readonly Acceptance[]; readonly rowsOf: RowsOf },
): Promise<readonly Written[]> {
  const rows = batch.map(({ caller, outcome }) => rowsOf(caller, outcome))
  const claims = batch.flatMap(({ claim }) => claim ?? [])
  const parts = [
    ...independentParts(batch.map(({ plan }) => plan)),
    ...(claims.length === 0 ? [] : [claimsPart(claims, { status: 'Success' })]),
    ...exchangeParts({
      events: rows.flatMap(({ events }) => events),
      entries: rows.flatMap(({ entries }) => entries),
    }),
  ]
  const client = await pool.connect().catch((error: unknown) => {
    throw refusalOf(error)
  })
  let failure: unknown
  try {
    await executeTogether(client, parts)
    return batch.map(() => 'written')
  } catch (error) {
    failure = error
    if (failureKind(causeOf(error)) === 'connection') throw iheError('OUTCOME_UNKNOWN', { cause: error })
    if (batch.length === 1 && isOvertaken(error)) return ['overtaken']
    throw error
  } finally {
    client.release(failureKind(causeOf(failure)) === 'connection')
  }
}
