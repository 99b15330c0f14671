// tsunagi migrate: brings the database to the schema of this version and does nothing else.

import { join } from 'node:path'
import { configOf, contextOf, type Registration } from './context.ts'

export const registerMigrate: Registration = (program, terminal) => {
  program
    .command('migrate')
    .description('apply the migrations of the database and end / データベースの移行のみ実行')
    .action(async (_, command) => {
      const config = configOf(contextOf(command, terminal))
      const { migrate } = await import('../db/migrate.ts')
      const log = (line: string): void => terminal.err(`${line}\n`)
      const database = await openDatabase(config.database.url, { directory: join(config.dataDir, 'postgres'), log })
      try {
        const { applied } = await migrate(database.connection, { log })
        terminal.out(applied.length === 0 ? 'the database is up to date\n' : `applied ${applied.join(', ')}\n`)
      } finally {
        await database.stop()
      }
    })
}

async function openDatabase(
  url: string | undefined,
  own: { readonly directory: string; readonly log: (line: string) => void },
) {
  if (url !== undefined) return { connection: { connectionString: url }, stop: async () => {} }
  const { startEmbeddedPostgres } = await import('../db/embedded-postgres.ts')
  return startEmbeddedPostgres(own)
}
