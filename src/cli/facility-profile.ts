// tsunagi facility profile, changes, counts: what a facility says of itself (施設情報), and its live figures (idlink ).

import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf } from './context.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

const MEMBERS = [
  ['name', 'name / 名称'],
  ['kind', 'gateway, store-client, manual or viewing / 種別'],
  ['code', '10-digit code (保険医療機関コード)'],
  ['facilityType', 'code of healthcareFacilityTypeCode'],
  ['nameKana', 'name in kana / 名称カナ'],
  ['nameEnglish', 'name in English / 英語名称'],
  ['postalCode', 'seven digits / 郵便番号'],
  ['address', 'address / 住所'],
  ['phone', 'telephone / 電話番号'],
  ['email', 'e-mail / メールアドレス'],
  ['area', 'area that it serves / 地域'],
  ['beds', 'licensed general beds / 一般病床数'],
] as const

type ProfileOptions = Readonly<Partial<Record<(typeof MEMBERS)[number][0] | 'clear' | 'reason', string>>>

/** Below `facility`. */
export function registerProfile(group: Command, terminal: Terminal): void {
  const command = group
    .command('profile <facilityId>')
    .description('change its profile or its kind; what is left out stays / 施設情報の変更')
  for (const [member, said] of MEMBERS) command.option(`--${optionOf(member)} <text>`, said)
  command
    .option('--clear <members>', 'members to take away, separated by commas, such as phone,email / 削除する項目')
    .option('--reason <text>', 'why, for the history / 理由')
    .action((facilityId: string, options: ProfileOptions, invoked) =>
      withAdmin(invoked, terminal, async (call) => {
        const answer = await call.admin.patch(`/facilities/${segment(facilityId)}/profile`, bodyOf(options))
        showChange(call, answer, `profile of facility ${facilityId} changed`)
      }),
    )
  registerViews(group, terminal)
}

function registerViews(group: Command, terminal: Terminal): void {
  group
    .command('changes <facilityId>')
    .description('what was changed of it, by whom, from what to what / 変更履歴')
    .action((facilityId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.get(`/facilities/${segment(facilityId)}/revisions`)
        showList(call, answer, ['at', 'by', 'changed', 'reason'])
      }),
    )
  group
    .command('counts <facilityId>')
    .description('patients registered there, and those of them linked with others / 患者登録数・連携患者数')
    .action((facilityId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const { status, body } = await call.admin.get(`/facilities/${segment(facilityId)}/counts`)
        showList(call, { status, body: call.context.format === 'json' ? body : [body] }, [
          'registeredPatients',
          'linkedPatients',
        ])
      }),
    )
}

function optionOf(member: string): string {
  return member.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** @throws {UsageError} when nothing is to be changed. */
function bodyOf({ clear, reason, beds, ...texts }: ProfileOptions) {
  const cleared = Object.fromEntries(listOf(clear).map((member) => [member, null]))
  const changes = { ...given(texts), ...(beds === undefined ? {} : { beds: bedsOf(beds) }), ...cleared }
  if (Object.keys(changes).length === 0) throw new UsageError('name what changes, such as --address or --clear phone')
  return given({ ...changes, reason })
}

/** What is no number would be sent as null, which takes the figure away. */
function bedsOf(text: string): number {
  if (!/^\d{1,6}$/.test(text))
    throw new UsageError(`--beds needs a number of beds, not "${text}"; --clear beds takes it away`)
  return Number(text)
}
