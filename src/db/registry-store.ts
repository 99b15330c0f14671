// Document Registry on PostgreSQL: what a submission needs and changes; the stored queries are in registry-query.ts.

import type pg from 'pg'
import type { PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { Ended, RecordedOutcome, RegistryStore, RegistryTransaction } from '../registry/ports.ts'
import { holdPersons, lockPatient, type PersonFacts } from './access-store.ts'
import { type ExchangeRows, exchangeParts } from './exchange-recorder.ts'
import { causeOf, failureKind, sqlState } from './failure.ts'
import { createGathering } from './gathering.ts'
import { type ClaimResult, claimPart, claimResult } from './idempotency.ts'
import { createIndependentWriter } from './independent-writer.ts'
import { transaction } from './pool.ts'
import {
  holdNames,
  type LookedAt,
  lookAtSubmissions,
  registrationFacts,
  type SubmissionLook,
  standingVersions,
} from './registry-facts.ts'
import { registrationParts } from './registry-write.ts'
import { executeTogether } from './sql.ts'

/** A uniqueId or id that another submission used first, and other bytes under a uniqueId. */
const LOST_RACES: ReadonlySet<string> = new Set(['23505', '23502'])

/** Submissions looked at by one statement, and such statements at a time. */
const MAX_LOOKS = 32
const MAX_LOOKING = 2

export interface RegistryStoreOptions {
  readonly pool: pg.Pool
  /** Audit and journal rows of an exchange. */
  readonly rowsOf: (caller: Caller, outcome: RecordedOutcome) => ExchangeRows
  readonly accessOf: (caller: Caller, person: PersonFacts) => PatientAccess
}

export function createRegistryStore(options: RegistryStoreOptions): RegistryStore {
  const { pool } = options
  const lookAt = createGathering<SubmissionLook, LookedAt>({
    maxRunning: MAX_LOOKING,
    batchOf: (waiting) => Math.min(waiting.length, MAX_LOOKS),
    run: (looks) => lookAtSubmissions(pool, looks),
    divides: (error) => failureKind(causeOf(error)) === 'other',
  })
  return {
    look: async ({ claim, patientId, caller, ...lookups }) => {
      const { stored, person, ...facts } = await lookAt({ ...lookups, claim, patientId, facilityId: caller.facilityId })
      const { kind } = claimResult(stored, claim)
      return {
        ...facts,
        replayed: kind === 'replay',
        claimable: kind === 'new',
        patient: person === undefined ? undefined : options.accessOf(caller, person),
      }
    },
    writeIndependent: createIndependentWriter(pool, options.rowsOf),
    inTransaction: (work) => endable(pool, (client) => repeatable(() => work(registryTransaction(client, options)))),
  }
}

/** Carries the result of work that asked for a rollback through the transaction helper. */
class RolledBack<T> extends Error {
  readonly result: T
  constructor(result: T) {
    super('rolled back as asked')
    this.result = result
  }
}

async function endable<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Ended<T>>): Promise<T> {
  try {
    return await transaction(pool, async (client) => {
      const { result, end } = await work(client)
      if (end === 'rollback') throw new RolledBack(result)
      return result
    })
  } catch (error) {
    if (error instanceof RolledBack) return error.result as T
    throw error
  }
}

/** Another submission was first: run again, the facts will show it. */
async function repeatable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (LOST_RACES.has(sqlState(error) ?? ''))
      throw Object.assign(new Error('lost a race for an id', { cause: error }), { code: '40001' })
    throw error
  }
}

function registryTransaction(client: pg.PoolClient, options: RegistryStoreOptions): RegistryTransaction {
  let claimIs: ClaimResult['kind'] = 'new'
  let locked: string | undefined
  return {
    open: async ({ claim, patientId, caller }) => {
      const { stored, person } = await lockPatient(client, { claim, patientId, facilityId: caller.facilityId })
      claimIs = claimResult(stored, claim).kind
      locked = person?.personKey
      return {
        replayed: claimIs === 'replay',
        patient: person === undefined ? undefined : options.accessOf(caller, person),
      }
    },
    facts: async (request) => {
      const { stored, ...facts } = await settledFacts(client, request, locked)
      claimIs = claimResult(stored, request.claim).kind
      return { ...facts, replayed: claimIs === 'replay' }
    },
    versions: (asked) => standingVersions(client, asked),
    write: async ({ plan, claim, caller, outcome }) => {
      const parts = await registrationParts(client, plan)
      const claimed = claim === undefined || claimIs !== 'new' ? [] : [claimPart(claim, { status: 'Success' })]
      await executeTogether(client, [...parts, ...claimed, ...exchangeParts(options.rowsOf(caller, outcome))])
    },
  }
}

/**
 * Objects of other persons, and the last other entry of a uniqueId, may be removed meanwhile: persons and names are held until the end
 * of this transaction, then everything is read again.
 */
async function settledFacts(
  client: pg.PoolClient,
  request: Parameters<typeof registrationFacts>[1],
  locked: string | undefined,
): ReturnType<typeof registrationFacts> {
  const facts = await registrationFacts(client, request)
  const others = new Set(facts.referenced.map(({ personKey }) => personKey).filter((key) => key !== locked))
  if (others.size === 0 && facts.usedUniqueIds.length === 0) return facts
  await holdPersons(client, [...others])
  await holdNames(
    client,
    facts.usedUniqueIds.map(({ uniqueId }) => uniqueId),
  )
  return registrationFacts(client, request)
}
