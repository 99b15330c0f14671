// tsunagi facility ledger: links and consents of a facility and month, for its records and for billing (管理台帳, idlink C-11).

import type { Command } from 'commander'
import { segment } from './admin-command.ts'
import { type Context, contextOf } from './context.ts'
import { receiveFile } from './file-output.ts'
import type { Terminal } from './terminal.ts'

interface LedgerOptions {
  readonly month: string
  readonly ledger: string
  readonly out?: string
}

/** Below `facility`. */
export function registerLedger(group: Command, terminal: Terminal): void {
  group
    .command('ledger <facilityId>')
    .description('who registered, linked and consented in a month, as CSV; with --json as JSON / 管理台帳')
    .requiredOption('--month <month>', 'YYYY-MM in Japan / 対象年月')
    .option('--ledger <which>', 'links or consents / 紐付け・同意', 'links')
    .option('--out <file>', 'write it to a file; default standard output')
    .action((facilityId: string, options: LedgerOptions, command) =>
      writeLedger(contextOf(command, terminal), facilityId, options),
    )
}

async function writeLedger(context: Context, facilityId: string, options: LedgerOptions): Promise<void> {
  const format = context.format === 'json' ? 'json' : 'csv'
  const query = `month=${segment(options.month)}&ledger=${segment(options.ledger)}&format=${format}`
  await receiveFile(context, `/facilities/${segment(facilityId)}/ledger?${query}`, options.out)
}
