// Access facts of one patient for a query, read for all queries that wait in one statement (ITI TF-2 3.18.4.1.3; design §4, §7).

import type pg from 'pg'
import { type AskedFacts, factsOfPatients, type PersonFacts } from './access-store.ts'
import { causeOf, failureKind } from './failure.ts'
import { createGathering } from './gathering.ts'

/** Patients looked up by one statement, and such statements at a time. */
const MAX_ASKED = 64
const MAX_READING = 2

/** @returns a function that tells of one patient what factsOfPatients does. */
export function createPatientFacts(pool: pg.Pool): (asked: AskedFacts) => Promise<PersonFacts | undefined> {
  const find = createGathering<AskedFacts, { readonly person: PersonFacts | undefined }>({
    maxRunning: MAX_READING,
    batchOf: (waiting) => Math.min(waiting.length, MAX_ASKED),
    run: async (batch) => (await factsOfPatients(pool, batch)).map((person) => ({ person })),
    divides: (error) => failureKind(causeOf(error)) === 'other',
  })
  return async (asked) => (await find(asked)).person
}
