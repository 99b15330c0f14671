// Reading of ITI-8: MSH, structure and fields of ADT^A01, A04, A05, A08 and A40 (ITI TF-2 3.8.4.1.2, 3.8.4.2.2).

import t from 'tap'
import { readAdt } from '../../../src/codec/hl7v2/read-adt.ts'
import { IheError } from '../../../src/model/error.ts'

const PID = [
  'PID|1||0042^^^HOSA&2.25.100.1&ISO^PI~77^^^INSURER~""||水沢^葉名^^^^^L^I~ミズサワ^ハナ^^^^^L^P||19620417|F',
  '|||架空県見本市1-2-3^^^^999-0001||099-000-0001',
].join('')

function adt(event: string, segments: readonly string[], version = '2.3.1'): Buffer {
  const head = `MSH|^~\\&|HIS|HOSPA|MPI|NET|20270401090000||ADT^${event}|M1|P|${version}||||||UNICODE UTF-8`
  return Buffer.from(`${[head, `EVN|${event}|20270401090000`, ...segments].join('\r')}\r`)
}

function refusalOf(bytes: Buffer): IheError {
  try {
    readAdt(bytes)
  } catch (error) {
    if (error instanceof IheError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

t.test(
  '3.8.4.1.2: a visit is read with numbers as they came, names in two scripts, and what is not said',
  async (t) => {
    for (const event of ['A01', 'A04', 'A05'])
      t.match(readAdt(adt(event, [PID, 'PV1||O'])), {
        kind: 'visit',
        transaction: 'ITI-8',
        message: { key: '["HIS","HOSPA","M1"]', at: 'MSH-10' },
        patientIds: [
          { value: '0042', namespace: 'HOSA', universalId: '2.25.100.1', at: 'PID-3' },
          { value: '77', namespace: 'INSURER', universalId: '', at: 'PID-3[2]' },
        ],
        demographics: {
          names: [
            { representation: 'IDE', family: '水沢', given: '葉名' },
            { representation: 'SYL', family: 'ミズサワ', given: 'ハナ' },
          ],
          sex: 'F',
          birthTime: '19620417',
          addresses: [{ postalCode: '999-0001', text: '架空県見本市1-2-3' }],
          telecoms: ['099-000-0001'],
        },
        masked: ['mother', 'multipleBirth', 'birthOrder', 'deceased', 'restricted'],
        warnings: [],
        digest: /^[0-9a-f]{64}$/,
      })
  },
)

t.test('2.5.3: an empty field says nothing, null deletes', async (t) => {
  const silent = readAdt(adt('A08', ['PID|1||1||水沢^葉名', 'PV1||O']))
  const said = ['birthTime', 'sex', 'addresses', 'telecoms']
  const circumstances = ['mother', 'multipleBirth', 'birthOrder', 'deceased', 'restricted']
  t.match(silent, { kind: 'revise', masked: [...said, ...circumstances] })
  const deleting = readAdt(adt('A08', ['PID|1||1||水沢^葉名||""|""|||""||""', 'PV1||O']))
  t.match(deleting, { masked: circumstances, demographics: { addresses: [], telecoms: [] } })
  t.notOk(deleting.kind === 'merge' || 'sex' in deleting.demographics)
})

t.test('2.5.3: a component that is null is no text of name, address or telephone number', async (t) => {
  const address = '""^""^見本市1-2-3^架空県^""'
  const said = readAdt(
    adt('A08', [`PID|1||1||水沢^""~""^""||||||${address}~""^""||^PRN^PH^""^^099^0000001~""^PRN`, 'PV1||O']),
  )
  t.same(said.kind === 'merge' ? undefined : said.demographics, {
    names: [{ representation: 'IDE', family: '水沢', given: '' }],
    addresses: [{ text: '架空県見本市1-2-3' }],
    telecoms: ['099-0000001'],
  })
  t.match(refusalOf(adt('A08', ['PID|1||1||""^""', 'PV1||O'])), { row: { code: 'HL7_FIELD_MISSING' }, at: 'PID-5' })
})

t.test('2.A.30: of a family name the surname counts, not the parts it is said in again', async (t) => {
  const feed = readAdt(adt('A08', ['PID|1||1||van Rei&van&Rei^Hana^^^^^L^A|Rei\\T\\Co^Yuki', 'PV1||O']))
  if (feed.kind === 'merge') return t.fail()
  t.same(feed.demographics.names, [{ representation: 'ABC', family: 'van Rei', given: 'Hana' }])
  return t.same(feed.demographics.mother, [{ representation: 'ABC', family: 'Rei&Co', given: 'Yuki' }])
})

t.test('3.4.2: mother, multiple birth and its order, death', async (t) => {
  const pid = (fields: Readonly<Record<number, string>>) =>
    `PID|1||1||水沢^葉名|${Array.from({ length: 25 }, (_, index) => fields[index + 6] ?? '').join('|')}`
  const read = (fields: Readonly<Record<number, string>>) => {
    const feed = readAdt(adt('A08', [pid(fields), 'PV1||O']))
    return feed.kind === 'merge' ? undefined : { ...feed.demographics, masked: feed.masked }
  }
  const twin = read({ 6: '例示^雪^^^^^M^I~レイジ^ユキ^^^^^M^P', 24: 'Y', 25: '2', 30: 'N' })
  t.match(twin, {
    mother: [
      { representation: 'IDE', family: '例示', given: '雪' },
      { representation: 'SYL', family: 'レイジ', given: 'ユキ' },
    ],
    multipleBirth: true,
    birthOrder: 2,
    deceased: false,
    masked: ['birthTime', 'sex', 'addresses', 'telecoms', 'restricted'],
  })
  t.equal(read({ 29: '20270101' })?.deceased, true, 'who has a time of death has died')
  const illegible = read({ 6: '""', 24: '""', 25: '0', 29: '""', 30: '?' })
  t.same(Object.keys(illegible ?? {}), ['names', 'addresses', 'telecoms', 'masked'])
  t.same(illegible?.masked, ['birthTime', 'sex', 'addresses', 'telecoms', 'restricted'])
})

t.test('tables 0001, 0136 and 0465: a code that is in no table says nothing, whatever it is called', async (t) => {
  const feed = readAdt(
    adt('A08', [`PID|1||1||水沢^葉名^^^^^^valueOf|||constructor${'|'.repeat(16)}toString||||||toString`, 'PV1||O']),
  )
  if (feed.kind === 'merge') return t.fail()
  t.same(feed.demographics, {
    names: [{ representation: 'IDE', family: '水沢', given: '葉名' }],
    addresses: [],
    telecoms: [],
  })
  return t.match(
    feed.warnings.map(({ row, at }) => [row.code, at]),
    [['HL7_CODE', 'PID-8']],
  )
})

t.test('2.A.21: the zone of a date of birth is no part of the date', async (t) => {
  const birthTime = (text: string) => {
    const feed = readAdt(adt('A08', [`PID|1||1||水沢^葉名||${text}`, 'PV1||O']))
    return feed.kind === 'merge' ? undefined : feed.demographics.birthTime
  }
  const dates = ['1962-0330', '196204-0530', '196204+0900', '19620417+0900', '196204170000+0900', '1962/04/17']
  t.same(dates.map(birthTime), ['1962', '196204', '196204', '19620417', '19620417', '19620417'])
})

t.test('2.A.89: a telephone number as one text, or as area and number', async (t) => {
  const telecoms = (field: string) => {
    const feed = readAdt(adt('A08', [`PID|1||1||水沢^葉名${'|'.repeat(8)}${field}`, 'PV1||O']))
    return feed.kind === 'merge' ? [] : feed.demographics.telecoms
  }
  t.same(telecoms('^PRN^PH^^^099^0000001'), ['099-0000001'])
  t.same(telecoms('099-000-0001^PRN^PH^^^099^0000001'), ['099-000-0001'])
  t.same(telecoms('^PRN^PH^^^^^^^^^0990000001~^PRN^PH~""'), ['0990000001'])
})

t.test('3.8.4.2.2: of a merge PID-3 survives and MRG-1 goes; demographics have no part in it', async (t) => {
  const merge = readAdt(adt('A40', [PID, 'MRG|0099^^^HOSA&2.25.100.1&ISO^PI']))
  t.match(merge, {
    kind: 'merge',
    survivors: [{ value: '0042' }, { value: '77' }],
    subsumed: { value: '0099', at: 'MRG-1' },
  })
  t.notOk('demographics' in merge)
  const born = PID.replace('19620417', '昭和37年4月17日')
  const mrg = 'MRG|0099^^^HOSA&2.25.100.1&ISO^PI'
  t.match(readAdt(adt('A40', [born, mrg])), { kind: 'merge' }, 'nor has a date of birth that is none')
  t.match(refusalOf(adt('A40', [PID.replace(/水沢.*\|19620417/, '||19620417'), mrg])), { at: 'PID-5' })
})

t.test('the received text is the message as it came, decoded', async (t) => {
  t.match(
    readAdt(adt('A04', [PID, 'PV1||O'])).received,
    /^MSH\|\^~\\&\|HIS\|.*\rEVN\|A04\|20270401090000\rPID\|1\|\|0042.*葉名.*\rPV1\|\|O$/s,
  )
})

const faults: readonly (readonly [name: string, message: Buffer, code: string, at: string])[] = [
  ['another event', adt('A31', [PID, 'PV1||O']), 'HL7_TRIGGER', 'MSH-9.2'],
  ['no event', adt('', [PID, 'PV1||O']), 'HL7_TRIGGER', 'MSH-9.2'],
  ['an old version', adt('A04', [PID, 'PV1||O'], '2.3'), 'HL7_VERSION', 'MSH-12'],
  ['no version', adt('A04', [PID, 'PV1||O'], ''), 'HL7_MSH_FIELD_MISSING', 'MSH-12'],
  ['no PV1', adt('A04', [PID]), 'HL7_STRUCTURE', 'PV1'],
  ['no number', adt('A04', ['PID|1||""||水沢^葉名', 'PV1||O']), 'HL7_FIELD_MISSING', 'PID-3'],
  ['no name', adt('A04', ['PID|1||1||""', 'PV1||O']), 'HL7_FIELD_MISSING', 'PID-5'],
  ['no date', adt('A04', ['PID|1||1||水沢^葉名||19620431', 'PV1||O']), 'HL7_TIME', 'PID-7'],
  ['a name of nulls', adt('A04', ['PID|1||1||""^""', 'PV1||O']), 'HL7_FIELD_MISSING', 'PID-5'],
  ['no MRG', adt('A40', [PID]), 'HL7_STRUCTURE', 'MRG'],
  ['empty MRG-1', adt('A40', [PID, 'MRG||1']), 'HL7_FIELD_MISSING', 'MRG-1'],
  ['two in MRG-1', adt('A40', [PID, 'MRG|1~2']), 'V3_TOO_MANY', 'MRG-1[2]'],
  ['two pairs', adt('A40', [PID, 'MRG|1', PID, 'MRG|2']), 'HL7_MULTIPLE_PATIENTS', 'PID[2]'],
]

for (const [name, message, code, at] of faults)
  t.test(`3.8.4: ${name} is refused with ${code}`, async (t) => t.match(refusalOf(message), { row: { code }, at }))
