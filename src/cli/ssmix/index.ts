// tsunagi ssmix: SS-MIX2 storages in and out.

import type { Registration } from '../context.ts'
import { registerExport } from './export.ts'
import { registerImport } from './import.ts'
import { registerWatch } from './watch.ts'

export const registerSsmix: Registration = (program, terminal) => {
  const group = program.command('ssmix').description('SS-MIX2 storages / SS-MIX2ストレージ')
  registerImport(group, terminal)
  registerWatch(group, terminal)
  registerExport(group, terminal)
}
