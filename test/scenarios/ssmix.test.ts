// tsunagi ssmix import and export with a running server (SS-MIX2 標準化ストレージ, 拡張ストレージ): flags, chains, twice the same, there and back.

import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { faultsOf, renderedEvents } from '../audit/rendered.ts'
import { startNetwork, temporaryDirectory } from '../faults/support.ts'
import { stateOf, treeOf, tsunagi } from './ssmix-support.ts'
import { HOSPITAL, laboratoryMessage, pathOf, put } from './storage-tree.ts'

t.setTimeout(170_000)

const STORAGES = fileURLToPath(new URL('../../fixtures/ssmix/', import.meta.url))

/** Messages alone: index and report say when and how. */
const messagesOf = (tree: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => path.includes('/')))

/** Times of 15 digits, order numbers that are not padded and departments that are left out, as an export writes them. */
function filedAs(path: string): string {
  return path
    .replace('_202604111100000_', '_20260411110000000_')
    .replace('_202604120805001_1/', '_20260412080500100_01_1/')
    .replace('_RAD-8001_', '_0000000RAD-8001_')
}

const reportOf = async (file: string): Promise<readonly Record<string, unknown>[]> =>
  (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

const first = await startNetwork(t)

t.test('SS-MIX2: a storage is imported as its flags say, every file is accounted for', async (t) => {
  const report = join(await temporaryDirectory(t), 'report.ndjson')
  const run = await tsunagi(
    first.server,
    'ssmix',
    'import',
    STORAGES,
    '--facility',
    'hospital-a',
    '--report',
    report,
    '--json',
  )
  t.equal(run.code, 1, 'a file was refused')
  const lines = await reportOf(report)
  const outcomes = new Map(lines.map((line) => [String(line.path), line]))
  const of = (part: string) => [...outcomes].find(([path]) => path.includes(part))?.[1]
  t.match(of('_-_ADT-00_'), { outcome: 'accepted' })
  t.match(of('000000000800004'), { outcome: 'accepted', warnings: ['SC-IDENTITY'] }, 'PID-3 differs from the folder')
  t.match(of('000000000800005'), { outcome: 'left', code: 'no-current' })
  t.match(of('000000000800006'), { outcome: 'refused', code: 'time' })
  t.match(of('L-OBSERVATIONS'), { outcome: 'accepted' })
  t.match(of('main_document.xml'), { outcome: 'refused', code: 'no-message' })
  t.match(of('attachment_2.pdf'), { outcome: 'beside' })
  t.match(of('0000099999'), { outcome: 'refused', code: 'SC-PATIENT', text: /[\u3040-\u30ff]/ })
  t.equal(
    Object.values(JSON.parse(run.text) as Record<string, number>).reduce((a, b) => a + b),
    lines.length,
  )
  t.match(run.err, /left {2}1399100015\/.*no-current/)

  const { rows } = await first.pool.query<{ order_number: string; versions: string }>(
    `select s.order_number, string_agg(right(e.status, 8) || ' ' || e.creation_time, ', ' order by e.creation_time) as versions
     from registry.series s join registry.document_entry e on e.series_id = s.series_id
     where s.kind = 'OML-11' and s.care_date >= '20260410' group by s.order_number order by s.order_number`,
  )
  t.same(
    rows.map(({ order_number, versions }) => [order_number, versions]),
    [
      ['000000000800001', 'precated 20260410060100, Approved 20260410080000'],
      ['000000000800003', 'Approved 20260410060500'],
      ['000000000800004', 'Approved 20260410060600'],
      ['LAB-7', 'Approved 20260411020000'],
    ],
    'flag 1 is Approved, flag 2 Deprecated, flag 0 no entry; the time of the file is that of the entry',
  )
  const { rows: chains } = await first.pool.query(
    `select count(*)::int as count from registry.association a join registry.document_entry e on e.entry_uuid = a.source_uuid
     join registry.series s on s.series_id = e.series_id where a.type like '%RPLC' and s.order_number = '000000000800001'`,
  )
  t.same(chains, [{ count: 1 }])
  const { rows: deleted } = await first.pool.query(
    `select order_number, tombstone from registry.series where tombstone is not null order by order_number`,
  )
  t.same(deleted, [
    { order_number: '000000000800002', tombstone: '20260410160000000' },
    { order_number: '000000000800003', tombstone: '20260410150400000' },
  ])
})

t.test('SS-MIX2: importing the same again changes nothing, also when its claims are long forgotten', async (t) => {
  const before = await stateOf(first.pool)
  const again = await tsunagi(first.server, 'ssmix', 'import', STORAGES, '--as', 'hospital-a', '--json')
  t.match(JSON.parse(again.text), { refused: 3, left: 1, beside: 1 })
  t.same(await stateOf(first.pool), before)
  const renamed = await tsunagi(first.server, 'ssmix', 'import', STORAGES, '--as', 'hospital-a', '--label', 'vol2')
  t.equal(renamed.code, 1)
  t.same(await stateOf(first.pool), before, 'another name of the storage, so that no claim is known')
})

t.test(
  'SS-MIX2: an export says the same, its import elsewhere gives the same documents, whose export is the same',
  async (t) => {
    const folder = join(await temporaryDirectory(t), 'out')
    const run = await tsunagi(first.server, 'ssmix', 'export', folder, '--facility', 'hospital-a')
    t.equal(run.code, 0, run.err)
    const exported = await treeOf(folder)
    const [index = '', ...rows] = exported['SSMIXIDX.csv']?.trimEnd().split('\r\n') ?? []
    t.match(
      index,
      /^"VolumeLabel","FacilityID","PatientID","OrderDate","DataKind","OrderNo","ProcessingType","EnterOrgCD"/,
    )
    t.equal(rows.length, Object.keys(messagesOf(exported)).filter((path) => !path.includes('attachment_')).length)
    t.equal(rows.filter((row) => row.includes('"DEL"')).length, 2, 'the two messages that deleted')

    const original = messagesOf(await treeOf(STORAGES))
    const taken = Object.entries(original).filter(([path]) => !/800005|800006|0000099999|main_document\.xml/.test(path))
    const expected = Object.fromEntries(
      taken.map(([path, content]) => [
        filedAs(path),
        Buffer.from(content, 'latin1').at(-1) === 0x1c ? content.slice(0, -1) : content,
      ]),
    )
    // The documents that the demo network begins with are there too.
    const ofStorages = Object.entries(messagesOf(exported)).filter(([path]) => path in expected || /_202604/.test(path))
    t.same(Object.fromEntries(ofStorages), expected, 'the names and bytes as they came')

    t.test('into the server that it came from', async (t) => {
      const before = await stateOf(first.pool)
      t.equal((await tsunagi(first.server, 'ssmix', 'import', folder, '--as', 'hospital-a', '--label', 'back')).code, 0)
      t.same(await stateOf(first.pool), before)
    })

    t.test('into an empty network', async (t) => {
      const second = await startNetwork(t)
      const { code, err } = await tsunagi(second.server, 'ssmix', 'import', folder, '--as', 'hospital-a')
      t.equal(code, 0, err)
      const there = await stateOf(second.pool)
      const here = await stateOf(first.pool)
      t.same(there.documents, here.documents, 'the same unique ids, states and hashes')
      t.same(there.series, here.series)
      t.same(there.replaced, here.replaced)
      t.same(there.kept, here.kept)
      const again = join(await temporaryDirectory(t), 'again')
      t.equal((await tsunagi(second.server, 'ssmix', 'export', again, '--facility', 'hospital-a')).code, 0)
      t.same(messagesOf(await treeOf(again)), messagesOf(exported))
    })

    t.test('into the same folder again: nothing is written anew, a changed flag is renamed', async (t) => {
      const other = join(await temporaryDirectory(t), 'folder')
      await cp(folder, other, { recursive: true })
      const [path = ''] = Object.keys(exported).filter((name) => name.includes('800001_20260410170000125'))
      await writeFile(join(other, path.replace(/1$/, '2')), await readFile(join(other, path)))
      const second = await tsunagi(first.server, 'ssmix', 'export', other, '--facility', 'hospital-a', '--json')
      t.match(JSON.parse(second.text), { written: 0 })
      t.same(messagesOf(await treeOf(other)), messagesOf(exported))
    })
  },
)

t.test('SS-MIX2: of one patient alone; each patient who leaves is an audit event', async (t) => {
  await first.pool.query(`delete from audit.event where type_code = 'ssmix-export'`).catch(() => {})
  const folder = join(await temporaryDirectory(t), 'one')
  t.equal(
    (await tsunagi(first.server, 'ssmix', 'export', folder, '--facility', 'hospital-a', '--patient', '0000012345'))
      .code,
    0,
  )
  t.ok(Object.keys(messagesOf(await treeOf(folder))).every((path) => path.includes('/0000012345/')))
  const { rows } = await first.pool.query<{ patients: readonly string[]; reason: string }>(
    `select patients, reason from audit.event where type_code = 'ssmix-export' order by event_id desc limit 1`,
  )
  t.match(rows[0]?.reason, 'SS-MIX2 export of facility hospital-a')
  t.ok(rows[0]?.patients.some((patient) => patient.startsWith('0000012345^^^')))
})

t.test('SS-MIX2: characters outside ASCII and JIS X 0208 are replaced on demand, and each is reported', async (t) => {
  const folder = join(await temporaryDirectory(t), 'jis')
  const run = await tsunagi(first.server, 'ssmix', 'export', folder, '--facility', 'hospital-a', '--ss-mix-charset')
  t.equal(run.code, 0)
  const [path = ''] = Object.keys(await treeOf(folder)).filter((name) => name.includes('LAB-7'))
  const bytes = await readFile(join(folder, path))
  t.ok(
    bytes.every((byte) => byte < 0x80),
    'seven bits',
  )
  const text = new TextDecoder('iso-2022-jp').decode(bytes)
  t.match(text, /\|2\.5\|\|\|\|\|\|~ISO IR87\|\|ISO 2022-1994\|/)
  t.match(text, '〓〓 キンキユウ (1)(株) Tel 〓')
  const report = await reportOf(join(folder, 'ssmix-export-report.ndjson'))
  const said = report.filter((line) => String(line.path).includes('LAB-7')).map((line) => line.text)
  t.same(
    said.sort(),
    [
      '① → (1) (1)',
      '℡ → Tel (1)',
      '㈱ → (株) (1)',
      'ｷﾝｷﾕｳ → キンキユウ (1)',
      '髙 → 〓 (1)',
      '﨑 → 〓 (1)',
      '𠮷 → 〓 (1)',
    ].sort(),
  )
})

t.test('SS-MIX2: only a system that may import storages names paths, and only of its own facility', async (t) => {
  const pharmacy = await tsunagi(first.server, 'ssmix', 'import', STORAGES, '--as', 'pharmacy-c', '--json')
  t.match(JSON.parse(pharmacy.text), { accepted: 0 })
  t.match(pharmacy.err, /SC-/)
  const foreign = await tsunagi(
    first.server,
    'ssmix',
    'import',
    STORAGES,
    '--as',
    'hospital-a',
    '--label',
    '0119999991',
    '--json',
  )
  t.match(JSON.parse(foreign.text), { accepted: 0 })
  t.match(foreign.err, /SC-FACILITY/)
  t.match((await tsunagi(first.server, 'ssmix', 'import', STORAGES, '--facility', 'clinic-b')).err, /storage-importer/)
  t.equal((await tsunagi(first.server, 'ssmix', 'import', '/nowhere', '--as', 'hospital-a')).code, 2)
})

t.test('every audit event of this is a message by the tables of its transaction (ITI TF-2 3.20.4.1)', async (t) => {
  const rendered = await renderedEvents(first.pool)
  t.same(faultsOf(rendered), [])
})

t.test(
  'SS-MIX2: a file that asks for no acknowledgement was asked by somebody else: refused is refused (HL7 v2.5 2.9.3; SS-MIX2 import)',
  async (t) => {
    const folder = await temporaryDirectory(t)
    const file = { patientId: '0000012345', time: '20260410120000000', value: '7.9' }
    // A message is filed as it went to the hospital's own gateway, with what that one was to answer.
    const asking = (text: string, accept: string, application: string) =>
      text.replace('|2.5||||||', `|2.5|||${accept}|${application}||`)
    for (const [index, [accept, application]] of [
      ['NE', 'NE'],
      ['SU', 'SU'],
      ['AL', 'AL'],
    ].entries())
      for (const [linked, patientId] of [
        ['1', '0000012345'],
        ['2', '0000012399'],
      ] as const) {
        const one = { ...file, patientId, order: `00000000085${linked}${String(index).padStart(3, '0')}` }
        const path = join(folder, HOSPITAL, pathOf(one, '1'))
        await put(path, one)
        const text = laboratoryMessage(one).replace('undefined', '別人^次郎^^^^^L^I||19500101|M')
        await writeFile(path, asking(text, accept ?? '', application ?? ''))
      }
    const report = join(await temporaryDirectory(t), 'report.ndjson')
    const run = await tsunagi(
      first.server,
      'ssmix',
      'import',
      folder,
      '--as',
      'hospital-a',
      '--report',
      report,
      '--json',
    )
    t.equal(run.code, 1, 'half of it was refused')
    t.match(JSON.parse(run.text), { accepted: 3, refused: 3 })
    for (const { path, outcome, code } of await reportOf(report))
      t.match(
        { outcome, code },
        String(path).includes('0000012399') ? { outcome: 'refused', code: 'SC-PATIENT' } : { outcome: 'accepted' },
        String(path),
      )
  },
)
