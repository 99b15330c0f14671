// tsunagi review: the questions that the matcher leaves to people, with what speaks for and against (名寄せの確認).

import type { Command } from 'commander'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { segment, showChange, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { attributesOf, explained, listOf, membersOf } from './index-output.ts'
import { formatTable } from './output.ts'
import { NUMBER_COLUMNS, paged, pageQuery, show } from './person-views.ts'
import type { Terminal } from './terminal.ts'

export const registerReview: Registration = (program, terminal) => {
  const group = program.command('review').description('questions about who is whom / 名寄せの確認')
  registerReads(group, terminal)
  for (const answer of ANSWERS) registerAnswer(group, terminal, answer)
  group
    .command('claim <reviewId>')
    .description('say that you work on a question / 担当の表明')
    .option('--release', 'leave it to others')
    .action((reviewId: string, options: { readonly release?: true }, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/reviews/${segment(reviewId)}/claim`
        const isRelease = options.release === true
        const answer = await (isRelease ? call.admin.delete(path) : call.admin.post(path, {}))
        showChange(call, answer, `question ${reviewId} ${isRelease ? 'released' : 'claimed'}`)
      }),
    )
}

function registerReads(group: Command, terminal: Terminal): void {
  paged(group.command('list'))
    .description('the questions, the most dangerous first / 一覧')
    .option('--state <state>', 'open, deferred, linked, apart or closed; default open')
    .option('--reason <reason>', 'of this reason only, such as bridge')
    .action((options: Readonly<Record<string, string>>, command) =>
      withAdmin(command, terminal, async (call) => {
        const { limit, after, state, reason } = options
        const { body } = await call.admin.get(`/reviews${pageQuery({ state, reason, limit, after })}`)
        show(call, body, formatTable(rowsOf(body).map(lineOf), LINE_COLUMNS))
      }),
    )
  group
    .command('counts')
    .description('how many questions there are by state, reason and age / 件数')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.get('/reviews/counts')
        show(call, body, formatTable(rowsOf(body), membersOf('state', 'reason', 'age', 'count')))
      }),
    )
  group
    .command('show <reviewId>')
    .description('both records side by side, their persons, and the comparison by field / 詳細')
    .action((reviewId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.get(`/reviews/${segment(reviewId)}`)
        show(call, body, isObject(body) ? reviewText(body) : '')
      }),
    )
}

const ANSWERS = [
  { answer: 'link', description: 'the records are one person’s / 同一人物' },
  { answer: 'apart', description: 'they are different people, for good / 別人' },
  { answer: 'defer', description: 'decide later / 保留' },
] as const

function registerAnswer(group: Command, terminal: Terminal, { answer, description }: (typeof ANSWERS)[number]): void {
  group
    .command(`${answer} <reviewId>`)
    .description(description)
    .requiredOption('--reason <text>', 'how it is known')
    .action((reviewId: string, { reason }: { readonly reason: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const said = await call.admin.post(`/reviews/${segment(reviewId)}/answer`, { answer, reason })
        showChange(call, said, `question ${reviewId}: ${answer}`)
      }),
    )
}

const LINE_COLUMNS = membersOf(
  'reviewId=REVIEW',
  'reason',
  'score',
  'first',
  'second',
  'openedAt=ASKED',
  'claimedBy=CLAIMED',
  'decision',
)

function lineOf(line: Json): Json {
  const [first, second] = listOf(line.records).map(({ patient, value }) => `${textOf(patient)} (${textOf(value)})`)
  return { ...line, first, second }
}

function reviewText(review: Json): string {
  const records = listOf(review.records)
  const score = typeof review.score === 'number' ? `, ${review.score.toFixed(1)} bits` : ''
  return [
    `question ${textOf(review.reviewId)}: ${textOf(review.reason)}${score}, ${textOf(review.state)}\n`,
    sideBySide(records, review.told),
    ...records.map(othersText),
    explained(review.comparison),
    decisionsText(listOf(review.before)),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

/** Lines that differ are marked. */
function sideBySide(records: readonly Json[], told: unknown): string {
  const sides = records.map(sideOf)
  if (told !== undefined) sides.push(new Map([['id', 'what it says now'], ...attributesOf(told)]))
  const attributes = [...new Set(sides.flatMap((side) => [...side.keys()]))]
  const rows = attributes.map((attribute) => {
    const values = sides.map((side) => side.get(attribute) ?? '')
    return { attribute, values, differs: new Set(values).size > 1 && !PLACES.has(attribute) }
  })
  return formatTable(rows, [
    { title: '', value: ({ differs }) => (differs ? '≠' : '') },
    { title: '', value: ({ attribute }) => attribute },
    ...sides.map((_, at) => ({
      title: `RECORD ${at + 1}`,
      value: ({ values }: (typeof rows)[number]) => values[at] ?? '',
    })),
  ])
}

/** What says where a record is and not who it describes. */
const PLACES = new Set(['id', 'patient', 'link'])

function sideOf({ number, patient }: Json): Map<string, string> {
  const record = isObject(number) ? number : {}
  return new Map([
    ['id', `${textOf(record.domainName)} ${textOf(record.value)}`],
    ['patient', textOf(patient)],
    ['link', textOf(record.link)],
    ...attributesOf(record.demographics),
  ])
}

function othersText({ patient, others }: Json): string {
  const numbers = listOf(others)
  if (numbers.length === 0) return ''
  return `other numbers of ${textOf(patient)}:\n${formatTable(numbers, NUMBER_COLUMNS)}`
}

function decisionsText(decisions: readonly Json[]): string {
  if (decisions.length === 0) return ''
  return `decided before:\n${formatTable(decisions, membersOf('at', 'state', 'by', 'reason'))}`
}
