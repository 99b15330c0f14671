// Submissions that refer to nothing registered, written in batches that share one statement and one commit (design §2, §7).

import type pg from 'pg'
import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { Acceptance, RecordedOutcome } from '../registry/ports.ts'
import { type ExchangeRows, exchangeParts } from './exchange-recorder.ts'
import { causeOf, failureKind, refusalOf, sqlState } from './failure.ts'
import { claimsPart } from './idempotency.ts'
import { independentParts, MAX_DOCUMENTS } from './registry-write.ts'
import { executeTogether } from './sql.ts'

type Written = 'written' | 'overtaken'

interface Waiting {
  readonly acceptance: Acceptance
  readonly resolve: (written: Written) => void
  readonly reject: (error: unknown) => void
}

const MAX_BATCH = 16
/** Two in flight keep the disk busy while the next batch is prepared. */
const MAX_FLUSHES = 2
/** A uniqueId, an id, a claim or the patient is not as it was at first sight, or another transaction is in the way. */
const OVERTAKEN: ReadonlySet<string> = new Set(['23505', '23502', '40P01', '40001'])

/**
 * Group commit: while batches are written the next one gathers. A batch that fails is written one by one, so that a submission that
 * was overtaken takes no other with it.
 */
export function createIndependentWriter(
  pool: pg.Pool,
  rowsOf: (caller: Caller, outcome: RecordedOutcome) => ExchangeRows,
): (acceptance: Acceptance) => Promise<Written> {
  let waiting: Waiting[] = []
  let flushes = 0

  async function flushAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = nextBatch(waiting)
      waiting = waiting.slice(batch.length)
      await flush(pool, { batch, rowsOf })
    }
  }

  function start(): void {
    if (flushes >= MAX_FLUSHES) return
    flushes += 1
    // What arrives in the same turn of the event loop goes together.
    setImmediate(() => {
      flushAll().finally(() => {
        flushes -= 1
      })
    })
  }

  return (acceptance) =>
    new Promise((resolve, reject) => {
      waiting.push({ acceptance, resolve, reject })
      start()
    })
}

/** The first ones that fit into one statement; one with more documents than that goes alone. */
function nextBatch(waiting: readonly Waiting[]): readonly Waiting[] {
  let documents = 0
  const end = waiting.findIndex(({ acceptance }, index) => {
    documents += acceptance.plan.documents.length
    return index > 0 && (index >= MAX_BATCH || documents > MAX_DOCUMENTS)
  })
  return end < 0 ? waiting : waiting.slice(0, end)
}

interface Flush {
  readonly batch: readonly Waiting[]
  readonly rowsOf: (caller: Caller, outcome: RecordedOutcome) => ExchangeRows
}

async function flush(pool: pg.Pool, { batch, rowsOf }: Flush): Promise<void> {
  try {
    await write(pool, { batch, rowsOf })
    for (const { resolve } of batch) resolve('written')
  } catch (error) {
    const isOvertaken = OVERTAKEN.has(sqlState(error) ?? '')
    const [only, ...others] = batch
    if (others.length > 0 && (isOvertaken || failureKind(causeOf(error)) === 'other'))
      for (const entry of batch) await flush(pool, { batch: [entry], rowsOf })
    else if (isOvertaken) only?.resolve('overtaken')
    else for (const { reject } of batch) reject(error)
  }
}

/** @throws {IheError} OUTCOME_UNKNOWN when the connection was lost after the statement had gone; BUSY as query. */
async function write(pool: pg.Pool, { batch, rowsOf }: Flush): Promise<void> {
  const acceptances = batch.map(({ acceptance }) => acceptance)
  const rows = acceptances.map(({ caller, outcome }) => rowsOf(caller, outcome))
  const claims = acceptances.flatMap(({ claim }) => claim ?? [])
  const parts = [
    ...independentParts(acceptances.map(({ plan }) => plan)),
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
  } catch (error) {
    failure = error
    throw failureKind(causeOf(error)) === 'connection' ? iheError('OUTCOME_UNKNOWN', { cause: error }) : error
  } finally {
    client.release(failureKind(causeOf(failure)) === 'connection')
  }
}
