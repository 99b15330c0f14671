// What the stores of administration share: a change and its audit event in one transaction (design §4; DICOM PS3.15 Security Alert).

import type pg from 'pg'
import type { Change, Changed, Stored } from '../../access/ports.ts'
import { formatCx, type PatientId } from '../../model/identifiers.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordChange, recordCredentialChange } from '../staff-change.ts'

/** As `changing`, for what concerns one patient: the event names whom it was done about, by the ids that the network has for them. */
export function changingFor<T extends Stored | Changed>(
  pool: pg.Pool,
  change: Change,
  work: (client: Queryable) => Promise<{ readonly result: T; readonly personKey?: string }>,
): Promise<T> {
  return transaction(pool, async (client) => {
    const { result, personKey } = await work(client)
    if (result === 'created' || result === 'changed')
      await recordChange(client, { ...change, patients: await patientIdsOf(client, personKey) })
    return result
  })
}

/** In CX form; of nobody in particular there is none. */
export async function patientIdsOf(client: Queryable, personKey: string | undefined): Promise<readonly string[]> {
  if (personKey === undefined) return []
  const rows = await query<PatientId>(
    client,
    sql`/* whom a change is about */
      select i.value, i.domain as authority from identity.identifier i join identity.domain d on d.oid = i.domain and d.kind = 'community'
      where i.person_key = ${personKey} and i.status = 'active' order by i.value`,
  )
  return rows.map(formatCx)
}

type Changing = <T extends Stored | Changed>(
  pool: pg.Pool,
  change: Change,
  work: (client: Queryable) => Promise<T>,
) => Promise<T>

/** Runs `work` and, when it changed something, records who did what in the same commit. */
export const changing: Changing = changingBy(recordChange)

/** As `changing`, for what proves who a system or person is (110137). */
export const changingCredentials: Changing = changingBy(recordCredentialChange)

function changingBy(record: typeof recordChange): Changing {
  return (pool, change, work) =>
    transaction(pool, async (client) => {
      const result = await work(client)
      if (result === 'created' || result === 'changed') await record(client, { ...change, patients: [] })
      return result
    })
}

/** An insert that met a row: is it the same content? */
export async function outcomeOf(client: Queryable, insert: Statement, same: Statement): Promise<Stored> {
  if ((await execute(client, insert)) === 1) return 'created'
  const found = await queryOne<{ readonly same: boolean }>(client, same)
  return found?.same === true ? 'unchanged' : 'conflict'
}

/** An update that finds the row as it shall be already changes nothing; `there` tells that from a row that does not exist. */
export async function changed(client: Queryable, update: Statement, there: Statement): Promise<Changed> {
  if ((await execute(client, update)) > 0) return 'changed'
  return (await isThere(client, there)) ? 'unchanged' : 'missing'
}

/** A column without a value is an absent member. */
export function withoutNulls<T extends object>(row: T): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T
}

export async function isThere(client: Queryable, statement: Statement): Promise<boolean> {
  return (await queryOne(client, statement)) !== undefined
}
