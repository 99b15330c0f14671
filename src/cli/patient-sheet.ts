// tsunagi patient sheet, by-sheet: referral on paper (患者情報送信票, 同意書送信票; idlink C-8).

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { isObject, textOf } from './admin-client.ts'
import { segment, showChange, withAdmin } from './admin-command.ts'
import type { Terminal } from './terminal.ts'

/** Below `patient`. */
export function registerSheet(group: Command, terminal: Terminal): void {
  group
    .command('sheet <patient> <file>')
    .description('write a sheet to print for another facility, as a page / 送信票の作成')
    .requiredOption('--facility <facilityId>', 'facility that hands it over / 送信元施設')
    .option('--kind <kind>', 'information (患者情報送信票) or consent (同意書送信票)', 'information')
    .action((patient: string, file: string, options: { readonly facility: string; readonly kind: string }, command) =>
      withAdmin(command, terminal, async ({ admin }) => {
        const query = `facility=${segment(options.facility)}&kind=${segment(options.kind)}`
        const page = await admin.text(`/patients/${segment(patient)}/sheet?${query}`)
        await writeFile(resolve(terminal.cwd, file), page, { mode: 0o600 })
        terminal.err(`${file}\n`)
      }),
    )
  group
    .command('by-sheet <facilityId> <id>')
    .description(
      'the patient of a sheet: number at the facility that printed it, and birth date / 送信票による患者の照会',
    )
    .requiredOption('--birth <date>', 'YYYY-MM-DD / 生年月日')
    .action((facilityId: string, id: string, { birth }: { readonly birth: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const body = { facilityId, id, birthTime: birth.replaceAll('-', '') }
        const answer = await call.admin.post('/patients/by-sheet', body)
        showChange(call, answer, isObject(answer.body) ? textOf(answer.body.xad) : '')
      }),
    )
}
