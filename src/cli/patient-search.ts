// tsunagi patient search: who is this, by name in any script, birth date in any era, telephone, postal code or number (患者の検索).

import type { Command } from 'commander'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { withAdmin } from './admin-command.ts'
import { sexOf } from './demographics-options.ts'
import { UsageError } from './failure.ts'
import { attributesOf, listOf } from './index-output.ts'
import type { Column } from './output.ts'
import { formatTable } from './output.ts'
import { pageQuery, show } from './person-views.ts'
import type { Terminal } from './terminal.ts'

type SearchOptions = Readonly<
  Partial<Record<'name' | 'family' | 'given' | 'birth' | 'sex' | 'phone' | 'postal' | 'id' | 'limit', string>>
>

export function registerSearch(group: Command, terminal: Terminal): void {
  group
    .command('search')
    .description('patients by name, birth date, phone, postal code or number; every search is audited / 患者の検索')
    .option(
      '--name <name>',
      '"髙橋 花子", ﾀｶﾊｼ, "TAKAHASHI HANAKO": kanji, kana or Latin letters, or the beginning of it',
    )
    .option('--family <name>', 'family name or its beginning, in place of --name')
    .option('--given <name>', 'given name or its beginning, in place of --name')
    .option('--birth <date>', '1985-03-07, S60.3.7, 昭和60年3月7日; or a month 1985-03, or a year 1985')
    .option('--sex <code>', 'M, F or UN')
    .option('--phone <number>', 'telephone number')
    .option('--postal <code>', 'postal code or its beginning')
    .option('--id <number>', 'a number of any facility or of the network, exactly as it is')
    .option('--limit <count>', 'at most so many, 1 to 50')
    .action((options: SearchOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const { name, family, given, birth, phone, postal, id, limit } = options
        if (name !== undefined && (family ?? given) !== undefined)
          throw new UsageError('--name holds both parts; give either it, or --family and --given')
        const sex = sexOf(options.sex)
        const asked = pageQuery({ name, family, given, birth, sex, phone, postal, id, limit })
        const { body } = await call.admin.get(`/patients/search${asked}`)
        const patients = rowsOf(body)
        show(call, body, patients.length === 0 ? NOBODY : formatTable(patients, COLUMNS))
        if (isObject(body) && body.more === true) terminal.err(moreThan(patients.length))
      }),
    )
}

const NOBODY = 'nobody agrees with all of this / 該当する患者はいません\n'

function moreThan(shown: number): string {
  return `more than ${shown}: ask more precisely, by given name, birth date or phone / 他にも該当者がいます。名・生年月日・電話番号などを追加して絞り込んでください\n`
}

const COLUMNS: readonly Column<Json>[] = [
  { title: 'XAD', value: ({ xad }) => textOf(xad) },
  { title: 'NAME', value: (patient) => nameOf(patient, 'kanji') || nameOf(patient, 'romaji') },
  { title: 'KANA', value: (patient) => nameOf(patient, 'kana') },
  { title: 'BIRTH', value: ({ demographics }) => dateOf(demographics) },
  { title: 'SEX', value: ({ demographics }) => attributesOf(demographics).get('sex') ?? '' },
  { title: 'NUMBERS', value: ({ numbers }) => listOf(numbers).map(numberOf).join(', ') },
]

function nameOf({ demographics }: Json, script: 'kanji' | 'kana' | 'romaji'): string {
  return attributesOf(demographics).get(`name, ${script}`) ?? ''
}

function dateOf(demographics: unknown): string {
  const [date = ''] = /^\d{1,8}/.exec(attributesOf(demographics).get('birthTime') ?? '') ?? []
  return [date.slice(0, 4), date.slice(4, 6), date.slice(6)].filter((part) => part !== '').join('-')
}

/** By the facility; a domain of a system has its own name. */
function numberOf({ facilityId, domainName, value }: Json): string {
  return `${textOf(facilityId) || textOf(domainName)} ${textOf(value)}`
}
