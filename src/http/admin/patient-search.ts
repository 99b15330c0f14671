// Admin route of the search of patients by what people say of themselves (患者の検索).

import type { FastifyInstance } from 'fastify'
import { MAX_SHOWN, type StaffSearch, searchPatients, type UnreadableField } from '../../identity/staff-search.ts'
import { type AdminError, invalid } from './answers.ts'
import { shownFound } from './index-answers.ts'
import type { AdminPorts } from './ports.ts'
import { facilityOf, REGISTRARS } from './principal.ts'
import { described, exactly, whoOf, words } from './schemas.ts'

const said = (description: string) => ({ ...words, description })

const fields = {
  name: said(
    'family and given name divided by a blank, or one of them; kanji, kana of any width or Latin letters, or their beginning',
  ),
  family: said('family name or its beginning'),
  given: said('given name or its beginning'),
  birth: said('1985-03-07, 19850307, S60.3.7 or 昭和60年3月7日; or a month 1985-03, or a year 1985'),
  sex: { enum: ['M', 'F', 'UN'] },
  phone: said('telephone number, with or without marks'),
  postal: said('postal code or its beginning'),
  id: said('a number of any facility or of the network, exactly as it is'),
  limit: { type: 'string', pattern: '^([1-9]|[1-4]\\d|50)$', description: `1 to ${MAX_SHOWN}` },
}

interface SearchQuery extends StaffSearch {
  readonly limit?: string
}

const SUMMARY =
  'Patients of whom one record agrees with all that is given, best first. A patient whose source asks for discretion is found by `id` only; every search is audited'

export function registerSearchRoutes(app: FastifyInstance, { index, store }: AdminPorts): void {
  app.get<{ Querystring: SearchQuery }>(
    '/patients/search',
    { schema: described(SUMMARY, { roles: REGISTRARS, querystring: exactly(fields, Object.keys(fields)) }) },
    async (request, reply) => {
      const { limit, ...search } = request.query
      if (search.name !== undefined && (search.family ?? search.given) !== undefined) return invalid(reply, TWO_NAMES)
      const most = limit === undefined ? MAX_SHOWN : Number(limit)
      const facilityId = facilityOf(request)
      const window =
        facilityId === undefined ? undefined : { facilityId, peers: new Set(await store.registrationPeers(facilityId)) }
      const asked = { search, limit: most, ...whoOf(request), ...(window === undefined ? {} : { window }) }
      const result = await searchPatients(asked, index)
      if (result.kind === 'found') return { patients: result.patients.map(shownFound), more: result.more }
      return invalid(reply, result.kind === 'too little' ? TOO_LITTLE : UNREADABLE[result.field])
    },
  )
}

type Refusal = Omit<AdminError, 'code'>

const TWO_NAMES: Refusal = {
  message: 'name: it holds both parts of a name already',
  hint: 'Give either name, or family and given',
  ja: '氏名（name）と姓・名（family、given）は同時に指定できません。どちらか一方にしてください。',
}

const TOO_LITTLE: Refusal = {
  message: 'Too many patients would answer to this',
  hint: 'Give two characters of a name at least, or with less a birth date, telephone number or postal code; or an id',
  ja: '条件が足りません。氏名は2文字以上を指定するか、生年月日・電話番号・郵便番号・患者番号を追加してください。',
}

const UNREADABLE: Readonly<Record<UnreadableField, Refusal>> = {
  birth: {
    message: 'birth: this is no day, month or year of the calendar up to today',
    hint: 'Give 1985-03-07, 19850307, S60.3.7 or 昭和60年3月7日; or 1985-03 or 1985',
    ja: '生年月日を読み取れません。1985-03-07、19850307、S60.3.7、昭和60年3月7日のように指定してください。',
  },
  phone: {
    message: 'phone: this is no telephone number',
    hint: 'Give its digits, such as 090-0000-0000',
    ja: '電話番号を読み取れません。090-0000-0000 のように指定してください。',
  },
  postal: {
    message: 'postal: this is no postal code, or one that stands for an unknown address',
    hint: 'Give its digits or the first ones, such as 123-4567 or 123',
    ja: '郵便番号を読み取れません。123-4567 または先頭の 123 のように指定してください。',
  },
}
