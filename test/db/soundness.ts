// The invariants of the master patient index, asked at the end of tests that change it.

import type pg from 'pg'
import { checkInvariants } from '../../src/db/identity/check.ts'

/** Those that are violated, with the first places. */
export async function violations(pool: pg.Pool): Promise<readonly unknown[]> {
  return (await checkInvariants(pool)).filter((result) => result.violations > 0)
}
