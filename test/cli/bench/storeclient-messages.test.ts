// Invented messages of every data kind: what JAHIS and SS-MIX2 demand of them, in both character sets, and the storage they make.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import t from 'tap'
import { checkStructure, structureOf } from '../../../profiles/hl7v2/structures.ts'
import {
  documentKey,
  episode,
  everyKind,
  LONGEST_EPISODE,
  openHistory,
} from '../../../src/cli/bench/messages/episode.ts'
import { type InventedMessage, messageBytes } from '../../../src/cli/bench/messages/message.ts'
import { demoCast, inventPatients } from '../../../src/cli/bench/messages/patients.ts'
import { pdf } from '../../../src/cli/bench/messages/pdf.ts'
import { png } from '../../../src/cli/bench/messages/png.ts'
import { openDesk } from '../../../src/cli/bench/messages/scene.ts'
import { type StorageFile, storageTree } from '../../../src/cli/bench/messages/storage.ts'
import { moment } from '../../../src/cli/bench/messages/time.ts'
import { writeTree } from '../../../src/cli/bench/messages/write.ts'
import { createRandom } from '../../../src/cli/bench/people/random.ts'
import { facilityOf, loadDemoNetwork } from '../../../src/cli/demo/network.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import { type Er7Message, segmentsOf } from '../../../src/model/hl7v2.ts'

const START = moment(2024, 4, 1)
const { sender, patients } = await demoCast('hospital-a')
const [first] = patients
if (first === undefined) throw new Error('the demo network has no patient')
const patient = first

function rehearsal(seed: number): readonly InventedMessage[] {
  return everyKind(openHistory(openDesk(sender, { seed }), patient), START)
}

const all = rehearsal(1)
const read = (one: InventedMessage): Er7Message => readEr7(messageBytes(one, 'ISO-2022-JP'))

/** Triggers by which each kind is sent, changed or cancelled (JAHIS, SS-MIX2). */
const EVENTS: Readonly<Record<string, string>> = {
  'ADT-00': 'A08 A23',
  'ADT-01': 'A54 A55',
  'ADT-12': 'A04 A11',
  'ADT-21': 'A14 A27',
  'ADT-22': 'A01 A11',
  'ADT-31': 'A21 A52',
  'ADT-32': 'A22 A53',
  'ADT-41': 'A15 A26',
  'ADT-42': 'A02 A12',
  'ADT-51': 'A16 A25',
  'ADT-52': 'A03 A13',
  'ADT-61': 'A60',
  'PPR-01': 'ZD1',
  OMD: 'O03',
  'OMP-01': 'O11',
  'OMP-02': 'O11',
  'OMP-11': 'O17',
  'OMP-12': 'O17',
  'OML-01': 'O33',
  'OML-11': 'R22',
  'OMG-01': 'O19',
  'OMG-02': 'O19',
  'OMG-03': 'O19',
  'OMG-11': 'Z23',
  'OMG-12': 'Z23',
  'OMG-13': 'R01',
  REPORT: 'R01',
  VITAL: 'R30',
  DOC: 'T02 T06 T08 T10 T11',
  FILE: 'T02 T06 T08 T10 T11',
  NOTE: 'T02 T06 T08 T10 T11',
}

/** Orders and results are changed under their number and taken back; lists are sent again as a whole. */
const CHANGED = 'OMD OMP-01 OMP-02 OMP-12 OML-01 OML-11 OMG-01 OMG-11 OMG-12 OMG-13 REPORT VITAL DOC FILE NOTE ADT-01'
const CANCELLED =
  'ADT-00 ADT-01 ADT-12 ADT-21 ADT-22 ADT-31 ADT-32 ADT-41 ADT-42 ADT-51 ADT-52 ADT-61 OMD OMP-01 OMP-02 OMP-11 OMP-12 OML-01 OML-11 OMG-01 OMG-02 OMG-03 OMG-11 OMG-12 OMG-13 REPORT DOC FILE NOTE'

t.test('every kind is there with its changes and cancels, in the order of MSH-7', async (t) => {
  const found = (kind: string) => all.filter((one) => one.kind === kind)
  for (const [kind, triggers] of Object.entries(EVENTS)) {
    t.same([...new Set(found(kind).map(({ type }) => type.trigger))].toSorted(), triggers.split(' ').toSorted(), kind)
  }
  t.same([...new Set(all.map(({ kind }) => kind))].toSorted(), Object.keys(EVENTS).toSorted())
  for (const kind of CHANGED.split(' '))
    t.ok(
      found(kind).some(({ action }) => action === 'update'),
      `${kind} changes`,
    )
  for (const kind of CANCELLED.split(' '))
    t.ok(
      found(kind).some(({ action }) => action === 'cancel'),
      `${kind} ends`,
    )
  t.ok(all.every(({ sentAt }, index) => index === 0 || sentAt >= (all[index - 1]?.sentAt ?? 0)))
  t.equal(new Set(all.map(({ controlId }) => controlId)).size, all.length)
  const living = new Map<string, boolean>()
  for (const one of all) living.set(documentKey(one), one.action !== 'cancel')
  for (const kind of Object.keys(EVENTS))
    t.ok(
      [...living].some(([key, lives]) => lives && key.startsWith(`${kind}|`)),
      `some ${kind} lives on`,
    )
})

t.test('the same seed makes the same bytes, another seed others', async (t) => {
  const bytes = (seed: number) => Buffer.concat(rehearsal(seed).map((one) => messageBytes(one, 'UTF-8')))
  t.ok(bytes(1).equals(bytes(1)))
  t.notOk(bytes(1).equals(bytes(2)))
})

/** Fields of each kind beyond those of every message. */
const REQUIRED: Readonly<Record<string, string>> = {
  'ADT-00': 'EVN-2 PV1-2 PID-33',
  'ADT-01': 'EVN-2 EVN-6 PV1-7',
  'ADT-12': 'EVN-2 PV1-2 PV1-10 PV1-44',
  'ADT-21': 'EVN-2 PV1-2 PV2-8',
  'ADT-22': 'EVN-2 PV1-2 PV1-44',
  'ADT-31': 'EVN-2 EVN-6 PV2-47',
  'ADT-32': 'EVN-2 EVN-6',
  'ADT-41': 'EVN-2 PV2-1 PV2-8',
  'ADT-42': 'EVN-2 EVN-6 PV1-3 PV1-6',
  'ADT-51': 'EVN-2 PV2-9',
  'ADT-52': 'EVN-2 PV1-45',
  'ADT-61': 'EVN-2 IAM-1 IAM-3 IAM-6',
  'PPR-01': 'PRB-1 PRB-2 PRB-3 PRB-4 ZPR-2',
  OMD: 'ORC-1 ORC-2 ORC-9 ODS-1 ODS-3',
  'OMP-01': 'ORC-1 ORC-2 ORC-4 ORC-9 RXE-2 RXE-3 RXE-5 RXE-10 RXE-11 TQ1-7 RXR-1',
  'OMP-11': 'ORC-1 ORC-2 ORC-4 RXA-1 RXA-2 RXA-3 RXA-4 RXA-5 RXA-6 RXR-1',
  'OMP-02': 'ORC-1 ORC-2 ORC-4 ORC-17 ORC-29 RXE-2 RXE-3 RXE-5 RXR-1 RXC-1 RXC-2 RXC-3 RXC-4 TQ1-7',
  'OMP-12': 'ORC-1 ORC-2 ORC-4 ORC-17 ORC-29 RXA-1 RXA-2 RXA-3 RXA-4 RXA-5 RXA-6 RXR-1',
  'OML-01': 'SPM-4 ORC-1 ORC-2 ORC-29 TQ1-1 OBR-2 OBR-4 OBX-3 OBX-11',
  'OML-11': 'SPM-2 SPM-4 SPM-17 ORC-1 ORC-2 ORC-5 OBR-2 OBR-4 OBX-2 OBX-3 OBX-5 OBX-11',
  'OMG-01': 'ORC-1 ORC-2 ORC-9 ORC-12 TQ1-1 TQ1-9 OBR-2 OBR-4',
  'OMG-02': 'ORC-1 ORC-2 ORC-9 ORC-12 TQ1-1 TQ1-9 OBR-2 OBR-4 OBX-2 OBX-3 OBX-5 OBX-11',
  'OMG-03': 'ORC-1 ORC-2 ORC-9 ORC-12 ORC-17 TQ1-1 TQ1-9 OBR-1 OBR-2 OBR-4',
  'OMG-11': 'ORC-1 ORC-2 ORC-9 ORC-12 TQ1-1 TQ1-9 OBR-2 OBR-4 OBR-7 IPC-1 IPC-3 IPC-5 ZE1-2 ZE1-3',
  'OMG-12': 'ORC-1 ORC-2 ORC-9 ORC-12 TQ1-1 TQ1-9 OBR-2 OBR-4 OBR-7 IPC-1 IPC-3 IPC-5 ZE1-1 ZE1-2 ZE1-3',
  'OMG-13': 'OBR-1 OBR-2 OBR-4 OBR-7 OBX-2 OBX-3 OBX-5 OBX-11',
  REPORT: 'OBR-2 OBR-3 OBR-4 OBR-7 OBX-2 OBX-3 OBX-5 OBX-11',
  VITAL: 'ORC-1 ORC-2 OBR-2 OBR-7 OBX-2 OBX-3 OBX-5 OBX-11 OBX-14',
  DOC: 'EVN-2 TXA-1 TXA-2 TXA-4 TXA-9 TXA-12 TXA-17',
  FILE: 'EVN-2 TXA-1 TXA-2 TXA-4 TXA-9 TXA-12 TXA-16 TXA-17',
  NOTE: 'EVN-2 TXA-1 TXA-2 TXA-4 TXA-9 TXA-12 TXA-17',
}
const OF_ALL = 'MSH-7 MSH-9 MSH-10 MSH-11 MSH-12 MSH-18 PID-3 PID-5 PID-7 PID-8'
/** An empty list has no lines. */
const isEmptyList = ({ kind, action }: InventedMessage) => kind === 'ADT-61' && action === 'cancel'

t.test('every segment has the fields that its kind requires, and the structure that its event has', async (t) => {
  const faults: string[] = []
  for (const one of all) {
    const message = read(one)
    const name = `${one.kind} ${one.type.trigger} ${one.controlId}`
    const own = isEmptyList(one) ? 'EVN-2' : (REQUIRED[one.kind] ?? '')
    for (const place of `${OF_ALL} ${own}`.split(' ')) {
      const [segment = '', field = ''] = place.split('-')
      const found = segmentsOf(message, segment)
      if (found.length === 0) faults.push(`${name}: no ${segment}`)
      if (found.some(({ fields }) => (fields[Number(field) - 1] ?? '') === ''))
        faults.push(`${name}: ${place} is empty`)
    }
    const structure = structureOf(one.type.code, one.type.trigger)
    const { missing, tolerances } = structure === undefined ? { tolerances: [] } : checkStructure(message, structure)
    if (missing !== undefined) faults.push(`${name}: ${missing.message}`)
    if (tolerances.length > 0) faults.push(`${name}: ${tolerances.map(({ code, at }) => `${code} ${at}`).join(', ')}`)
  }
  t.same(faults, [])
})

t.test('both character sets carry the same text, ISO-2022-JP under its label (HL7 v2.5 2.15.9.18)', async (t) => {
  const text = (message: Er7Message) => message.segments.slice(1).map(({ name, fields }) => [name, ...fields].join('|'))
  const faults = all.filter((one) => {
    const jis = messageBytes(one, 'ISO-2022-JP')
    const message = readEr7(jis)
    const isSame = text(message).join('\r') === text(readEr7(messageBytes(one, 'UTF-8'))).join('\r')
    return !jis.includes('~ISO IR87') || message.tolerances.length > 0 || !isSame
  })
  t.same(faults, [])
  const rare = { ...patient.demographics, names: [{ representation: 'IDE', family: '𠮷野', given: '花子' }] } as const
  const desk = openDesk(sender, { seed: 1 })
  const [told] = everyKind(openHistory(desk, { localId: '1', demographics: rare }), START)
  if (told === undefined) throw new Error('nothing was said')
  t.ok(messageBytes(told, 'ISO-2022-JP').includes('UNICODE UTF-8'), 'a character that JIS lacks is not lost')
})

t.test('laboratory results are as large as real ones, with flags outside their ranges only', async (t) => {
  const results = all.filter(({ kind, action }) => kind === 'OML-11' && action !== 'cancel')
  const sizes = results.map((one) => messageBytes(one, 'ISO-2022-JP').length)
  t.ok(Math.max(...sizes) > 5_000 && Math.max(...sizes) < 12_000 && Math.min(...sizes) > 1_200, sizes.join(' '))
  for (const obx of results.flatMap((one) => segmentsOf(read(one), 'OBX'))) {
    const [, type, , , value = '', , range = '', flag = ''] = obx.fields
    const [low = '0', high = ''] = range.startsWith('<') ? ['0', range.slice(1)] : range.split('-')
    if (type !== 'NM') continue
    // A value is rounded after it is judged.
    const width = (Number(high) - Number(low)) * 0.05
    if (flag.startsWith('H') && Number(value) < Number(high) - width) t.fail(`${value} of ${range} is not ${flag}`)
    if (flag.startsWith('L') && Number(value) > Number(low) + width) t.fail(`${value} of ${range} is not ${flag}`)
    if (flag === '' && (Number(value) > Number(high) + width || Number(value) < Number(low) - width))
      t.fail(`${value} of ${range} has no flag`)
  }
})

t.test('what is embedded is a PDF whose table points at its objects, and a PNG whose pixels inflate', async (t) => {
  const text = pdf(['退院時サマリー']).toString('latin1')
  const start = Number(/startxref\n(\d+)/.exec(text)?.[1])
  t.equal(text.slice(start, start + 4), 'xref')
  const offsets = [...text.slice(start).matchAll(/^(\d{10}) 00000 n /gm)].map(([, offset]) => Number(offset))
  offsets.forEach((offset, index) => {
    t.ok(text.slice(offset).startsWith(`${index + 1} 0 obj`))
  })
  const image = png(createRandom(1), 16)
  const length = image.readUInt32BE(33)
  t.equal(inflateSync(image.subarray(41, 41 + length)).length, 16 * 17)
  t.equal(image.toString('latin1', 12, 16), 'IHDR')
})

t.test('episodes send some messages twice and some older versions after newer ones', async (t) => {
  const history = openHistory(openDesk(sender, { seed: 3 }), patient)
  const episodes = Array.from({ length: 40 }, (_, index) => episode(history, START + index * LONGEST_EPISODE))
  const delivered = episodes.flat()
  t.ok(new Set(delivered).size < delivered.length, 'twice')
  const late = delivered.filter((one, index) =>
    delivered.slice(0, index).some((other) => documentKey(other) === documentKey(one) && other.sentAt > one.sentAt),
  )
  t.ok(late.length > 0, 'late')
  for (const [index, one] of episodes.entries())
    for (const { sentAt } of one)
      if (sentAt < START + index * LONGEST_EPISODE || sentAt >= START + (index + 1) * LONGEST_EPISODE)
        t.fail('not its time')
})

t.test('a storage has the files asked for, under the path rules of SS-MIX2, one current version of each', async (t) => {
  const people = inventPatients(1, 7)
  const tree = (): readonly StorageFile[] => [...storageTree({ sender, patients: people, seed: 5, files: 1000 })]
  const files = tree()
  t.equal(files.length, 1000)
  t.equal(new Set(files.map(({ path }) => path)).size, 1000)
  const bytesOf = (all: readonly StorageFile[]) =>
    Buffer.concat(all.flatMap(({ path, bytes }) => [Buffer.from(path), bytes]))
  t.ok(bytesOf(files).equals(bytesOf(tree())), 'the same for the same seed')
  const flags = new Map<string, string>()
  const faults: string[] = []
  for (const { path, bytes, flag, message } of files) {
    const [a, b, id = '', date = '', kind = '', name = ''] = path.split('/')
    const isNamed = new RegExp(`^${id}_${date}_${kind}_\\d{15}_\\d{17}_(\\d\\d|-)_${flag}$`).test(name)
    if (!isNamed || `${a}${b}` !== id.slice(0, 6) || date !== (message.careDate ?? '-')) faults.push(path)
    if (bytes.toString('latin1').slice(-2) !== '\r\x1c') faults.push(`end of ${path}`)
    const key = name.split('_').slice(0, 4).join('_')
    flags.set(key, (flags.get(key) ?? '') + flag)
  }
  t.same(faults, [])
  t.same(
    [...flags].filter(([, found]) => !/^0*(2*1)?$/.test(found)),
    [],
    'deleted, or versions before one that is current',
  )
  t.ok([...flags.values()].some((found) => found === '21'))
  t.ok([...flags.values()].some((found) => found === '00'))
  const newest = Math.max(
    ...[...storageTree({ sender, patients, seed: 5, files: 2000 })].map(({ message }) => message.sentAt),
  )
  t.ok(newest < moment(2026, 1, 1), 'nothing is of the future')
})

t.test('invented people of a storage can be imported for the facility that it is of', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tsunagi-storage-'))
  t.teardown(() => Promise.all([folder, `${folder}.patients.ndjson`].map((path) => rm(path, { recursive: true }))))
  t.equal(await writeTree({ folder, files: 20, people: 3 }), 3)
  const lines = (await readFile(`${folder}.patients.ndjson`, 'utf8')).trim().split('\n')
  const { oid } = facilityOf(await loadDemoNetwork(), 'hospital-a').patientDomain
  t.same(
    lines.map((line) => (JSON.parse(line) as { readonly domain: string }).domain),
    [oid, oid, oid],
  )
})
