// `tsunagi generate`: writes the files that are made from the tables (WSDLs, error documentation), for the repository.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Registration } from './context.ts'
import { generatedFiles } from './generated-files.ts'

export const registerGenerate: Registration = (program, terminal) => {
  program
    .command('generate')
    .description(
      'write wsdl/ and the generated pages of docs/ from the tables, in the current directory / 生成ファイルの更新',
    )
    .action(async () => {
      for (const [path, content] of generatedFiles()) {
        await mkdir(join(path, '..'), { recursive: true })
        await writeFile(path, content)
        terminal.out(`${path}\n`)
      }
    })
}
