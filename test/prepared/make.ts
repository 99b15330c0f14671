// A process of its own that makes one prepared directory and ends: `make.ts <kind> <directory>` (see prepared.ts).

import pg from 'pg'
import { startServer } from '../../src/app.ts'
import { loadDemo } from '../../src/cli/demo/load.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { migrate } from '../../src/db/migrate.ts'
import { TEST_PASSWORDS } from '../access/passwords.ts'
import type { PreparedKind } from './prepared.ts'
import { SMALL_DATABASE } from './settings.ts'

const ANY_PORT = { 'https.port': '0', 'mllp.storeclient.port': '0', 'mllp.pix.port': '0', 'management.port': '0' }

/** Databases that no copy is used for need not be copied. */
async function slim(database: pg.Pool | pg.Client): Promise<void> {
  await database.query("update pg_database set datistemplate = false where datname = 'template0'")
  await database.query('drop database template0')
  await database.query('drop database postgres')
}

const MAKE: Readonly<Record<PreparedKind, (directory: string) => Promise<void>>> = {
  database: async (directory) => {
    const postgres = await startEmbeddedPostgres({ directory })
    try {
      await migrate(postgres.connection)
      const client = new pg.Client(postgres.connection)
      await client.connect()
      await slim(client)
      await client.end()
    } finally {
      await postgres.stop()
    }
  },
  network: async (dataDir) => {
    const silent = { info: () => {}, warn: () => {}, error: () => {} }
    const config = loadConfig({ flags: { dataDir, ...ANY_PORT, ...SMALL_DATABASE }, env: {} })
    const server = await startServer(config, { log: silent, passwords: TEST_PASSWORDS })
    try {
      await loadDemo(server, () => {})
      await slim(server.pool)
    } finally {
      await server.stop()
    }
  },
}

const [kind, directory] = process.argv.slice(2)
await MAKE[kind as PreparedKind](directory ?? '')
