// Patients asked for by what they are called, at a whole server: the command line, its pages, and what nobody may learn (ITI-47; design §4).

import t from 'tap'
import { iti47, iti47Continue } from '../../profiles/transactions/index.ts'
import {
  type OutgoingDemographicsQuery,
  writeDemographicsContinuation,
  writeDemographicsQuery,
} from '../../src/codec/hl7v3/write-demographics-query.ts'
import { newOid } from '../../src/model/identifiers.ts'
import { run } from '../cli/fake-door.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { oid } from '../identity/in-memory.ts'

t.setTimeout(120_000)

const network = await startNetwork(t)
const HOSPITAL = oid(DOMAINS['hospital-a'])

function pdq(system: string, ...options: readonly string[]) {
  const domain = { 'hospital-a': HOSPITAL, 'clinic-b': DOMAINS['clinic-b'] }[system] ?? newOid()
  const where = ['--url', network.baseUrl, '--data-dir', network.server.config.dataDir, '--domain', domain]
  return run(['pdq', '--as', system, ...options, ...where])
}

interface Printed {
  readonly score: number
  readonly ids: readonly { readonly id: { readonly value: string }; readonly authorityName: string }[]
  readonly demographics: { readonly telecoms: readonly string[] }
}

async function found(system: string, ...options: readonly string[]): Promise<readonly Printed[]> {
  const { code, text, err } = await pdq(system, ...options, '--json')
  if (code !== 0) throw new Error(err)
  return JSON.parse(text)
}

const values = (patients: readonly Printed[]): readonly string[] => patients.map(({ ids }) => ids[0]?.id.value ?? '')

t.test('tsunagi pdq prints who was found, with ids, reading and degree of match', async (t) => {
  const { code, text, err } = await pdq('hospital-a', '--family', 'ミホン', '--given', 'ハナコ', '--sex', 'F')
  t.equal(code, 0, err)
  t.match(
    text,
    /SCORE +NAME +READING +SEX +BIRTH +IDS\n100 +見本 花子 +ミホン ハナコ +F +19620930 +HOSPITAL-A 0000012346, /,
  )
  t.match(text, 'CLINIC-B B-78')
  t.match((await pdq('hospital-a', '--family', 'だれも')).text, 'no patient')
})

t.test('tsunagi pdq finds by every option', async (t) => {
  const hanako = ['0000012346']
  for (const options of [
    ['--family', 'Mihon', '--given', 'Hanako'],
    ['--family', 'ミホ', '--given', 'ハナ', '--loose'],
    ['--birth', '1962-09-30'],
    ['--birth', '1962-09-01..1962-10', '--sex', 'F'],
    ['--birth', '..1970', '--family', '見本'],
    ['--postal-code', '000-0002', '--address', '二丁目'],
    ['--telecom', 'tel:000-000-0002'],
    ['--id', '0000012346'],
    ['--id', '0000012346', '--id', `B-78^^^&${DOMAINS['clinic-b']}&ISO`],
    ['--family', '見本', '--source', DOMAINS['clinic-b'], '--minimum', '100'],
  ])
    t.equal((await found('hospital-a', ...options)).length, hanako.length, options.join(' '))
  t.equal((await found('hospital-a', '--birth', '1962-09-30', '--mother', '架空')).length, 0)
  for (const options of [
    ['--birth', '1962..1963..1964'],
    ['--birth', 'x'],
    ['--sex', 'X'],
    ['--id', '^'],
    ['--page-size', '0'],
  ])
    t.equal((await pdq('hospital-a', ...options)).code, 2, options.join(' '))
})

t.test('tsunagi pdq asks page by page, and cancels what is not wanted (3.47.4.3, 3.47.4.4)', async (t) => {
  const everybody = ['--loose', '--family', 'カクウ']
  t.strictSame(values(await found('hospital-a', ...everybody, '--page-size', '1')), ['0000012345', '0000012351'])
  const open = async () => (await network.pool.query('select from identity.open_result')).rowCount
  const before = await open()
  const { text, err } = await pdq('hospital-a', ...everybody, '--page-size', '1', '--pages', '1')
  t.match(text, '0000012345')
  t.match(err, '1 of 2 patients')
  t.equal(await open(), before, 'the rest was cancelled')
  const raw = await pdq('hospital-a', ...everybody, '--page-size', '1', '--raw')
  t.equal(raw.text.split('<soap12:Envelope').length, 3)
})

t.test('tsunagi pdq says why a query is refused', async (t) => {
  const { code, err } = await pdq('hospital-a', '--sex', 'F')
  t.equal(code, 1)
  t.match(err, 'Too many patients would answer')
  t.match((await pdq('network-east', '--family', '架空')).err, 'patient-demographics-consumer')
})

t.test('design §4: a pharmacy finds, by what others say, those whom it knows and who consent', async (t) => {
  t.match(await found('pharmacy-c', '--family', '見本', '--given', '花子'), [
    { ids: [{ id: { value: 'P-1001' }, authorityName: 'PHARMACY-C' }, {}, {}, {}] },
  ])
  t.strictSame(await found('pharmacy-c', '--family', '架空', '--given', '太郎'), [], 'not linked')
  t.strictSame(await found('pharmacy-c', '--family', '空想', '--given', '翠'), [], 'linked, and excluded by the family')
  t.strictSame(
    (await found('pharmacy-c', '--id', 'P-1006', '--domain', newOid())).length,
    0,
    'an id of a domain that nobody has',
  )
})

function asked(fields: Partial<OutgoingDemographicsQuery>): OutgoingDemographicsQuery {
  return {
    sender: { id: HOSPITAL },
    receiver: { id: HOSPITAL },
    queryId: { root: newOid() },
    names: [],
    ids: [],
    domains: [],
    ...fields,
  }
}

/** An answer without what differs from message to message. */
function alike(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/2\.25\.\d{20,}/g, 'OID')
    .replaceAll(/creationTime value="[^"]*"/g, 'creationTime')
}

t.test('design §4: who is hidden and who does not exist are answered with the same bytes', async (t) => {
  const answer = async (fields: Partial<OutgoingDemographicsQuery>, secret: string) => {
    const body = writeDemographicsQuery(asked(fields))
    const { status, text } = await network.soap('clinic-b', { transaction: iti47, body })
    return `${status} ${alike(text).replaceAll(secret, 'SECRET')}`
  }
  const byId = (value: string) => answer({ ids: [{ authority: HOSPITAL, value }] }, value)
  t.equal(await byId('0000012351'), await byId('0000099999'))
  const byName = (given: string) => answer({ names: [{ family: '架空', given, matching: 'exact' }] }, given)
  t.equal(await byName('太朗'), await byName('次男'))
  const first = async (given: string) =>
    answer(
      {
        names: [
          { family: '架空', given, matching: 'inexact' },
          { family: '見本', matching: 'exact' },
        ],
        initialQuantity: 1,
      },
      given,
    )
  t.equal(await first('太朗'), await first('次男'), 'nor does a page count who is hidden')
})

t.test('3.47.4.3: a page is taken by the system that asked, and shows what it may see by then', async (t) => {
  const query = asked({ names: [{ family: 'カクウ', matching: 'inexact' }], initialQuantity: 1 })
  const body = writeDemographicsQuery(query)
  t.match((await network.soap('tester', { transaction: iti47, body })).text, 'resultRemainingQuantity value="1"')
  const next = {
    transaction: iti47Continue,
    body: writeDemographicsContinuation({ ...query, answered: { root: '2.25.1' } }),
  }
  for (const system of ['hospital-a', 'clinic-b']) {
    const { text } = await network.soap(system, next)
    t.match(text, /code="204".*<queryResponseCode code="AE"\/>/s, system)
    t.notMatch(text, 'カクウ')
  }
  t.match((await network.soap('tester', next)).text, 'resultRemainingQuantity value="0"')
})

t.test('consent withdrawn: what others say of a patient is no longer found nor shown', async (t) => {
  const taro = ['--id', 'B-77']
  const telecoms = async () => (await found('clinic-b', ...taro))[0]?.ids.length
  t.equal(await telecoms(), 3)
  await network.pool.query(
    `update access.consent set withdrawn_at = now() where person_key =
      (select person_key from identity.identifier where domain = $1 and value = 'B-77')`,
    [DOMAINS['clinic-b']],
  )
  t.equal(await telecoms(), 1, 'the own number alone')
})

t.test('a person whom staff registered is found by what they entered, until a source describes them', async (t) => {
  const demographics = {
    names: [{ representation: 'IDE', family: '窓口', given: '登録' }],
    addresses: [],
    telecoms: [],
    birthTime: '19700101',
  }
  await network.admin.post('/patients', { demographics })
  const names = ['--family', '窓口', '--given', '登録']
  t.equal((await found('tester', ...names)).length, 1)
  t.strictSame(await found('hospital-a', ...names), [], 'by nobody who does not know them')
})
