// tsunagi matching: how the matcher is set, what it would do with a record, its models, and whether the index is sound.

import type { Command } from 'commander'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { given, segment, showChange, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { type DemographicsOptions, demographicsOf, describingPerson } from './demographics-options.ts'
import { RefusedError, UsageError } from './failure.ts'
import { explained, listOf, membersOf } from './index-output.ts'
import { formatTable } from './output.ts'
import { show } from './person-views.ts'
import type { Terminal } from './terminal.ts'

export const registerMatching: Registration = (program, terminal) => {
  const group = program.command('matching').description('the matcher of the index / 名寄せエンジン')
  registerShow(group, terminal)
  registerTry(group, terminal)
  registerModels(group, terminal)
  registerCheck(group, terminal)
}

function registerShow(group: Command, terminal: Terminal): void {
  group
    .command('show')
    .description('mode, thresholds, model, counts, and persons with suspiciously many records / 設定と件数')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.slow.get('/matching')
        show(call, body, isObject(body) ? matchingText(body) : '')
      }),
    )
}

function matchingText({ policy, model, counts, reviews, crowded }: Json): string {
  const { links, ...sizes } = isObject(counts) ? counts : {}
  const settings = { ...(isObject(policy) ? policy : {}), model, ...sizes }
  const linked = Object.entries(isObject(links) ? links : {}).map(
    ([state, count]) => [`links, ${state}`, count] as const,
  )
  const rows = [...Object.entries(settings), ...linked].map(([name, value]) => ({ name, value }))
  const many = listOf(crowded)
  return [
    formatTable(rows, membersOf('name', 'value')),
    formatTable(listOf(reviews), membersOf('state=QUESTIONS', 'reason', 'age', 'count')),
    many.length === 0
      ? ''
      : `patients with suspiciously many records:\n${formatTable(many, membersOf('patient', 'records', 'domains'))}`,
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function registerTry(group: Command, terminal: Terminal): void {
  describingPerson(group.command('try'))
    .description('whom would this record be linked to, and why? Nothing is written / 試行')
    .option('--facility <facilityId>', 'whose record it would be')
    .action((options: DemographicsOptions & { readonly facility?: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const demographics = demographicsOf(options)
        if (demographics.names.length === 0) throw new UsageError('a person needs a name: --name-kanji "架空 太郎"')
        const { body } = await call.admin.post('/matches', given({ demographics, facilityId: options.facility }))
        show(call, body, isObject(body) ? trialText(body) : '')
      }),
    )
}

function trialText({ outcome, patient, reviews, candidates }: Json): string {
  const asked = listOf(reviews).map(
    (one) => `staff would be asked about ${textOf(one.patient)}: ${textOf(one.reason)}\n`,
  )
  const compared = listOf(candidates).flatMap((candidate) =>
    listOf(candidate.records).map(
      ({ value, comparison }) => `\n${textOf(candidate.patient)} (${textOf(value)}):\n${explained(comparison)}`,
    ),
  )
  return [`${textOf(outcome)} ${textOf(patient)}`.trim(), '\n', ...asked, ...compared].join('')
}

function registerModels(group: Command, terminal: Terminal): void {
  group
    .command('models')
    .description('models that were trained; 0 is the one that the program brings / モデルの一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.get('/matching/models')
        const inUse = isObject(body) ? textOf(body.inUse) : ''
        const table = formatTable(rowsOf(body), membersOf('version', 'active', 'madeAt=MADE', 'madeBy=BY', 'note'))
        show(call, body, `in use: ${inUse}\n${table}`)
      }),
    )
  group
    .command('train')
    .description('train a model on a sample of the network’s own records; activate takes it into use / 学習')
    .requiredOption('--note <text>', 'what it is for')
    .option('--sample <records>', 'at most so many records, 1000 to 100000', Number)
    .action(({ note, sample }: { readonly note: string; readonly sample?: number }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.slow.post('/matching/models', given({ note, sample }))
        const version = isObject(answer.body) ? textOf(answer.body.version) : ''
        showChange(call, answer, `model ${version} was trained; compare it before you activate it`)
      }),
    )
  group
    .command('compare <version>')
    .description('how many standing links the model would decide otherwise / 比較')
    .action((version: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.slow.get(`/matching/models/${segment(version)}/comparison`)
        show(call, body, isObject(body) ? comparisonText(body) : '')
      }),
    )
  group
    .command('activate <version>')
    .description('take a model into use / モデルの適用')
    .requiredOption('--reason <text>', 'why')
    .action((version: string, { reason }: { readonly reason: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/matching/models/${segment(version)}/activate`, { reason })
        showChange(call, answer, `model ${version} is in use`)
      }),
    )
}

function comparisonText({ version, inUse, links, otherwise, verdicts }: Json): string {
  const counted = isObject(verdicts) ? verdicts : {}
  const rows = [
    { model: `${textOf(inUse)} (in use)`, ...(isObject(counted.inUse) ? counted.inUse : {}) },
    { model: textOf(version), ...(isObject(counted.compared) ? counted.compared : {}) },
  ]
  return `${textOf(otherwise)} of ${textOf(links)} links would be decided otherwise\n${formatTable(rows, membersOf('model', 'link', 'review', 'new person'))}`
}

function registerCheck(group: Command, terminal: Terminal): void {
  group
    .command('check')
    .description('is the index sound? Exit code 1 when an invariant is violated / 整合性の検査')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.slow.get('/matching/check')
        const results = rowsOf(body)
        show(call, body, formatTable(results, membersOf('violations', 'invariant', 'examples')))
        const violated = results.filter(({ violations }) => violations !== 0).length
        if (violated > 0) throw new RefusedError(`${violated} invariants are violated / 整合性違反があります`)
      }),
    )
}
