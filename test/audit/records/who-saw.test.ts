// Looks at a patient in words, without a database: what is one look, whose content is told to whom (idlink L-1, L-3).

import t from 'tap'
import type { LoggedEvent } from '../../../src/audit/records/ports.ts'
import { shownEvent } from '../../../src/audit/records/shown-event.ts'
import { patientLooks } from '../../../src/audit/records/who-saw.ts'
import type { StoredEvent } from '../../../src/audit/stored-event.ts'

const TARO = '1^^^&2.25.1&ISO'
const JIRO = '2^^^&2.25.1&ISO'
const document = (uniqueId: string, more: object = {}) => ({
  documentUniqueId: uniqueId,
  repositoryUniqueId: '2.25.9',
  publisher: 'hospital-a',
  kind: 'LAB',
  ...more,
})
let number = 0

function logged(event: Partial<StoredEvent>, more: Partial<LoggedEvent> = {}): LoggedEvent {
  number += 1
  const eventId = String(number)
  return {
    place: { at: '', eventId },
    facilityName: '見本クリニック',
    publishers: { 'hospital-a': '架空中央病院', 'hospital-z': '別病院' },
    ...more,
    event: {
      eventId,
      eventUuid: eventId,
      exchangeId: eventId,
      at: new Date('2026-11-21T01:15:00Z'),
      eventCode: '110106',
      action: 'R',
      typeCode: 'ITI-43',
      outcome: 0,
      systemId: 'ehr',
      facilityId: 'clinic-b',
      peer: '10.0.0.1:1',
      endpoint: '/xds/repository',
      patients: [TARO],
      objects: { documents: [document('a')] },
      reason: 'permit: union, consent and link stand',
      ...event,
    },
  }
}

const ports = { kindName: (code: string) => ({ ja: `種${code}`, en: code.toLowerCase() }) }
const looks = (events: readonly LoggedEvent[], given: { askedFor?: string; patient?: string } = {}) => {
  const { askedFor, patient = TARO } = given
  return patientLooks(events, { patients: [patient], ...(askedFor === undefined ? {} : { askedFor }) }, ports)
}

t.test('looks of one day in Japan are one, with the first and last time and each document once', async (t) => {
  const [one, ...more] = looks([
    logged({ at: new Date('2026-11-21T14:59:00Z') }),
    logged({ at: new Date('2026-11-21T01:15:00Z'), objects: { documents: [document('a'), document('b')] } }),
  ])
  t.same(more, [])
  t.match(one, {
    times: 2,
    seen: [{ documents: 2, owner: 'hospital-a' }],
    ja: '2026-11-21 10:15–23:59　見本クリニックのシステム「ehr」が架空中央病院の種LAB 2件を取得しました（2回）。理由: 患者の同意があり、閲覧した施設に患者番号が登録されていたため',
  })
  t.equal(looks([logged({}), logged({ at: new Date('2026-11-21T15:00:00Z') })]).length, 2, 'the next day is another')
})

t.test('of a call about several patients each hears of the own documents', async (t) => {
  const both = logged({
    patients: [TARO, JIRO],
    objects: { documents: [document('a', { patient: TARO }), document('b', { patient: TARO })] },
  })
  t.match(looks([both]), [{ seen: [{ documents: 2 }] }])
  t.same(looks([both], { patient: JIRO }), [], 'nothing of this patient was handed out')
})

t.test('an owner hears what became of its own content, of what others published nothing', async (t) => {
  const mixed = logged({ objects: { documents: [document('a'), document('z', { publisher: 'hospital-z' })] } })
  t.match(looks([mixed], { askedFor: 'hospital-a' }), [{ seen: [{ owner: 'hospital-a', documents: 1 }] }])
  t.notMatch(looks([mixed], { askedFor: 'hospital-a' })[0]?.ja, /別病院/)
  t.match(looks([mixed]), [{ seen: [{ owner: 'hospital-a' }, { owner: 'hospital-z' }] }])
  t.match(looks([mixed], { askedFor: 'clinic-b' }), [{ seen: [{}, {}] }], 'the viewer sees its own look whole')
})

t.test('persons are told by name and job, emergencies by reason and consent', async (t) => {
  const user = {
    name: '<y@idp>',
    origin: 'assertion',
    displayName: '山田 太郎',
    job: 'nurse',
    roles: [],
    purpose: 'emergency',
  } as const
  const [look] = looks([
    logged(
      { objects: { documents: [document('a')], user, emergency: ['7'] }, reason: 'permit: emergency access stands' },
      { emergency: { reasonCode: 'disaster', consentKind: 'oral' } },
    ),
  ])
  t.match(look, { accessType: 'EMS', person: '山田 太郎', job: 'nurse' })
  t.match(look?.ja, /見本クリニックの山田 太郎さん（看護師）が.*理由: 緊急参照（災害、口頭の同意）のため$/)
  t.match(
    look?.en,
    /山田 太郎 \(nurse\) of 見本クリニック retrieved .*; why: emergency access: disaster, oral consent$/,
  )
})

t.test('L-1: an owner’s view of a foreign event has no address, system, query or document of others', async (t) => {
  const event = logged({
    patients: [TARO, JIRO],
    objects: {
      documents: [document('a', { patient: TARO }), document('z', { publisher: 'hospital-z', patient: JIRO })],
      query: { id: 'q', text: 'secret' },
    },
  })
  const shown = shownEvent(event, { askedFor: 'hospital-a', domains: ['2.25.1'] })
  t.same(
    shown.documents.map(({ documentUniqueId }) => documentUniqueId),
    ['a'],
  )
  t.same(shown.patients, [TARO])
  t.notMatch(JSON.stringify(shown), /secret|10\.0\.0\.1|"ehr"|hospital-z/)
  t.match(shownEvent(event, {}), { query: { id: 'q' }, peer: '10.0.0.1:1', systemId: 'ehr', patients: [TARO, JIRO] })
  t.notMatch(JSON.stringify(shownEvent(event, {})), /secret/, 'names stand in queries: not in a list')
  t.match(shownEvent(event, { detail: 'whole' }), { query: { text: 'secret' } })
})
