// Whether the server says that it is ready (reliability: health; fault list, a file system that takes nothing).

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readiness } from '../../src/app/admin-ports.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openDatabase } from '../db/database.ts'

t.setTimeout(170_000)

t.test('a place of documents that takes none, with room enough, is not ready', async (t) => {
  const pool = await openDatabase(t, 2)
  const config = loadConfig({ flags: { dataDir: t.testdir() }, env: {} })
  const incoming = join(config.dataDir, 'documents', 'incoming')
  await mkdir(incoming, { recursive: true })
  t.match(await readiness(config, pool), { database: 'ok', documents: 'ok' })
  t.strictSame(await readdir(incoming), [], 'nothing stays of the trial')
  // As whoever may write anywhere sees a file system that was mounted read-only after a fault.
  await rm(incoming, { recursive: true })
  await writeFile(incoming, '')
  t.match(await readiness(config, pool), { database: 'ok', documents: 'not writable' })
})
