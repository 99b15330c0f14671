// tsunagi partner sync: how far the patient index of a neighbouring community is alike with ours (PIXv3, ITI-44, 45, 46).

import { Argument, type Command } from 'commander'
import { isObject } from './admin-client.ts'
import { segment, showChange, withAdmin } from './admin-command.ts'
import { toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

/** Below `partner`. */
export function registerSynchronisation(group: Command, terminal: Terminal): void {
  group
    .command('sync <facilityId>')
    .addArgument(new Argument('[action]', 'status or resume / 操作').choices(['status', 'resume']).default('status'))
    .description(
      'how far both patient indexes are alike, and what waits; or go on with what is parked / 患者名寄せの同期',
    )
    .action((facilityId: string, action: string, _options, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/partners/${segment(facilityId)}/synchronisation`
        if (action === 'resume') {
          const answer = await call.admin.post(`${path}/resume`, {})
          showChange(call, answer, `the community of ${facilityId} is told and asked anew / 同期を再開しました`)
          return
        }
        const { body } = await call.admin.get(path)
        if (isObject(body)) terminal.out(toJson(body))
      }),
    )
}
