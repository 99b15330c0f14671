// tsunagi document: the content of one document, as a facility may see it, in the terminal or as a page (文書の表示).

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { segment, withSession } from './admin-command.ts'
import type { Registration } from './context.ts'
import { pageQuery, show } from './person-views.ts'

interface ShowOptions {
  readonly facility?: string
  readonly html?: string
}

export const registerDocument: Registration = (program, terminal) => {
  const group = program.command('document').description('content of documents / 文書の内容')
  group
    .command('show <uniqueId>')
    .description('what a document says; log on first, every call is audited / 文書の表示')
    .option('--facility <facilityId>', 'your facility, if it is to be named / 閲覧施設')
    .option('--html <file>', 'as a page, written to this file / HTMLページとして保存')
    .action((uniqueId: string, { facility, html }: ShowOptions, command: Command) =>
      withSession(command, terminal, async (call) => {
        const asked = pageQuery({ facility })
        const path = `/documents/${segment(uniqueId)}`
        if (html !== undefined) {
          await writeFile(resolve(terminal.cwd, html), await call.admin.text(`${path}/page${asked}`), { mode: 0o600 })
          terminal.err(`${html}\n`)
        } else if (call.context.format === 'json') {
          const { body } = await call.admin.get(`${path}/content${asked}`)
          show(call, body, '')
        } else terminal.out(await call.admin.text(`${path}/text${asked}`))
      }),
    )
}
