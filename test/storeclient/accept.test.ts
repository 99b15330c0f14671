// The StoreClient actor over in-memory ports: replay, versions, refusals (HL7 v2.5 2.15; XDS RPLC of ITI TF-3 4.2.2.2.3).

import t from 'tap'
import {
  AST,
  adt00,
  adtDelete,
  caller,
  codeOf,
  linked,
  memory,
  msh,
  oid,
  oml11,
  send,
  TP,
  WBC,
  warningsOf,
} from './memory.ts'

t.test('the same message again gets the same answer and changes nothing (MSH-10)', async (t) => {
  const at = memory()
  const first = await send(oml11(), at)
  const again = await send(oml11(), at)
  t.equal(codeOf(first), 'accepted')
  t.equal(at.writes.length, 1)
  t.same(again.answer, { ...first.answer, replayed: true })
  t.equal(first.recorded, true)
  t.equal(again.recorded, false, 'a replay is journalled by the pipeline')
})

t.test('the same MSH-10 with other content is refused, also when the new content has other faults', async (t) => {
  const at = memory()
  await send(oml11(), at)
  t.equal(codeOf(await send(oml11({ order: '9' }), at)), 'HL7_DUPLICATE_ID')
  t.equal(codeOf(await send(oml11({ msh: msh('DFT^P03', {}) }), at)), 'HL7_DUPLICATE_ID')
})

t.test('a refusal is not remembered: once linked, the same message is accepted', async (t) => {
  const at = memory()
  at.patient = undefined
  t.equal(codeOf(await send(oml11(), at)), 'HL7_PATIENT_NOT_LINKED')
  at.patient = linked
  t.equal(codeOf(await send(oml11(), at)), 'accepted')
})

t.test('a corrected result replaces the former document (RPLC)', async (t) => {
  const at = memory()
  await send(oml11({ results: [{ code: TP, status: 'P' }] }), at)
  const former = at.current[0]?.entryUUID
  await send(oml11({ controlId: 'M2', time: '20260401100000', results: [{ code: TP, value: '7.9', status: 'C' }] }), at)
  const effect = at.writes[1]?.effects[0]
  t.match(effect, { kind: 'register', replaces: [former], row: { part: 1 } })
  t.equal(at.current.length, 1)
})

t.test('the same content under a new MSH-10 makes no new version', async (t) => {
  const at = memory()
  const first = await send(oml11(), at)
  const again = await send(oml11({ controlId: 'M2', time: '20260402090000' }), at)
  t.same(again.answer, first.answer)
  t.match(at.writes[1]?.effects, [{ kind: 'confirm' }], 'only that it was said again')
  t.equal(at.staged.length, 1)
})

t.test('what was said again stands against what was written between and comes late', async (t) => {
  const at = memory()
  await send(oml11(), at)
  await send(oml11({ controlId: 'M3', time: '20260401110000' }), at)
  await send(oml11({ controlId: 'M2', time: '20260401100000', results: [{ code: TP }, { code: AST, value: '9' }] }), at)
  t.equal(at.writes[2]?.effects[0]?.kind, 'supersede')
  await send(oml11({ controlId: 'M4', time: '20260401103000', control: 'CA' }), at)
  t.equal(at.current.length, 1, 'and against a cancel')
  await send(oml11({ controlId: 'M5', time: '20260401080000' }), at)
  t.same(at.writes[4]?.effects, [], 'said again by an older message it stands no earlier')
})

t.test('an older message that comes late is kept, but not current', async (t) => {
  const at = memory()
  await send(oml11({ results: [{ code: TP, value: '7.9' }], time: '20260401100000' }), at)
  const late = await send(oml11({ controlId: 'M2', results: [{ code: TP }], time: '20260401090000' }), at)
  t.equal(codeOf(late), 'accepted')
  t.equal(at.writes[1]?.effects[0]?.kind, 'supersede')
  t.equal(at.current[0]?.row.version.slice(0, 12), '202604011000')
})

t.test('a delete deprecates, and only a newer message opens the key again, without RPLC', async (t) => {
  const at = memory()
  await send(oml11(), at)
  await send(oml11({ controlId: 'M2', control: 'CA', time: '20260401100000' }), at)
  t.match(at.writes[1]?.effects[0], { kind: 'delete', tombstone: '20260401100000000' })
  t.equal(at.current.length, 0)
  await send(oml11({ controlId: 'M3', time: '20260401093000', results: [{ code: WBC }] }), at)
  t.equal(at.writes[2]?.effects[0]?.kind, 'supersede')
  await send(oml11({ controlId: 'M4', time: '20260401110000' }), at)
  t.match(at.writes[3]?.effects[0], { kind: 'register', replaces: [] })
})

t.test(
  'a delete of what was never received leaves a tombstone; a delete older than the document leaves the document',
  async (t) => {
    const at = memory()
    t.equal(codeOf(await send(oml11({ control: 'CA' }), at)), 'accepted')
    t.match(at.writes[0]?.effects[0], { kind: 'delete', deprecates: [] })
    const other = memory()
    await send(oml11({ time: '20260401100000' }), other)
    await send(oml11({ controlId: 'M2', control: 'CA', time: '20260401090000' }), other)
    t.equal(other.current.length, 1)
  },
)

t.test('all results cancelled delete the document; a cancel of some of them never hides the others', async (t) => {
  const at = memory()
  await send(oml11(), at)
  const cancel = (code: string) => ({ code, status: 'D' })
  await send(oml11({ controlId: 'M2', time: '20260401100000', results: [cancel(TP)] }), at)
  t.equal(at.current.length, 2, 'the cancelled result stands beside the report')
  await send(oml11({ controlId: 'M3', time: '20260401110000', results: [cancel(TP), cancel(AST)] }), at)
  t.equal(at.current.length, 0)
})

t.test(
  'the antibiogram of one germ does not hide that of another (OBR-26, or the drug stands twice; shrink guard)',
  async (t) => {
    const drug = { code: '6C205000000000000' }
    const both = { results: [drug, drug], time: '20260401090000' }
    const at = memory()
    await send(oml11(both), at)
    t.same(warningsOf(await send(oml11({ controlId: 'M2', results: [drug], time: '20260401100000' }), at)), [
      'HL7_PARTIAL',
    ])
    t.equal(at.current.length, 2)
    const whole = { controlId: 'M3', results: [{ ...drug, status: 'D' }, drug], time: '20260401110000' }
    t.same(warningsOf(await send(oml11(whole), at)), [], 'one of the two withdrawn')
    t.same(warningsOf(await send(oml11({ controlId: 'M4', results: [drug], time: '20260401120000' }), at)), [])
    t.equal(at.current.length, 1)
    const germ = (name: string, given: Parameters<typeof oml11>[0]) =>
      oml11({ results: [drug], ...given }).replace(/^(OBR\|.*)$/m, `$1${'|'.repeat(22)}6B010^1^${name}`)
    const other = memory()
    await send(germ('E.coli', { time: '20260401090000' }), other)
    const second = await send(germ('K.pneumoniae', { controlId: 'M2', time: '20260401100000' }), other)
    t.same(warningsOf(second), ['HL7_PARTIAL'])
  },
)

t.test(
  'values behind the first of a field that does not repeat are told, empty ones are none (HL7 v2.5 2.5.2)',
  async (t) => {
    const sent = async (field: string) => warningsOf(await send(oml11().replaceAll('|g/dL|', `|${field}|`), memory()))
    t.same(await sent('g/dL~mg/dL'), ['HL7_REPETITION'], 'once, not for each result')
    t.same(await sent('g/dL~'), [])
    const note = `${oml11()}\rNTE|1|L|一行目~二行目`
    t.same(warningsOf(await send(note, memory())), [], 'comments do')
  },
)

t.test('a result that was withdrawn does not come back with an older message that comes late', async (t) => {
  const at = memory()
  const results = [{ code: TP, status: 'D' }, { code: AST }]
  await send(oml11({ results, time: '20260401100000' }), at)
  await send(oml11({ controlId: 'M2', time: '20260401090000' }), at)
  t.equal(at.writes[1]?.effects[0]?.kind, 'supersede')
  t.equal(at.current.length, 1)
})

t.test('results sent piecewise stand side by side until one message has them all (shrink guard)', async (t) => {
  const at = memory()
  const blood = { specimen: 'S-B', results: [{ code: WBC }] }
  await send(oml11({ specimen: 'S-A', results: [{ code: TP }] }), at)
  const second = await send(oml11({ ...blood, controlId: 'M2', time: '20260401100000' }), at)
  t.same(warningsOf(second), ['HL7_PARTIAL'])
  t.match(at.writes[1]?.effects[0], { kind: 'register', row: { part: 2 }, replaces: [] })
  const part = at.current[1]?.entryUUID
  const corrected = { ...blood, results: [{ code: WBC, value: '6' }], controlId: 'M3', time: '20260401110000' }
  await send(oml11(corrected), at)
  t.match(at.writes[2]?.effects[0], { row: { part: 2 }, replaces: [part] }, 'a correction goes to its own part')
  const whole = oml11({ controlId: 'M4', time: '20260401120000', specimen: 'S-A' }).concat(
    `\rSPM|2|S-B||019^全血^JC10|||||||||||||202604010830\rOBR|2|500001||E001^血算^99O03\rORC|SC|500001\rOBX|1|NM|${WBC}^白血球^JC10||6|||||F|F`,
  )
  const all = await send(whole, at)
  t.same(warningsOf(all), [])
  t.equal(at.current.length, 1)
  t.equal(at.current[0]?.row.part, 1)
})

t.test('a facility may switch the shrink guard off', async (t) => {
  const at = memory()
  at.facility = { ...at.facility, shrinkGuard: 'replace' }
  await send(oml11(), at)
  await send(oml11({ controlId: 'M2', time: '20260401100000', results: [{ code: WBC }] }), at)
  t.equal(at.current.length, 1)
})

t.test('several order numbers make several documents of one submission', async (t) => {
  const at = memory()
  const second = `SPM|2|||023^血清^JC10|||||||||||||20260401\rOBR|2|500002||E^X^99\rORC|SC|500002\rOBX|1|NM|${TP}^TP^JC10||7|||||F|F`
  const outcome = await send(`${oml11()}\r${second}`, at)
  t.equal(codeOf(outcome), 'accepted')
  t.equal(at.current.length, 2)
  t.not(at.current[0]?.uniqueId, at.current[1]?.uniqueId)
  t.equal(outcome.evidence.documents.length, 2)
})

t.test('ADT^A08 updates the facility’s copy; an empty field keeps, a null deletes (HL7 v2.5 2.5.3)', async (t) => {
  const at = memory()
  await send(adt00(), at)
  t.match(at.writes[0]?.demographics, { birthTime: '19580412', sex: 'M', addresses: [{ postalCode: '100-0000' }] })
  t.notOk(at.writes[0]?.demographics?.telecoms)
  await send(adt00({ controlId: 'M2', time: '20260401100000' }, '|||""'), at)
  t.same(at.writes[1]?.demographics?.addresses, [])
  await send(adt00({ controlId: 'M3', time: '20260401080000' }, '|||^^^^999-9999'), at)
  t.notOk(at.writes[2]?.demographics, 'an older message changes nothing')
})

t.test('ADT^A23 deprecates the demographics document', async (t) => {
  const at = memory()
  await send(adt00(), at)
  await send(adtDelete({ controlId: 'M2', time: '20260402090000' }), at)
  t.equal(at.writes[1]?.effects[0]?.kind, 'delete')
  t.equal(at.current.length, 0)
})

t.test('no link and no consent: refused, and nothing of the message is kept', async (t) => {
  const at = memory()
  at.patient = { ...linked, consent: false }
  const refused = await send(oml11(), at)
  t.equal(codeOf(refused), 'HL7_CONSENT')
  t.match(refused.answer, { kind: 'refused', warnings: [] })
  t.same(refused.evidence.patients, [])
  t.same([at.staged.length, at.writes.length], [0, 0])
  const trusted = await send(oml11(), at, { ...caller, accessMode: 'affinity-domain' })
  t.equal(codeOf(trusted), 'accepted')
})

t.test('a refusal before link and consent are known quotes nothing of the message', async (t) => {
  const at = memory()
  await send(oml11(), at)
  at.patient = { ...linked, consent: false }
  const results = [{ code: TP, value: '溶血' }]
  for (const text of [oml11({ results, msh: msh('OUL^R22^OUL_R22', {}).replace('|M1|', '||') }), oml11({ results })]) {
    const refused = await send(text, at)
    t.match(refused.answer, { kind: 'refused', warnings: [] })
    t.equal(refused.errors.length, 1)
  }
})

t.test('another person under the number is refused and nothing of the message is stored', async (t) => {
  const at = memory()
  const pid = 'PID|0001||0000012345^^^^PI||別人^三郎^^^^^L^I~ベツジン^サブロウ^^^^^L^P||19330303|F'
  t.equal(codeOf(await send(oml11({ pid }), at)), 'HL7_IDENTITY')
  t.same([at.staged.length, at.writes.length], [0, 0])
})

t.test('documents of a person linked before are deprecated, not replaced', async (t) => {
  const at = memory()
  await send(oml11(), at)
  const former = at.current[0]?.entryUUID
  at.patient = { ...linked, personKey: 'person-2' }
  await send(oml11({ controlId: 'M2', time: '20260401100000', results: [{ code: TP }, { code: AST, value: '9' }] }), at)
  t.match(at.writes[1]?.effects[0], { replaces: [], deprecates: [former] })
})

t.test('the same words again after the number was linked to somebody else are filed under that person', async (t) => {
  const at = memory()
  await send(oml11(), at)
  const former = at.current[0]?.entryUUID
  at.patient = { ...linked, personKey: 'person-2' }
  await send(oml11({ controlId: 'M2', time: '20260401100000' }), at)
  t.match(at.writes[1]?.effects[0], { kind: 'register', replaces: [], deprecates: [former] })
  t.equal(at.current[0]?.personKey, 'person-2')
})

t.test('fewer results than a person linked before has leave nothing of them there (shrink guard)', async (t) => {
  const at = memory()
  await send(oml11(), at)
  at.patient = { ...linked, personKey: 'person-2' }
  await send(oml11({ controlId: 'M2', time: '20260401100000', results: [{ code: TP }] }), at)
  t.same(
    at.current.map(({ personKey, row }) => [personKey, row.part]),
    [['person-2', 1]],
  )
})

t.test(
  'a replacement of the same words as a document sent before under its number still ends the former number',
  async (t) => {
    const at = memory()
    const document = (trigger: string, numbers: string) => (controlId: string, time: string) =>
      [
        msh(`MDM^${trigger}^MDM_T02`, { controlId, time }),
        'EVN||20260401090000',
        'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I||19580412|M',
        'PV1|1|O',
        `TXA|1|18842-5^退院時サマリー^LN|AP|20260401||||||||${numbers}||||AU||AV`,
        'OBX|1|TX|18842-5^退院時サマリー^LN||軽快||||||F',
      ].join('\r')
    await send(document('T02', 'A|')('M1', '20260401090000'), at)
    await send(document('T02', 'B|A')('M2', '20260401100000'), at)
    const both = at.current.map(({ entryUUID }) => entryUUID)
    await send(document('T10', 'B|A')('M3', '20260401110000'), at)
    t.match(at.writes[2]?.effects[0], { kind: 'register', replaces: both.toReversed() })
    t.equal(at.current.length, 1)
  },
)

t.test('each refusal of MSH, PID and the order fields has its own code (HL7 table 0357)', async (t) => {
  const header = msh('OUL^R22^OUL_R22', {})
  const pid = (number: string) => `PID|1||${number}||架空^太郎||19580412|M`
  const cases: readonly (readonly [string, string])[] = [
    ['HL7_MSH_FIELD_MISSING', oml11({ msh: header.replace('|M1|', '||') })],
    ['HL7_MESSAGE_TYPE', oml11({ msh: header.replace('OUL^R22^OUL_R22', 'DFT^P03^DFT_P03') })],
    ['HL7_TRIGGER', adt00({ msh: msh('ADT^A40^ADT_A39', {}) })],
    ['HL7_TRIGGER', adt00({ msh: msh('ADT^A06^ADT_A06', {}) })],
    ['HL7_PROCESSING_ID', oml11({ msh: header.replace('|P|2.5', '|T|2.5') })],
    ['HL7_VERSION', oml11({ msh: header.replace('|P|2.5', '|P|2.8') })],
    ['HL7_FACILITY', oml11({ msh: header.replace('1399100015', '1399100023') })],
    ['HL7_TIME', oml11({ time: '2026-04-01T24:00' })],
    ['HL7_TIME', oml11({ time: '20260503090001' })],
    ['HL7_MULTIPLE_PATIENTS', `${oml11()}\r${pid('1')}`],
    ['HL7_STRUCTURE', oml11({ pid: 'NTE|1' })],
    ['HL7_PATIENT_ID_MISSING', oml11({ pid: pid('') })],
    ['HL7_FACILITY', oml11({ pid: pid('1^^^&1.2.3&ISO^PI') })],
    ['HL7_PATIENT_NOT_LINKED', oml11({ pid: pid('77^^^^PI') })],
    ['HL7_FIELD_MISSING', oml11({ pid: 'PID|1||0000012345^^^^PI||||19580412|M' })],
    ['HL7_TIME', oml11({ pid: 'PID|1||0000012345^^^^PI||架空^太郎||S33.4.31|M' })],
    ['HL7_ORDER_NUMBER', oml11({ order: '' })],
    ['HL7_TIME', oml11({ collected: '20260432' })],
    ['HL7_FIELD_MISSING', oml11({ collected: '' })],
    ['HL7_FIELD_MISSING', oml11({ results: [{ code: '' }] }).replace('^項目^JC10', '')],
  ]
  for (const [code, text] of cases) {
    const at = memory()
    const outcome = await send(text, at)
    t.equal(codeOf(outcome), code, text.slice(0, 90))
    t.same([outcome.result, at.writes.length, at.staged.length], ['failure', 0, 0])
  }
})

t.test('a result without status is kept and counts, with a warning (OBX-11, HL7 table 0085)', async (t) => {
  const at = memory()
  const outcome = await send(oml11().replaceAll('|||||F', '|||||'), at)
  t.same(warningsOf(outcome), ['HL7_CODE'])
  t.equal(at.current.length, 1)
})

t.test('accepted as they are: 2.5^JPN, 7-digit MSH-4, own PID authority', async (t) => {
  const header = msh('OUL^R22^OUL_R22', {}).replace('|P|2.5', '|P|2.5^JPN').replace('1399100015', '9100015')
  const pid = 'PID|1||0000012345^^^&1.2.392.100495.20.3.51.11399100015&ISO^PI||架空^太郎||19580412|M'
  t.equal(codeOf(await send(oml11({ msh: header, pid }), memory())), 'accepted')
})

t.test('a number without its zeros is found only where the facility pads', async (t) => {
  const pid = 'PID|1||12345^^^^PI||架空^太郎||19580412|1'
  const at = memory()
  t.equal(codeOf(await send(oml11({ pid }), at)), 'HL7_PATIENT_NOT_LINKED')
  at.facility = { ...at.facility, localIdForm: 'pad:10' }
  const found = await send(oml11({ pid }), at)
  t.same([...warningsOf(found)].sort(), ['HL7_CODE', 'HL7_PADDING'])
  t.match(at.writes[0]?.effects[0], { row: { kind: 'OML-11' } })
})

t.test('a failure that is no refusal goes through to the pipeline', async (t) => {
  const at = memory()
  const broken = { ...at.ports, inTransaction: () => Promise.reject(new Error('database gone')) }
  await t.rejects(send(oml11(), { ...at, ports: broken }), /database gone/)
  t.ok(oid('2.25.1'))
})

t.test('a cancel of one result that comes before its report hides none of the others', async (t) => {
  const at = memory()
  const withdrawn = { controlId: 'M2', time: '20260401100000', results: [{ code: TP, status: 'D' }] }
  t.equal(codeOf(await send(oml11(withdrawn), at)), 'accepted')
  t.equal(codeOf(await send(oml11(), at)), 'accepted')
  t.same(
    at.current.map(({ row }) => row.part),
    [1, 2],
    'the late report stands beside what was withdrawn of it',
  )
})

t.test('more orders than one commit should hold are refused as a whole (HL7 table 0357: 207)', async (t) => {
  const at = memory()
  const group = (number: number) => [
    `SPM|1|||023^血清^JC10|||||||||||||202604010830`,
    `OBR|1|${number}||E002^生化学^99O03`,
    `ORC|SC|${number}`,
    `OBX|1|NM|${TP}^項目^JC10||7.2|g/dL|||||F`,
  ]
  const orders = (count: number) => [oml11(), ...Array.from({ length: count }, (_, index) => group(index + 1)).flat()]
  t.equal(codeOf(await send(orders(200).join('\r'), at)), 'HL7_LIMIT')
  t.same([at.staged.length, at.writes.length], [0, 0])
  t.equal(codeOf(await send(orders(199).join('\r'), at)), 'accepted')
})

t.test('who agreed to send notes or files takes them back by their number alone (records.md, MDM^T11)', async (t) => {
  const message = (trigger: string, type: string, minute: string) =>
    [
      msh(`MDM^${trigger}^${trigger === 'T11' ? 'MDM_T01' : 'MDM_T02'}`, {
        controlId: `M${minute}`,
        time: `2026040109${minute}00`,
      }),
      'EVN||20260401090000',
      'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I||19580412|M',
      'PV1|1|O',
      `TXA|1|${type}|AP|20260401||||||||N-1||||AU||AV`,
      ...(trigger === 'T11' ? [] : ['OBX|1|TX|N^記録^99STC||安静||||||F']),
    ].join('\r')
  for (const [kinds, type] of [
    [['NOTE'], 'NOTE-REC'],
    [['FILE'], 'FILE'],
  ] as const) {
    const at = memory()
    at.facility = { ...at.facility, kinds }
    t.equal(codeOf(await send(message('T02', type, '10'), at)), 'accepted')
    t.equal(codeOf(await send(message('T08', '', '11'), at)), 'HL7_KIND', 'new content says what it is')
    t.equal(codeOf(await send(message('T11', '', '12'), at)), 'accepted')
    t.same(at.current, [])
  }
  const at = memory()
  at.facility = { ...at.facility, kinds: ['ADT-00'] }
  t.equal(codeOf(await send(message('T11', '', '12'), at)), 'HL7_KIND')
})

t.test(
  'a cancel of number and day alone takes back what stands under them, of whatever kind (orders.md)',
  async (t) => {
    const pid = 'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I||19580412|M'
    const message = (event: string, step: number, segments: readonly string[]) =>
      [msh(event, { controlId: `M${step}`, time: `202604011${step}0000` }), pid, ...segments].join('\r')
    const orc = (control: string) => `ORC|${control}|723001|||||||20260401085500`
    const cases = [
      ['OMP-02', 'RDE^O11^RDE_O11', ['RXE||00^一般^JHSI0002|510||ML', 'RXR|IV'], ['RXE|']],
      ['OMP-01', 'RDE^O11^RDE_O11', ['RXE||103835401^薬Ａ^HOT9|1||TAB', 'TQ1|1', 'RXR|PO'], ['RXE|']],
      [
        'OMP-12',
        'RAS^O17^RAS_O17',
        ['RXA|0|1|20260401|20260401|107750602^維持液^HOT9|1', 'RXR|IV'],
        ['RXA|0|1|20260401', 'RXR|'],
      ],
      ['OMG-02', 'OMG^O19^OMG_O19', ['OBR||723001||11000000000^上部^LENDO'], ['OBR||723001']],
      [
        'REPORT',
        'ORU^R01^ORU_R01',
        [`OBR|1|723001|RAD-1|18748-4^報告^LN|||20260401${'|'.repeat(17)}RAD`, 'OBX|1|FT|F^所見^L||異常なし||||||F'],
        ['OBR|1|723001|RAD-1||||20260401'],
      ],
    ] as const
    for (const [kind, event, ordered, cancelled] of cases) {
      const at = memory()
      t.equal(codeOf(await send(message(event, 0, [orc('NW'), ...ordered]), at)), 'accepted', kind)
      t.equal(at.current[0]?.row.kind, kind)
      t.equal(codeOf(await send(message(event, 1, [orc('CA'), ...cancelled]), at)), 'accepted')
      t.same(at.current, [], `${kind} is cancelled`)
      t.match(at.writes[1], { kind, effects: [{ kind: 'delete', row: { kind } }] })
    }
  },
)

t.test('a cancel that names its drug cancels nothing of another kind with the same number', async (t) => {
  const at = memory()
  const message = (control: string, segments: readonly string[], step: number) =>
    [
      msh('RDE^O11^RDE_O11', { controlId: `M${step}`, time: `202604011${step}0000` }),
      'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I||19580412|M',
      `ORC|${control}|500|||||||20260401085500`,
      ...segments,
    ].join('\r')
  const injection = ['RXE||00^一般^JHSI0002|510||ML', 'RXR|IV']
  const tablets = ['RXE||103835401^薬Ａ^HOT9|1||TAB', 'RXR|PO']
  await send(message('NW', injection, 0), at)
  await send(message('CA', tablets, 1), at)
  t.same(
    at.current.map(({ row }) => row.kind),
    ['OMP-02'],
  )
  await send(message('NW', tablets, 2), at)
  await send(message('CA', ['RXE|'], 3), at)
  t.same(
    at.current.map(({ row }) => row.kind),
    ['OMP-02'],
    'of two the likelier one, as the message alone would be read',
  )
})

t.test('results that are withdrawn twice stay withdrawn (OBX-11 D, X, W: HL7 table 0085)', async (t) => {
  const at = memory()
  const withdrawn = [
    { code: TP, status: 'W' },
    { code: AST, status: 'W' },
  ]
  await send(oml11(), at)
  for (const step of [1, 2, 3]) {
    const again = { controlId: `W${step}`, time: `2026040110${step}000`, results: withdrawn }
    t.equal(codeOf(await send(oml11(again), at)), 'accepted')
    t.same(at.current, [], `the ${step}. time`)
  }
  t.equal(codeOf(await send(oml11({ controlId: 'M5', time: '20260401120000' }), at)), 'accepted')
  t.equal(at.current.length, 1, 'a later result is one again')
})

t.test('where the newest message replaces all, a cancel that comes first keeps its report away', async (t) => {
  const at = memory()
  at.facility = { ...at.facility, shrinkGuard: 'replace' }
  const withdrawn = [
    { code: TP, status: 'X' },
    { code: AST, status: 'X' },
  ]
  await send(oml11({ controlId: 'W1', time: '20260401110000', results: withdrawn }), at)
  await send(oml11(), at)
  t.same(at.current, [])
})
