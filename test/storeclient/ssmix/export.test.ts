// What a facility published as files of an SS-MIX2 storage: flags, numbers, days, and what has no place there.

import t from 'tap'
import { attachmentName } from '../../../src/cli/ssmix/export.ts'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import {
  type Exported,
  type ExportPorts,
  exportFacility,
  type StoredVersion,
} from '../../../src/storeclient/ssmix/export.ts'
import { laboratoryMessage } from '../../scenarios/storage-tree.ts'

const T1 = '20260410100000000'
const T2 = '20260410110000000'
const T3 = '20260410120000000'

const version = (given: Partial<StoredVersion> = {}): StoredVersion => ({
  baseSeriesId: 'a',
  kind: 'OML-11',
  patientNumber: '0000012345',
  orderNumber: '000000000000001',
  careDate: '20260410',
  time: T1,
  state: 'former',
  storedAt: '2026-04-10T01:00:00.000Z',
  content: undefined,
  ...given,
})

async function exported(versions: readonly StoredVersion[], ports: Partial<ExportPorts> = {}) {
  const files: Exported[] = []
  const recorded: string[] = []
  const message = laboratoryMessage({ patientId: '0000012345', order: '000000000000001', time: T1, value: '7.1' })
  const all: ExportPorts = {
    persons: async (_facility, after) => (after === '0' ? ['1'] : []),
    personOf: async (_facility, number) => (number === '0000012345' ? '1' : undefined),
    versions: async () => versions,
    bytes: async () => Buffer.from(message),
    decode: readEr7,
    record: async ({ person }) => void recorded.push(person),
    ...ports,
  }
  for await (const one of exportFacility({ facilityId: 'hospital-a', by: 'test', peer: 'test' }, all)) files.push(one)
  return {
    files,
    recorded,
    names: files.map((one) => (one.kind === 'file' ? (one.path.split('/').at(-1) ?? '') : one.message)),
  }
}

const flagsOf = ({ names }: { readonly names: readonly string[] }) => names.map((name) => name.at(-1)).join('')

t.test('SS-MIX2 condition flags: one valid version, those before it superseded', async (t) => {
  t.equal(flagsOf(await exported([version({ time: T1 }), version({ time: T2, state: 'current' })])), '21')
})

t.test('SS-MIX2 condition flags: a deletion takes all before it along, and not what was filed after it', async (t) => {
  const deleted = [version({ time: T1 }), version({ time: T2, state: 'deleting' })].map((one) => ({
    ...one,
    tombstone: T2,
  }))
  t.equal(flagsOf(await exported(deleted)), '00')
  const again = [...deleted, version({ time: T3, state: 'current', tombstone: T2 })]
  t.equal(flagsOf(await exported(again)), '001')
})

t.test('SS-MIX2 condition flags: a document without a valid version is deleted, other documents are not', async (t) => {
  t.equal(flagsOf(await exported([version(), version({ baseSeriesId: 'b', state: 'current', time: T2 })])), '01')
})

t.test(
  'SS-MIX2: an additional part is valid beside the document; the same moment is told apart by milliseconds',
  async (t) => {
    const { files, names } = await exported([version({ state: 'current' }), version({ state: 'current' })])
    t.same(names, [
      '0000012345_20260410_OML-11_000000000000001_20260410100000000_01_1',
      '0000012345_20260410_OML-11_000000000000001_20260410100000001_01_1',
    ])
    t.same(
      files.map((one) => one.kind === 'file' && one.movedMs),
      [0, 1],
    )
  },
)

t.test(
  'SS-MIX2: a version and what took its place in the same moment are two files, not one under two flags',
  async (t) => {
    const { names } = await exported([version(), version({ state: 'current' })])
    t.same(names, [
      '0000012345_20260410_OML-11_000000000000001_20260410100000000_01_2',
      '0000012345_20260410_OML-11_000000000000001_20260410100000001_01_1',
    ])
  },
)

t.test('SS-MIX2: several files of one OBX lie beside their message under a name each (HL7 v2.5 7.4.2.5)', async (t) => {
  const names = [{ occurrence: 1 }, { occurrence: 1, repetition: 2 }].map((place) =>
    attachmentName({ mimeType: 'application/pdf', ...place }),
  )
  t.same(names, ['attachment_1.pdf', 'attachment_1-2.pdf'])
})

t.test('SS-MIX2: what has no place in a storage is refused, and does not stop the rest', async (t) => {
  const { files } = await exported([
    version({ patientNumber: '123' }),
    version({ orderNumber: 'x'.repeat(23) }),
    version({ orderNumber: 'A/1' }),
    version({ state: 'current' }),
  ])
  t.same(
    files.map(({ kind }) => kind),
    ['refused', 'refused', 'refused', 'file'],
  )
  t.match(files[0], { patientNumber: '123', dataKind: 'OML-11', message: /4 characters/, ja: /4文字/ })
  const { patientNumber: _none, ...nobody } = version()
  t.equal((await exported([nobody])).files[0]?.kind, 'refused')
})

t.test('SS-MIX2: documents of before day and number were kept are named by what they say', async (t) => {
  const { careDate: _day, orderNumber: _number, ...old } = version({ state: 'current' })
  t.same((await exported([old])).names, ['0000012345_20260410_OML-11_000000000000001_20260410100000000_01_1'])
})

t.test('SS-MIX2: what can no longer be read is written under what is known of it', async (t) => {
  const { names } = await exported([version({ state: 'current' })], { decode: () => undefined })
  t.same(names, ['0000012345_20260410_OML-11_000000000000001_20260410100000000_-_1'])
})

t.test('SS-MIX2: a message is read, and said to be, in the set that its entry names', async (t) => {
  const asked: unknown[] = []
  const decode: ExportPorts['decode'] = (bytes, hints) => {
    asked.push(hints)
    return readEr7(bytes, hints)
  }
  const { files } = await exported([version({ charset: 'EUC-JP' }), version({ state: 'current' })], { decode })
  t.same(asked, [{ charset: 'EUC-JP' }, {}])
  t.same(
    files.map((one) => one.kind === 'file' && one.charset),
    ['EUC-JP', undefined],
  )
})

t.test('a patient whose data leaves is recorded before it does, one without documents is not', async (t) => {
  let wasRecorded = false
  await exported([version({ state: 'current' })], {
    record: async () => {
      wasRecorded = true
    },
    bytes: async () => {
      t.ok(wasRecorded)
      return Buffer.from('MSH|')
    },
    decode: () => undefined,
  })
  t.same((await exported([])).recorded, [])
})
