// Files of withheld messages whose time is over go with their rows (docs/adr/0021).

import t from 'tap'
import { releaseWork } from '../../src/app/withheld.ts'
import type { BlobStore } from '../../src/repository/ports.ts'
import type { ReleasePorts } from '../../src/storeclient/hold/hold-ports.ts'
import { openDatabase } from '../db/database.ts'

t.test('a file that cannot be removed keeps no other', async (t) => {
  const pool = await openDatabase(t, 2)
  const expired = (fileKey: string) =>
    pool.query(
      `insert into journal.withheld (seal_id, reason, facility_id, system_id, number, kind, control_id, sent_at, claim_scope, claim_key, sha256,
                                     size_bytes, context, key_id, file_key, exchange_id, received_at, expires_at)
       values (gen_random_uuid(), 'unlinked', 'f1', 's1', '1', 'x', $1, '20260101000000000', 's', $1, $1, 1, '{}', 'k', $1, gen_random_uuid(),
               now() - interval '31 days', now() - interval '1 day')`,
      [fileKey],
    )
  const keys = ['one', 'stuck', 'three']
  for (const key of keys) await expired(key)
  const tried: string[] = []
  const blobs = {
    discardFile: async (key: string) => {
      tried.push(key)
      if (key === 'stuck') throw Object.assign(new Error('EACCES'), { code: 'EACCES' })
    },
  }
  const { sweep } = releaseWork({} as ReleasePorts, blobs as unknown as BlobStore)
  await t.rejects(sweep(pool), { code: 'EACCES' }, 'whoever looks after it hears of it')
  t.same(tried.toSorted(), keys)
  const { rows } = await pool.query('select state, file_key from journal.withheld')
  t.same(
    rows,
    keys.map(() => ({ state: 'expired', file_key: null })),
  )
})
