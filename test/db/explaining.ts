// Plans of what a store asks of PostgreSQL: which tables are read through, and how many rows are looked at (style 2.9: an explain test).

import pg from 'pg'

export interface Node {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly Node[]
}

function nodes(plan: Node): readonly Node[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)]
}

const BASE_SCANS = new Set([
  'Seq Scan',
  'Index Scan',
  'Index Only Scan',
  'Bitmap Heap Scan',
  'Bitmap Index Scan',
  'Tid Scan',
])

/** Rows that the scans of tables and indexes brought up, used or not. */
export function rowsRead(plan: Node): number {
  return nodes(plan)
    .filter((node) => BASE_SCANS.has(node['Node Type']))
    .map(
      (node) =>
        (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
        node['Actual Loops'],
    )
    .reduce((sum, rows) => sum + rows, 0)
}

function literal(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean' || typeof value === 'number') return `'${value}'`
  if (Array.isArray(value))
    return pg.escapeLiteral(`{${value.map((one) => `"${String(one).replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`)
  return pg.escapeLiteral(String(value))
}

/** A pool that explains what it is asked, with the plan the sessions of the server use, and answers it. */
export function explaining(pool: pg.Pool, plans: Node[]): pg.Pool {
  const query = async ({ text, values }: { text: string; values: unknown[] }) => {
    const client = await pool.connect()
    try {
      await client.query(`prepare asked as ${text}`)
      const given = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`
      const { rows } = await client.query(`explain (analyze, format json) execute asked ${given}`)
      plans.push(rows[0]['QUERY PLAN'][0].Plan)
      return await client.query(`execute asked ${given}`)
    } finally {
      await client.query('deallocate asked')
      client.release()
    }
  }
  return { query } as unknown as pg.Pool
}

/** Tables that a plan reads from end to end. */
export function scannedTables(plan: Node): readonly string[] {
  return nodes(plan).flatMap((node) => (node['Node Type'] === 'Seq Scan' ? (node['Relation Name'] ?? []) : []))
}
