// tsunagi config: which value is in force and where it came from (design §5).

import { explainConfig } from '../config/config.ts'
import { configInput, configOf, contextOf, type Registration } from './context.ts'
import { printRows } from './output.ts'

export const registerConfig: Registration = (program, terminal) => {
  const group = program.command('config').description('settings / 設定')
  group
    .command('explain')
    .description('every setting with its value and source / 設定値とその由来')
    .action((_, command) => {
      const context = contextOf(command, terminal)
      const columns = [
        { title: 'KEY', value: (row: Row) => row.key },
        { title: 'VALUE', value: (row: Row) => row.value },
        { title: 'SOURCE', value: (row: Row) => row.source },
        { title: 'DESCRIPTION', value: (row: Row) => row.description },
      ]
      printRows(terminal, { rows: explainConfig(configInput(context)), columns, empty: '' }, context.format)
    })
  group
    .command('check')
    .description('is the configuration valid? / 設定の検査')
    .action((_, command) => {
      configOf(contextOf(command, terminal))
      terminal.out('the configuration is valid / 設定に問題はありません\n')
    })
}

type Row = ReturnType<typeof explainConfig>[number]
