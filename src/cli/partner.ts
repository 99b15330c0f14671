// tsunagi partner: neighbouring communities (XCA).

import { given, showChange, showList, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'

interface AddOptions {
  readonly community: string
  readonly queryUrl?: string
  readonly retrieveUrl?: string
}

export const registerPartner: Registration = (program, terminal) => {
  const group = program
    .command('partner')
    .description('neighbouring communities, by XCA / 隣接ネットワーク（コミュニティ間連携）')
  group
    .command('add <facilityId>')
    .description('the facility stands for a community: what agreement and consents share is shown to it / 登録')
    .requiredOption('--community <oid>', 'its homeCommunityId, without urn:oid: / ホームコミュニティID')
    .option('--query-url <url>', 'ITI-38 address of its Responding Gateway; without it nothing is asked of it / 照会先')
    .option('--retrieve-url <url>', 'ITI-39 address; default the same / 取得先')
    .action((facilityId: string, { community, queryUrl, retrieveUrl = queryUrl }: AddOptions, command) =>
      withAdmin(command, terminal, async (call) =>
        showChange(
          call,
          await call.admin.post('/partners', given({ facilityId, community, queryUrl, retrieveUrl })),
          `${facilityId} stands for community ${community}`,
        ),
      ),
    )
  group
    .command('list')
    .description('all of them / 一覧')
    .action((_options, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/partners'), [
          'facilityId',
          'name',
          'community',
          'queryUrl',
          'retrieveUrl',
          'status',
          'addedAt',
          'addedBy',
        ]),
      ),
    )
}
