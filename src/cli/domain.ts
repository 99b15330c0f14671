// tsunagi domain: the domains of patient numbers (assigning authorities).

import { showList, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'

export const registerDomain: Registration = (program, terminal) => {
  const group = program
    .command('domain')
    .description('domains of patient numbers; "facility add" and "system add" register them / 患者番号ドメイン')
  group
    .command('list')
    .description('all domains with how many numbers they have / 一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.slow.get('/domains'), [
          'oid',
          'name',
          'kind',
          'facilityId',
          'active',
          'obsolete',
        ]),
      ),
    )
}
