// tsunagi usage: bytes that facilities store by month, what they cost, and warnings (ストレージ使用量).

import { type Json, rowsOf, textOf } from './admin-client.ts'
import { withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { printRows } from './output.ts'
import { pageQuery } from './person-views.ts'

interface UsageOptions {
  readonly month?: string
  readonly facility?: string
}

const WARNINGS: Readonly<Record<string, string>> = {
  'step-nearly-full': 'step nearly full / 段階上限間近',
  'step-begun': 'new step from next month / 翌月から段階加算',
  'quota-nearly-full': 'quota nearly full / 容量上限間近',
  'quota-full': 'quota full / 容量上限到達',
}

export const registerUsage: Registration = (program, terminal) => {
  program
    .command('usage')
    .description('bytes stored by month, fees and warnings / ストレージ使用量')
    .option('--month <YYYY-MM>', 'month in Japan; default the current one')
    .option('--facility <facilityId>', 'of one facility')
    .action(({ month, facility }: UsageOptions, command) =>
      withAdmin(command, terminal, async ({ admin, context }) => {
        const { body } = await admin.get(`/usage${pageQuery({ month, facility })}`)
        const rows = rowsOf(body)
        printRows(context.terminal, { rows, columns: COLUMNS, empty: 'none / なし' }, context.format)
      }),
    )
}

const COLUMNS = [
  { title: 'facility', value: (row: Json) => textOf(row.facilityId) },
  { title: 'month', value: (row: Json) => `${textOf(row.month)}${row.isFixed === true ? '' : ' (so far)'}` },
  { title: 'documents', value: (row: Json) => textOf(row.documents) },
  { title: 'bytes', value: (row: Json) => textOf(row.bytes) },
  { title: 'steps', value: (row: Json) => textOf(row.steps) },
  { title: 'yen', value: (row: Json) => textOf(row.feeYen) },
  { title: 'yen next month', value: (row: Json) => textOf(row.nextFeeYen) },
  { title: 'of step', value: (row: Json) => `${textOf(row.stepPercent)} %` },
  { title: 'of quota', value: (row: Json) => (row.quotaPercent === undefined ? '' : `${textOf(row.quotaPercent)} %`) },
  {
    title: 'warnings',
    value: ({ warnings }: Json) =>
      Array.isArray(warnings) ? warnings.map((warning) => WARNINGS[textOf(warning)] ?? '').join(', ') : '',
  },
]
