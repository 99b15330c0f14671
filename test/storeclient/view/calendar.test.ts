// The calendar actor in memory: days, spans, order, what is recorded, and what is left out (idlink calendar rules; design §4).

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { calendarOf } from '../../../profiles/storeclient/calendar.ts'
import { dataKinds } from '../../../profiles/storeclient/index.ts'
import { encode } from '../../../src/codec/hl7v2/charset.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import type { DocumentEntry } from '../../../src/model/document-entry.ts'
import type { Evidence } from '../../../src/model/evidence.ts'
import type { Oid } from '../../../src/model/identifiers.ts'
import type { User } from '../../../src/model/user.ts'
import { type CalendarRequest, calendar, MAX_DOCUMENTS } from '../../../src/storeclient/view/calendar.ts'
import type { CalendarPorts, VisibleDocument } from '../../../src/storeclient/view/calendar-ports.ts'
import { clinicalView } from '../../../src/storeclient/view/clinical-view.ts'
import { opened } from '../../access/scopes.ts'
import { entry } from '../../registry/submission.ts'
import { caller } from '../memory.ts'

const AFFINITY = '2.25.100'
const decision = { allowed: true, reason: 'union, consent and link stand' } as const

function document(change: Partial<DocumentEntry>): VisibleDocument {
  return {
    entry: entry(change),
    state: 'current',
    publisher: { facilityId: 'hospital-a', name: '架空中央病院' },
    versions: 1,
    files: [],
  }
}

function ports(documents: readonly VisibleDocument[]) {
  const recorded: Evidence[] = []
  const asked: Parameters<CalendarPorts['documents']>[0][] = []
  const given: CalendarPorts = {
    table: calendarOf(),
    affinityDomain: AFFINITY,
    viewer: async ({ facilityId }) => (facilityId === 'clinic-b' ? caller : undefined),
    patient: async (_viewer, id) =>
      id.value !== 'P1'
        ? undefined
        : {
            personKey: '1',
            patientId: { value: 'P1', authority: AFFINITY as Oid },
            publish: decision,
            scope: {
              mode: 'by-rule',
              ownFacility: 'clinic-b',
              ...opened(['hospital-a']),
              excludedKinds: [],
              decision,
            },
          },
    documents: async (question) => {
      asked.push(question)
      return documents
    },
    record: async (_reading, { evidence }) => {
      recorded.push(evidence)
    },
  }
  return { given, recorded, asked }
}

const reader: User = {
  name: 'sato',
  origin: 'session',
  staffId: 'sato',
  job: 'doctor',
  roles: [],
  purpose: 'treatment',
}

function request(change: Partial<CalendarRequest> = {}): CalendarRequest {
  return {
    exchange: { ...caller.exchange, id: randomUUID() },
    facilityId: 'clinic-b',
    by: 'staff:sato',
    user: reader,
    patient: 'P1',
    from: '2026-04-01',
    to: '2026-04-14',
    cancelled: 'hidden',
    ...change,
  }
}

t.test('a day goes from midnight to midnight in Japan', async (t) => {
  const { given, asked } = ports([])
  await calendar(request(), given)
  t.same(asked[0]?.period, { start: '20260331150000', end: '20260414150000' })
})

t.test('items of one day by their time, spans beside them; a time of less precision fills what it says', async (t) => {
  const { given } = ports([
    document({ uniqueId: '2.25.2', title: 'b', serviceStartTime: '20260401063000', serviceStopTime: '20260401063000' }),
    document({ uniqueId: '2.25.1', title: 'a', serviceStartTime: '20260401003000' }),
    document({ uniqueId: '2.25.3', serviceStartTime: '20260331150000', serviceStopTime: '20260407145959' }),
    document({ uniqueId: '2.25.4', serviceStartTime: '20260401', serviceStopTime: '20260401' }),
    document({ uniqueId: '2.25.5', creationTime: '20260402160000' }),
  ])
  const { rows } = await calendar(request({ rows: ['examination'] }), given)
  t.match(rows, [
    {
      key: 'examination',
      days: [
        { day: '2026-04-01', items: [{ documentUniqueId: '2.25.1' }, { documentUniqueId: '2.25.2' }] },
        { day: '2026-04-03', items: [{ documentUniqueId: '2.25.5' }] },
      ],
      spans: [
        { documentUniqueId: '2.25.3', from: '2026-04-01', to: '2026-04-07' },
        // A day of UTC touches two days in Japan.
        { documentUniqueId: '2.25.4', from: '2026-04-01', to: '2026-04-02' },
      ],
    },
  ])
})

t.test('more than can be shown is said, and what is shown is what is recorded', async (t) => {
  const many = Array.from({ length: MAX_DOCUMENTS + 1 }, (_, index) => document({ uniqueId: `2.25.${index}` }))
  const { given, recorded, asked } = ports(many)
  const found = await calendar(request(), given)
  t.equal(found.more, true)
  t.equal(asked[0]?.limit, MAX_DOCUMENTS + 1)
  t.equal(recorded[0]?.documents.length, MAX_DOCUMENTS)
  t.equal(recorded[0]?.staff, 'staff:sato')
  t.equal(recorded[0]?.query?.text, 'facility=clinic-b from=2026-04-01 to=2026-04-14')
})

t.test('documents of rows that were not asked for are not recorded as looked at (docs/access-log.md)', async (t) => {
  const allergy = { code: 'ALLERGY', scheme: '1.2.3', display: '' }
  const { given, recorded } = ports([
    document({ uniqueId: '2.25.1', serviceStartTime: '20260401003000' }),
    document({ uniqueId: '2.25.2', serviceStartTime: '20260401003000', classCode: allergy }),
  ])
  const shownIn = async (rows?: readonly string[]) => {
    const found = await calendar(request(rows === undefined ? {} : { rows }), given)
    const items = found.rows.flatMap(({ days, spans }) => [...days.flatMap((day) => day.items), ...spans])
    return [items, recorded.at(-1)?.documents ?? []].map((shown) =>
      shown.map(({ documentUniqueId }) => documentUniqueId).sort(),
    )
  }
  t.same(await shownIn(), [
    ['2.25.1', '2.25.2'],
    ['2.25.1', '2.25.2'],
  ])
  t.same(await shownIn(['examination']), [['2.25.1'], ['2.25.1']])
  t.same(await shownIn(['encounter']), [[], []])
})

t.test('who asks in vain is recorded with the reason, and learns nothing', async (t) => {
  const { given, recorded, asked } = ports([document({})])
  const answers = [
    await calendar(request({ facilityId: 'nowhere' }), given),
    await calendar(request({ patient: 'P404' }), given),
    await calendar(request({ patient: 'not a CX^' }), given),
  ]
  for (const answer of answers) {
    t.same(answer, answers[0])
    t.ok(answer.rows.every(({ days, spans }) => days.length + spans.length === 0))
  }
  t.same(
    recorded.map((evidence) => evidence.decision?.reason),
    ['unknown facility', 'unknown patient', 'unknown patient'],
  )
  t.same(recorded[1]?.patients, [`P404^^^&${AFFINITY}&ISO`])
  t.equal(asked.length, 0)
})

t.test('a look that fails for a reason of ours is recorded like any other', async (t) => {
  const recorded: unknown[] = []
  const { given } = ports([])
  const opened = document({ uniqueId: '2.25.7', mimeType: 'x-application/hl7-v2+er7' })
  const viewing = clinicalView(
    { exchange: caller.exchange, facilityId: 'clinic-b', by: 'staff:sato', user: reader, uniqueId: '2.25.7' },
    {
      ...given,
      repositoryUniqueId: opened.entry.repositoryUniqueId ?? '',
      entry: async () => opened,
      open: () => Promise.reject(new Error('the disk is gone')),
      decode: () => undefined,
      record: async (_reading, { result, errors }) => void recorded.push([result, errors.map(({ row }) => row.code)]),
    },
  )
  await t.rejects(viewing, { message: 'the disk is gone' })
  t.same(recorded, [['failure', ['INTERNAL']]])
})

t.test('a document is shown though the one whose place it took is damaged', async (t) => {
  const recorded: unknown[] = []
  const { given } = ports([])
  const formatCode = dataKinds.find(({ kind }) => kind === 'OML-11')?.formatCode
  if (formatCode === undefined) throw new Error('no such kind')
  const shown = document({ uniqueId: '2.25.8', mimeType: 'x-application/hl7-v2+er7', formatCode })
  const former = document({ uniqueId: '2.25.7', mimeType: 'x-application/hl7-v2+er7', formatCode })
  const bytes = readFileSync(new URL('../../../fixtures/storeclient/oml-11-results/request.hl7', import.meta.url))
  const view = await clinicalView(
    { exchange: caller.exchange, facilityId: 'clinic-b', by: 'staff:sato', user: reader, uniqueId: '2.25.8' },
    {
      ...given,
      repositoryUniqueId: shown.entry.repositoryUniqueId ?? '',
      entry: async (_viewer, uniqueId) => (uniqueId === '2.25.7' ? former : { ...shown, formerUniqueId: '2.25.7' }),
      open: async (_reading, _viewer, { documentUniqueId }) => {
        if (documentUniqueId === '2.25.7') throw iheError('DOCUMENT_DAMAGED')
        return { mimeType: 'x-application/hl7-v2+er7', body: bytes }
      },
      decode: readEr7,
      record: async (_reading, { result, evidence }) =>
        void recorded.push([result, evidence.documents.map(({ documentUniqueId }) => documentUniqueId)]),
    },
  )
  t.equal(view?.content?.type, 'laboratory-result')
  t.equal(view?.former, undefined)
  t.same(recorded, [['success', ['2.25.8']]], 'the former one was not read')
})

t.test(
  'a message of bytes that are valid in two sets is shown in that of its sender (doors.md, eightBit)',
  async (t) => {
    const { given } = ports([])
    const formatCode = dataKinds.find(({ kind }) => kind === 'OML-11')?.formatCode
    const opened = document({
      uniqueId: '2.25.9',
      mimeType: 'x-application/hl7-v2+er7',
      ...(formatCode && { formatCode }),
    })
    const text = [
      'MSH|^~\\&|EHR|1399100015|||20260401090000||OUL^R22^OUL_R22|M1|P|2.5',
      'PID|||1||検査^検査||19580412|M',
      'SPM|1|S-1||023^検査^JC10',
      'OBR|1|7||E1^検査^99X|||202604010830',
      'OBX|1|ST|A1^検査^99X||検査||||||F',
      '',
    ].join('\r')
    const body = encode(text, 'EUC-JP')
    if (body === undefined) throw new Error('not encoded')
    const shownOf = async (charset?: string) => {
      const extraSlots = charset === undefined ? [] : [{ name: 'urn:x-stc:charset', values: [charset] }]
      const view = await clinicalView(
        { exchange: caller.exchange, facilityId: 'clinic-b', by: 'staff:sato', user: reader, uniqueId: '2.25.9' },
        {
          ...given,
          repositoryUniqueId: opened.entry.repositoryUniqueId ?? '',
          entry: async () => ({ ...opened, entry: { ...opened.entry, extraSlots } }),
          open: async () => ({ mimeType: 'x-application/hl7-v2+er7', body }),
          decode: readEr7,
          record: async () => undefined,
        },
      )
      return view?.content?.type === 'laboratory-result' ? view.content.groups[0]?.observations[0]?.value : undefined
    }
    t.equal(await shownOf('EUC-JP'), '検査')
    t.equal(await shownOf(), 'ｸ｡ｺｺ', 'nothing is known of it: as B.5 has it')
  },
)
