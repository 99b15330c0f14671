// Rules of emergency access without a database: what is typed, what the form needs, who sees what, cells of the report (docs/emergency.md).

import t from 'tap'
import { readEntry } from '../../src/access/emergency/entry.ts'
import {
  type Disaster,
  type EmergencyForm,
  hoursOf,
  MIN_REASON_LENGTH,
  missingOf,
  RELAXABLE,
} from '../../src/access/emergency/form.ts'
import { reachOf } from '../../src/access/emergency/reach.ts'
import { monthlyReport, monthOf, REPORT_TITLES, shownTo } from '../../src/access/emergency/review.ts'
import type { GrantView } from '../../src/access/emergency/store.ts'
import type { AccessFacts, Consent } from '../../src/model/access.ts'
import type { CallingSystem } from '../../src/model/caller.ts'
import { canonicalNumber } from '../../src/model/patient-number.ts'

t.test('an entry is a number and #EMS, in half or full width and any case (idlink E-1)', async (t) => {
  for (const [typed, number] of [
    ['0001234567#EMS', '0001234567'],
    ['0001234567#ems', '0001234567'],
    ['０００１２３４５６７＃ＥＭＳ', '0001234567'],
    ['0001234567＃ＥＭＳ', '0001234567'],
    ['　12345 ＃eＭs　', '12345'],
    ['Ｂ－77#Ems', 'B-77'],
    ['12#34#EMS', '12#34'],
    ['b-77#EMS', 'b-77'],
  ] as const)
    t.equal(readEntry(typed), number, typed)
  for (const typed of [
    '',
    '#EMS',
    ' ＃ＥＭＳ',
    '0001234567',
    '0001234567#EM',
    '0001234567#EMS1',
    '0001234567EMS',
    '12\n34#EMS',
  ])
    t.equal(readEntry(typed), undefined, JSON.stringify(typed))
})

t.test('numbers take the form of their facility', async (t) => {
  t.equal(canonicalNumber('１２３', 'pad:10'), '0000000123')
  t.equal(canonicalNumber('000123', 'strip'), '123')
  t.equal(canonicalNumber('　000123 ', 'exact'), '000123')
  t.equal(canonicalNumber('B-77', 'pad:10'), 'B-77')
})

const complete: EmergencyForm = {
  reasonCode: 'life-threat',
  reason: '意識がなく家族とも連絡がつかない',
  consentKind: 'oral',
  consentBy: '長女',
  chartNoted: true,
}
const disasterWith = (relaxed: Disaster['relaxed']): Disaster => ({ disasterId: '1', relaxed, grantDays: 30 })

t.test('every field of the form is needed; disaster mode relaxes the ones it names (idlink E-2, E-4)', async (t) => {
  t.strictSame(missingOf(complete, undefined), [])
  const { consentKind: _kind, ...withoutKind } = complete
  const { consentBy: _by, ...withoutBy } = complete
  const { chartNoted: _noted, ...withoutNote } = complete
  const cases = [
    [withoutKind, 'consentKind'],
    [withoutBy, 'consentBy'],
    [{ ...complete, consentBy: ' 　' }, 'consentBy'],
    [withoutNote, 'chartNoted'],
    [{ ...complete, chartNoted: false }, 'chartNoted'],
    [{ ...complete, reason: '' }, 'reason'],
    [{ ...complete, reason: 'あ'.repeat(MIN_REASON_LENGTH - 1) }, 'reason'],
    [{ ...complete, reason: `急患${' '.repeat(20)}` }, 'reason'],
    [{ ...complete, reason: '𠮟'.repeat(MIN_REASON_LENGTH - 1) }, 'reason'],
  ] as const
  for (const [form, field] of cases) {
    t.strictSame(missingOf(form, undefined), [field], field)
    t.strictSame(missingOf(form, disasterWith([])), [field], `${field}, disaster mode that relaxes nothing`)
    for (const relaxed of RELAXABLE)
      t.strictSame(
        missingOf(form, disasterWith([relaxed])),
        relaxed === field ? [] : [field],
        `${field}, ${relaxed} relaxed`,
      )
  }
  t.strictSame(missingOf({ reasonCode: 'disaster', reason: 'short' }, undefined), [
    'reason',
    'consentKind',
    'consentBy',
    'chartNoted',
  ])
  t.strictSame(missingOf({ ...complete, reason: 'あ'.repeat(MIN_REASON_LENGTH) }, undefined), [])
})

t.test('a grant runs as long as the network says, for a disaster as its operator says (security b.5)', async (t) => {
  t.equal(hoursOf({ reasonCode: 'disaster' }, undefined, 24), 24)
  t.equal(hoursOf({ reasonCode: 'life-threat' }, disasterWith([]), 24), 24)
  t.equal(hoursOf({ reasonCode: 'disaster' }, disasterWith([]), 24), 720)
})

const consent: Consent = { kind: 'comprehensive', facilities: [], excludedFacilities: [], excludedKinds: [] }
const viewer = {
  facilityId: 'clinic-b',
  accessMode: 'consent',
  confidentialityCeiling: 'N',
  unionFacilities: ['hospital-a', 'clinic-b', 'pharmacy-c'],
} as unknown as CallingSystem
const facts: AccessFacts = { linked: false, consents: [consent], emergency: [], stopped: false }

t.test('a grant opens what link and naming would, and nothing that stands without it (ADR 24)', async (t) => {
  const opened = (given: Partial<AccessFacts>) => [...reachOf(viewer, { ...facts, ...given }).opened].sort()
  t.strictSame(opened({}), ['hospital-a', 'pharmacy-c'])
  t.strictSame(opened({ linked: true }), [], 'linked already')
  t.strictSame(
    opened({ emergency: [{ kinds: null }] }),
    ['hospital-a', 'pharmacy-c'],
    'one that runs is no normal access',
  )
  t.strictSame(opened({ consents: [] }), [], 'no consent')
  t.strictSame(opened({ stopped: true }), [], 'support stopped')
  t.strictSame(opened({ consents: [{ ...consent, kind: 'individual', facilities: ['hospital-a'] }] }), ['hospital-a'])
  t.strictSame(opened({ consents: [{ ...consent, excludedFacilities: ['clinic-b'] }] }), [], 'the viewer is excluded')
  t.strictSame(opened({ consents: [{ ...consent, excludedFacilities: ['hospital-a'] }] }), ['pharmacy-c'])
  const alone = { ...viewer, unionFacilities: [] }
  t.strictSame([...reachOf(alone, facts).opened], [], 'no union')
})

const grant: GrantView = {
  grantId: '7',
  facilityId: 'clinic-b',
  facilityName: '診療所',
  user: '佐藤 花子',
  staffId: 'sato',
  job: 'doctor',
  origin: 'staff',
  publisherId: 'hospital-a',
  publisherName: '病院',
  number: '0000012347',
  reasonCode: 'unreferred',
  reason: '=HYPERLINK("http://evil.example","x"), 紹介状なしで来院',
  consentKind: 'oral',
  consentBy: '@本人',
  chartNoted: true,
  inDisaster: false,
  startedAt: '2026-06-30T15:00:00.000Z',
  endsAt: '2026-07-01T15:00:00.000Z',
  endedAt: null,
  endedBy: null,
  endReason: null,
  state: 'running',
  contact: 'due',
  contacts: [],
  reviewedAt: null,
  reviewedBy: null,
  reviewComment: null,
}

t.test('staff of the network see that it happened, not whom it is about or why in words (idlink A-8)', async (t) => {
  const operator = {
    kind: 'staff',
    staffId: 'op',
    roles: ['network-operator'],
    job: 'clerk',
    mayUseEms: false,
  } as const
  for (const principal of [{ kind: 'host' } as const, operator])
    t.strictSame(shownTo(principal, grant), { ...grant, number: null, reason: null, consentBy: null })
  t.strictSame(shownTo({ ...operator, facilityId: 'clinic-b' }, grant), grant)
})

t.test('the report is of a month in Japan, page by page (idlink E-5)', async (t) => {
  t.strictSame(monthOf('2026-12'), {
    from: new Date('2026-11-30T15:00:00Z'),
    to: new Date('2026-12-31T15:00:00Z'),
  })
  t.strictSame(monthOf('2026-02').to, new Date('2026-02-28T15:00:00Z'))
  const facility = {
    kind: 'staff',
    staffId: 'x',
    facilityId: 'clinic-b',
    roles: [],
    job: 'clerk',
    mayUseEms: false,
  } as const
  const lines: (readonly string[])[] = []
  for await (const line of monthlyReport('2026-07', facility, { grants: async () => [grant] })) lines.push(line)
  const [cells = []] = lines
  t.equal(lines.length, 1)
  t.equal(cells.length, REPORT_TITLES.length)
  const cell = (title: string) => cells[REPORT_TITLES.indexOf(title)]
  t.equal(cell('StartedAt'), '2026/07/01 00:00:00')
  t.equal(cell('EndedAt'), '')
  t.equal(cell('PatientNumber'), '0000012347')
  t.equal(cell('ChartNoted'), '1')
  t.equal(cell('Contact'), 'due')
  const asked: unknown[] = []
  const host = { kind: 'host' } as const
  const store = {
    grants: async (filter: unknown) => {
      asked.push(filter)
      return asked.length > 1 ? [] : Array<GrantView>(500).fill(grant)
    },
  }
  let count = 0
  for await (const _ of monthlyReport('2026-07', host, store)) count += 1
  t.equal(count, 500)
  t.match(asked, [{ limit: 500 }, { limit: 500, after: '7' }])
})
