// tsunagi access: why a patient's documents are seen or not, and what a change of policy would have done to a day (docs/access-rights.md).

import { readFile } from 'node:fs/promises'
import type { AdminAnswer, Json } from './admin-client.ts'
import { isObject, rowsOf, textOf } from './admin-client.ts'
import { type AdminCall, given, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { printable, printRows, toJson } from './output.ts'

interface ExplainOptions {
  readonly patient: string
  readonly facility: string
  readonly system?: string
  readonly document?: string
  readonly user?: string
  readonly job?: string
  readonly purpose?: string
}

interface SimulateOptions {
  readonly change: string
  readonly day?: string
}

export const registerAccess: Registration = (program, terminal) => {
  const group = program.command('access').description('why documents are seen or not / 閲覧可否の説明')
  group
    .command('explain')
    .description('every factor of the decision, and what would have to change / 閲覧可否の理由')
    .requiredOption('--patient <id>', 'id of the network, or number^^^&oid&ISO / 患者')
    .requiredOption('--facility <facilityId>', 'who looks / 閲覧施設')
    .option('--document <uniqueId>', 'default: documents of the patient in general / 文書')
    .option('--system <systemId>', 'system of the facility; default its only one that queries / システム')
    .option('--user <staffId>', 'a person of the facility / 職員')
    .option('--job <job>', 'somebody of this job / 職種')
    .option('--purpose <purpose>', 'treatment or emergency / 利用目的')
    .action((options: ExplainOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const { patient, facility, system, document, user, job, purpose } = options
        const body = given({ patient, facility, system, document, user, job, purpose })
        showExplanation(call, await call.admin.post('/access/explain', body))
      }),
    )
  group
    .command('simulate')
    .description('what a change of policy would have done to a day of the journal; nothing is changed / 方針変更の試算')
    .requiredOption('--change <file>', 'JSON: {"changes": [{"change": "end-membership", …}]} / 変更ファイル')
    .option('--day <day>', 'YYYY-MM-DD in Japan; default yesterday / 対象日')
    .action(({ change, day }: SimulateOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const body = { ...(await readChanges(change)), ...given({ day }) }
        showSimulation(call, await call.admin.slow.post('/access/simulate', body))
      }),
    )
}

/** @throws {UsageError} for a file that is not there or no JSON object. */
async function readChanges(path: string): Promise<Json> {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (isObject(content)) return content
  } catch (cause) {
    throw new UsageError(`--change: ${path} cannot be read as JSON`, { cause })
  }
  throw new UsageError(`--change: ${path} has to hold an object {"changes": [ … ]}`)
}

const MARKS: Readonly<Record<string, string>> = { opens: '◎', holds: '○', closes: '×' }

function showExplanation({ context }: AdminCall, { body }: AdminAnswer): void {
  const { terminal } = context
  if (context.format === 'json' || !isObject(body)) {
    terminal.out(toJson(body ?? null))
    return
  }
  const verdict = isObject(body.verdict) ? body.verdict : {}
  const said = verdict.allowed === true ? 'seen / 閲覧できます' : 'not seen / 閲覧できません'
  const lines = [`${said}: ${textOf(verdict.en)} / ${textOf(verdict.ja)}`, '']
  for (const factor of objectsOf(body.factors)) {
    const mark = MARKS[textOf(factor.outcome)] ?? ''
    const name = `${textOf(factor.factor)} / ${textOf(factor.factorJa)}`
    lines.push(`${mark} ${name}: ${textOf(factor.en)} / ${textOf(factor.ja)}`)
    for (const row of objectsOf(factor.behind)) lines.push(`    ${wordsOf(row)}`)
  }
  const needed = objectsOf(body.toBeSeen)
  if (needed.length > 0) lines.push('', 'to be seen / 閲覧できるようにするには:')
  for (const change of needed) lines.push(`- ${textOf(change.en)} / ${textOf(change.ja)}`)
  for (const line of lines) terminal.out(`${printable(line)}\n`)
  showPublishers(terminal, objectsOf(body.publishers))
}

function showPublishers(terminal: AdminCall['context']['terminal'], rows: readonly Json[]): void {
  if (rows.length === 0) return
  const columns = [
    { title: 'facility', value: (row: Json) => textOf(row.facilityId) },
    { title: 'up to', value: (row: Json) => textOf(row.upTo) },
    { title: 'kinds', value: (row: Json) => (isObject(row.kinds) ? wordsOf(row.kinds) : '') },
    { title: 'reason', value: (row: Json) => textOf(row.reason) },
  ]
  terminal.out('\n')
  printRows(terminal, { rows, columns, empty: '' }, 'table')
}

function showSimulation({ context }: AdminCall, { body }: AdminAnswer): void {
  const { terminal } = context
  if (context.format === 'json' || !isObject(body)) {
    terminal.out(toJson(body ?? null))
    return
  }
  terminal.out(
    `${textOf(body.day)}: ${textOf(body.accesses)} accesses / 件 (${textOf(body.queries)} queries / 照会, ${textOf(body.reads)} reads / 取得)\n` +
      `allowed → refused / 閲覧可→不可: ${textOf(body.allowedToRefused)}\n` +
      `refused → allowed / 閲覧不可→可: ${textOf(body.refusedToAllowed)}\n`,
  )
  const column = (title: string) => ({ title, value: (row: Json) => textOf(row[title]) })
  const columns = [
    ...['direction', 'facilityId', 'job', 'look', 'kind', 'accesses', 'documents', 'reason'].map(column),
    { title: 'journal', value: (row: Json) => (Array.isArray(row.examples) ? row.examples.join(' ') : '') },
  ]
  printRows(terminal, { rows: rowsOf(body.groups), columns, empty: 'nothing would change / 変化なし' }, 'table')
}

function objectsOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function wordsOf(row: Json): string {
  return Object.entries(row)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
