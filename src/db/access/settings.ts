// Notes of the operator's tools on PostgreSQL.

import type pg from 'pg'
import type { AdministrationStore } from '../../access/ports.ts'
import { execute, queryOne, sql } from '../sql.ts'
import { changing } from './changing.ts'

export function settings(pool: pg.Pool): Pick<AdministrationStore, 'setting' | 'putSetting'> {
  return {
    setting: async (name) =>
      (
        await queryOne<{ readonly value: string }>(
          pool,
          sql`select value from access.network_setting where name = ${name}`,
        )
      )?.value,
    putSetting: (name, value, change) =>
      changing(pool, change, async (client) => {
        const written = await execute(
          client,
          sql`insert into access.network_setting as kept (name, value) values (${name}, ${value})
              on conflict (name) do update set value = excluded.value, updated_at = now() where kept.value <> excluded.value`,
        )
        return written === 1 ? 'changed' : 'unchanged'
      }),
  }
}
