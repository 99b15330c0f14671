// tsunagi partner discover, partner questions, patient correlations: who a patient is in a neighbouring community (XCPD, ITI-55).

import type { Command } from 'commander'
import { isObject, textOf } from './admin-client.ts'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import type { Terminal } from './terminal.ts'

interface DiscoverOptions {
  readonly patient: string
  readonly for?: string
}

/** Below `partner`. */
export function registerDiscovery(group: Command, terminal: Terminal): void {
  group
    .command('discover <facilityId>')
    .description('ask the community who a patient is there (ITI-55), whatever is known already / 患者の照会')
    .requiredOption('--patient <id>', 'id of the network / 患者ID')
    .option(
      '--for <facilityId>',
      'for which it is asked, where the agreement is with some facilities only / 照会元施設',
    )
    .action((facilityId: string, options: DiscoverOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const body = given({ patient: options.patient, forFacility: options.for })
        const answer = await call.admin.post(`/partners/${segment(facilityId)}/discover`, body)
        showChange(call, answer, `${facilityId}: ${outcomeOf(answer.body)}`)
      }),
    )
  group
    .command('questions')
    .description('answers from which nobody was chosen: find out who is meant, then "patient link" / 要確認の照会結果')
    .action((_options, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/discovery-questions'), [
          'facilityId',
          'patient',
          'reason',
          'told',
          'askedAt',
          'exchangeId',
        ]),
      ),
    )
}

const OUTCOMES: Readonly<Record<string, string>> = {
  known: 'it knows the patient, and is asked by its id from now on / 患者が見つかりました',
  unknown: 'it does not know the patient / 該当する患者はいません',
  changed: 'the patient, or the terms, changed meanwhile; ask again / 処理中に変更されました。再実行してください',
  open: 'nobody was chosen, see "partner questions" / 特定できませんでした',
  unavailable: 'it did not answer / 応答がありません',
}

function outcomeOf(body: unknown): string {
  const { outcome, reason } = isObject(body) ? body : {}
  const said = OUTCOMES[textOf(outcome)] ?? textOf(outcome)
  return reason === undefined ? said : `${said}: ${textOf(reason)}`
}

/** Below `patient`. */
export function registerCorrelations(group: Command, terminal: Terminal): void {
  group
    .command('correlations <patient>')
    .description('ids that neighbouring communities told of the patient, or were told / コミュニティ間の患者ID対応')
    .action((patient: string, _options, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get(`/patients/${segment(patient)}/correlations`), [
          'facilityId',
          'side',
          'domain',
          'value',
          'learnedAt',
          'expiresAt',
          'endedAt',
          'endedReason',
          'exchangeId',
        ]),
      ),
    )
}
