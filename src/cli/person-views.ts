// tsunagi patient show, history, merges: what the index knows of a person, and how it came to know it.

import type { Command } from 'commander'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { type AdminCall, segment, withAdmin } from './admin-command.ts'
import { attributeLabel, explained, listOf, membersOf } from './index-output.ts'
import { formatTable, toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

interface PageOptions {
  readonly limit?: string
  readonly after?: string
}

export function registerPersonViews(group: Command, terminal: Terminal): void {
  group
    .command('show <patient>')
    .description('every number of a patient, who linked it, and what its source says / 患者の表示')
    .action((patient: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.get(`/patients/${segment(patient)}`)
        show(call, body, isObject(body) ? personText(body) : '')
      }),
    )
  paged(group.command('history <patient>'))
    .description('what happened to a patient and their numbers, with the evidence of each link / 履歴')
    .action((patient: string, options: PageOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.get(`/patients/${segment(patient)}/history${pageQuery(options)}`)
        show(call, body, historyText(rowsOf(body)))
      }),
    )
  paged(group.command('merges [patient]'))
    .description('merges and moves of numbers, of a patient or of all, the newest first / 統合の一覧')
    .action((patient: string | undefined, options: PageOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const of = patient === undefined ? '' : `/patients/${segment(patient)}`
        const { body } = await call.admin.get(`${of}/merges${pageQuery(options)}`)
        show(call, body, formatTable(rowsOf(body), MERGE_COLUMNS))
      }),
    )
}

const MERGE_COLUMNS = membersOf(
  'mergeId=MERGE',
  'at',
  'origin',
  'scope',
  'formerPatient=FROM',
  'survivorPatient=TO',
  'former=ID',
  'survivor=INTO',
  'by',
  'reason',
  'undo',
)

export function paged(command: Command): Command {
  return command
    .option('--limit <count>', 'at most so many, 1 to 1000')
    .option('--after <id>', 'go on after this one, the last of the page before')
}

export function pageQuery(options: Readonly<Record<string, string | undefined>> | PageOptions): string {
  const given = Object.entries(options).flatMap(([name, value]) =>
    typeof value === 'string' ? [`${name}=${segment(value)}`] : [],
  )
  return given.length === 0 ? '' : `?${given.join('&')}`
}

/** The answer as JSON, or in words. */
export function show({ context }: AdminCall, body: unknown, words: string): void {
  if (context.format === 'json') context.terminal.out(toJson(body ?? null))
  else context.terminal.out(words === '' ? 'none / なし\n' : words)
}

function personText(person: Json): string {
  const golden = listOf(person.golden).map((value) => ({
    ...value,
    attribute: attributeLabel(textOf(value.attribute)),
    source: sourceOf(value.source),
  }))
  const numbers = listOf(person.identifiers)
  return [
    `patient ${textOf(person.xad)}\n`,
    formatTable(golden, membersOf('attribute', 'value', 'source', 'toldAt=TOLD')),
    formatTable(numbers, NUMBER_COLUMNS),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

export const NUMBER_COLUMNS = membersOf(
  'domainName=DOMAIN',
  'value=ID',
  'status',
  'link',
  'survivor',
  'since',
  'by',
  'reason',
)

function sourceOf(source: unknown): string {
  return isObject(source) ? `${textOf(source.domainName)} ${textOf(source.value)}` : ''
}

function historyText(rows: readonly Json[]): string {
  const table = formatTable(
    rows,
    membersOf(
      'historyId=ROW',
      'at',
      'event',
      'domainName=DOMAIN',
      'value=ID',
      'patient',
      'formerPatient=FROM',
      'link',
      'model',
      'score',
      'by',
      'reason',
    ),
  )
  const evidence = rows
    .filter((row) => isObject(row.evidence))
    .map((row) => `\nrow ${textOf(row.historyId)}, ${textOf(row.event)}:\n${explained(row.evidence)}`)
  return `${table}${evidence.join('')}`
}
