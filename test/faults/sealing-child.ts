// A process that seals and does nothing else, to be killed: it says how much each batch was.

import { sealBatch } from '../../src/db/audit/sealer.ts'
import { createPool } from '../../src/db/pool.ts'

const pool = createPool(JSON.parse(process.argv[2] ?? '{}'), 2)
for (;;) {
  const sealed = await sealBatch(pool, 3)
  if (sealed > 0) process.stdout.write(`${sealed}\n`)
}
