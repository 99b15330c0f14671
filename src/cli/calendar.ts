// tsunagi calendar: what a facility may see of a patient in a period, by row and day in Japan (カレンダ).

import type { Command } from 'commander'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { segment, withSession } from './admin-command.ts'
import type { Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { listOf } from './index-output.ts'
import { type Column, formatTable } from './output.ts'
import { pageQuery, show } from './person-views.ts'

interface CalendarOptions {
  readonly facility?: string
  readonly from?: string
  readonly to?: string
  readonly rows?: string
  readonly cancelled?: true
}

/** As many as the calendar of the network has always shown. */
const USUAL_DAYS = 14
const DAY_MS = 86_400_000
const JST_MS = 9 * 3_600_000

export const registerCalendar: Registration = (program, terminal) => {
  program
    .command('calendar <patient>')
    .description('what you may see of a patient, by row and day; log on first, every call is audited / カレンダの表示')
    .option('--facility <facilityId>', 'your facility, if it is to be named / 閲覧施設')
    .option('--from <day>', `first day, YYYY-MM-DD; default ${USUAL_DAYS} days up to the last`)
    .option('--to <day>', 'last day, YYYY-MM-DD; default today')
    .option('--rows <keys>', 'only these rows, such as examination,prescription-order')
    .option('--cancelled', 'cancelled documents too / 取消済みも表示')
    .action((patient: string, options: CalendarOptions, command: Command) =>
      withSession(command, terminal, async (call) => {
        const { from, to } = periodOf(options, new Date())
        const { facility, rows, cancelled } = options
        const asked = { facility, from, to, rows, cancelled: cancelled === undefined ? undefined : 'shown' }
        const { body } = await call.admin.get(`/calendar/${segment(patient)}${pageQuery(asked)}`)
        const items = rowsOf(isObject(body) ? body.rows : []).flatMap(linesOf)
        show(call, body, items.length === 0 ? NOTHING : formatTable(items, COLUMNS))
        if (isObject(body) && body.more === true) terminal.err(MORE)
      }),
    )
}

const NOTHING = 'nothing that this facility may see in this period / この期間に閲覧できる情報はありません\n'
const MORE =
  'the oldest are left out: choose a shorter period / 件数が多いため古いものを省略しました。期間を短くしてください\n'

function periodOf({ from, to }: CalendarOptions, now: Date): { readonly from: string; readonly to: string } {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
  const last = to ?? day(now.getTime() + JST_MS)
  const lastMs = Date.parse(last)
  if (Number.isNaN(lastMs)) throw new UsageError(`--to needs a day YYYY-MM-DD, not "${last}"`)
  return { from: from ?? day(lastMs - (USUAL_DAYS - 1) * DAY_MS), to: last }
}

type Line = Readonly<Record<'row' | 'days' | 'title' | 'facility' | 'author' | 'state' | 'document', string>>

/** One line an item, and one for each of its files. */
function linesOf({ name, days, spans }: Json): readonly Line[] {
  const row = isObject(name) ? textOf(name.ja) : ''
  const items = [...listOf(days).flatMap(({ items: ofDay }) => listOf(ofDay)), ...listOf(spans)]
  return items.flatMap((item) => [itemLine(row, item), ...listOf(item.files).map(fileLine)])
}

function itemLine(row: string, item: Json): Line {
  const [from, to] = [textOf(item.from), textOf(item.to)]
  const state = textOf(item.status) === 'cancelled' ? '取消' : Number(item.versions) > 1 ? `第${item.versions}版` : ''
  return {
    row,
    days: from === to ? from : `${from} 〜 ${to}`,
    title: textOf(item.title),
    facility: isObject(item.facility) ? textOf(item.facility.name) : '',
    author: Array.isArray(item.authors) ? item.authors.map(textOf).join('、') : '',
    state,
    document: textOf(item.documentUniqueId),
  }
}

function fileLine(file: Json): Line {
  const title = `└ ${textOf(file.title)} (${textOf(file.mimeType)})`
  return { row: '', days: '', title, facility: '', author: '', state: '', document: textOf(file.documentUniqueId) }
}

const COLUMNS: readonly Column<Line>[] = [
  { title: '区分', value: ({ row }) => row },
  { title: '診療日', value: ({ days }) => days },
  { title: '内容', value: ({ title }) => title },
  { title: '施設', value: ({ facility }) => facility },
  { title: '作成者', value: ({ author }) => author },
  { title: '状態', value: ({ state }) => state },
  { title: '文書ID', value: ({ document }) => document },
]
