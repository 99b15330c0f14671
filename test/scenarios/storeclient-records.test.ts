// Visits, allergies, diagnoses and documents pushed over MLLP: found by their metadata, fetched byte for byte with the files inside them,
// their corrections and cancels a chain of Approved and Deprecated documents (ITI TF-2 3.18.4.1.2.3.7; ITI TF-3 4.2.2.2; SS-MIX2).

import t, { type Test } from 'tap'
import { codeOf } from '../../profiles/affinity-domain/index.ts'
import { codeSystems } from '../../profiles/storeclient/code-systems.ts'
import type { KindName } from '../../profiles/storeclient/index.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { codeKey } from '../../src/model/code.ts'
import type { DocumentEntry } from '../../src/model/document-entry.ts'
import { APND, RPLC, STATUS_APPROVED, STATUS_DEPRECATED, XFRM } from '../../src/model/xds.ts'
import { readFiles } from '../../src/storeclient/kinds/embedded.ts'
import { DOMAINS } from '../faults/support.ts'
import { bytesOf, kindOf, startPushing } from './pushing.ts'
import { listed } from './xds-client.ts'

t.setTimeout(120_000)

const ER7 = 'x-application/hl7-v2+er7'
const { network, taro, present, push, send, related } = await startPushing(t)

interface Pushed {
  readonly kind: KindName
  readonly name: string
  readonly title: string
  /** serviceStartTime and serviceStopTime, UTC. */
  readonly service: readonly [start: string, stop: string]
  /** Coding system name and code of an event code. */
  readonly event?: readonly [system: string, code: string]
  /** Where the message says it better than its kind. */
  readonly typeCode?: string
  /** Later versions, each replacing the one before. */
  readonly later?: readonly string[]
  readonly cancel: string
}

const PUSHED: readonly Pushed[] = [
  {
    kind: 'ADT-00',
    name: 'adt-00-full',
    title: '患者基本情報 2026-04-02',
    service: ['20260402000000', '20260402000000'],
    cancel: 'adt-00-deleted',
  },
  {
    kind: 'ADT-01',
    name: 'adt-01',
    title: '担当医 2026-04-02',
    service: ['20260402000000', '20260402000000'],
    later: ['adt-01-changed'],
    cancel: 'adt-01-cancelled',
  },
  {
    kind: 'ADT-12',
    name: 'adt-12',
    title: '外来受付 2026-04-02',
    service: ['20260402001500', '20260402001500'],
    cancel: 'adt-12-cancelled',
  },
  {
    kind: 'ADT-21',
    name: 'adt-21',
    title: '入院予定 2026-04-10',
    service: ['20260410010000', '20260410010059'],
    later: ['adt-21-changed'],
    cancel: 'adt-21-cancelled',
  },
  {
    kind: 'ADT-22',
    name: 'adt-22',
    title: '入院 2026-04-10',
    service: ['20260410010000', '20260410010000'],
    later: ['adt-22-changed'],
    cancel: 'adt-22-cancelled',
  },
  {
    kind: 'ADT-31',
    name: 'adt-31',
    title: '外出泊 2026-04-12',
    service: ['20260412053000', '20260414080059'],
    later: ['adt-31-changed'],
    cancel: 'adt-31-cancelled',
  },
  {
    kind: 'ADT-32',
    name: 'adt-32',
    title: '外出泊帰院 2026-04-14',
    service: ['20260414080500', '20260414080500'],
    cancel: 'adt-32-cancelled',
  },
  {
    kind: 'ADT-41',
    name: 'adt-41',
    title: '転科転棟予定 2026-04-16',
    service: ['20260416000000', '20260416000059'],
    cancel: 'adt-41-cancelled',
  },
  {
    kind: 'ADT-42',
    name: 'adt-42',
    title: '転科転棟 2026-04-16',
    service: ['20260416000000', '20260416000000'],
    cancel: 'adt-42-cancelled',
  },
  {
    kind: 'ADT-51',
    name: 'adt-51',
    title: '退院予定 2026-04-20',
    service: ['20260420010000', '20260420010059'],
    cancel: 'adt-51-cancelled',
  },
  {
    kind: 'ADT-52',
    name: 'adt-52',
    title: '退院 2026-04-20',
    service: ['20260410010000', '20260420010000'],
    cancel: 'adt-52-cancelled',
  },
  {
    kind: 'ADT-61',
    name: 'adt-61',
    title: 'アレルギー 2026-04-01',
    service: ['20260401004000', '20260401004000'],
    event: ['J-FAGY', 'J9FC12000000'],
    later: ['adt-61-changed'],
    cancel: 'adt-61-emptied',
  },
  {
    kind: 'PPR-01',
    name: 'ppr-01',
    title: '病名 2026-04-01',
    service: ['20260329150000', '20260401145959'],
    event: ['MDCDX2', '20058577'],
    later: ['ppr-01-changed'],
    cancel: 'ppr-01-deleted',
  },
  {
    kind: 'DOC',
    name: 'doc',
    title: '退院時サマリー 2026-04-20',
    service: ['20260420030000', '20260420030000'],
    typeCode: '18842-5',
    later: ['doc-edited', 'doc-replaced', 'doc-edited-under-former-number'],
    cancel: 'doc-cancelled',
  },
  {
    kind: 'FILE',
    name: 'file',
    title: 'path.csv',
    service: ['20260424011500', '20260424011500'],
    cancel: 'file-cancelled',
  },
  {
    kind: 'NOTE',
    name: 'note',
    title: 'ノート（記録） 2026-04-25',
    service: ['20260425062500', '20260425062500'],
    typeCode: 'NOTE-REC',
    later: ['note-edited'],
    cancel: 'note-cancelled',
  },
]

/** Documents of the kind that this test pushed: messages and the files inside them. */
async function ofKind(kind: KindName, status: string): Promise<readonly DocumentEntry[]> {
  const slots = [{ name: '$XDSDocumentEntryClassCode', values: listed([codeKey(kindOf(kind).classCode)]) }]
  const found = await network.find('hospital-a', taro, { status: [status], slots })
  const { formatCode } = kindOf(kind)
  const messages = found.filter((entry) => entry.formatCode.code === formatCode.code && !present.has(entry.entryUUID))
  const references = new Set(messages.flatMap(({ referenceIdList }) => referenceIdList))
  const isInside = ({ mimeType, referenceIdList }: DocumentEntry) =>
    mimeType !== ER7 && referenceIdList.some((reference) => references.has(reference))
  return [...messages, ...found.filter(isInside)]
}

function messagesIn(entries: readonly DocumentEntry[]): readonly DocumentEntry[] {
  return entries.filter(({ mimeType }) => mimeType === ER7)
}

function filesIn(entries: readonly DocumentEntry[]): readonly DocumentEntry[] {
  return entries.filter(({ mimeType }) => mimeType !== ER7)
}

function filesOf(name: string) {
  const message = readEr7(bytesOf(name))
  return readFiles(message, message.segments)
}

async function isRelated(association: string, source: string, target: string | undefined): Promise<boolean> {
  return (await related(source, association)).some(([from, to]) => from === source && to === target)
}

async function checkEntry(t: Test, entry: DocumentEntry, pushed: Pushed): Promise<void> {
  const { kind, name, title, service, event, typeCode } = pushed
  const row = kindOf(kind)
  t.same(
    [entry.title, entry.classCode.code, entry.typeCode.code, entry.formatCode.code],
    [title, row.classCode.code, typeCode ?? row.typeCode.code, row.formatCode.code],
  )
  t.same([entry.serviceStartTime, entry.serviceStopTime], service)
  if (event !== undefined) {
    const scheme = codeSystems.find((system) => system.name === event[0])?.scheme
    t.ok(entry.eventCodeList.some((code) => code.code === event[1] && code.scheme === scheme))
  }
  const { documents } = await network.fetch('hospital-a', [entry.uniqueId])
  t.ok(documents[0]?.bytes.equals(bytesOf(name)), 'comes back as it was sent')
}

/** Each file is a document of its own, a transformation of the message, and names it. */
async function checkFiles(t: Test, current: readonly DocumentEntry[], name: string): Promise<void> {
  const [message] = messagesIn(current)
  const wanted = filesOf(name)
  const files = filesIn(current)
  t.same(files.map(({ mimeType }) => mimeType).sort(), wanted.map(({ mimeType }) => mimeType).sort())
  for (const file of files) {
    const { documents } = await network.fetch('hospital-a', [file.uniqueId])
    t.ok(
      wanted.some(({ bytes }) => documents[0]?.bytes.equals(bytes)),
      'the file comes back as it is',
    )
    t.equal(documents[0]?.mimeType, file.mimeType)
    t.ok(await isRelated(XFRM, file.entryUUID, message?.entryUUID))
    const reference = `${message?.uniqueId}^^^^urn:ihe:iti:xds:2013:uniqueId`
    t.ok(file.referenceIdList.includes(reference) && message?.referenceIdList.includes(reference))
  }
}

for (const pushed of PUSHED) {
  t.test(`${pushed.kind}: found, fetched, corrected, cancelled`, async (t) => {
    await push(t, pushed.name)
    let current = await ofKind(pushed.kind, STATUS_APPROVED)
    const [entry, ...others] = messagesIn(current)
    t.same(others, [])
    if (entry === undefined) return void t.fail(`${pushed.name} is not found`)
    await checkEntry(t, entry, pushed)
    await checkFiles(t, current, pushed.name)
    for (const later of pushed.later ?? []) {
      const former = messagesIn(current)[0]?.entryUUID
      await push(t, later)
      current = await ofKind(pushed.kind, STATUS_APPROVED)
      t.equal(messagesIn(current).length, 1, `${later}: one is current`)
      const latest = messagesIn(current)[0]?.entryUUID
      t.ok(await isRelated(RPLC, latest ?? '', former), 'which replaces the former')
      await checkFiles(t, current, later)
    }
    await push(t, pushed.cancel)
    t.same(await ofKind(pushed.kind, STATUS_APPROVED), [], 'the files go with the message')
    const sent = [pushed.name, ...(pushed.later ?? [])]
    const kept = await ofKind(pushed.kind, STATUS_DEPRECATED)
    t.equal(messagesIn(kept).length, sent.length, 'nothing is lost')
    t.equal(filesIn(kept).length, sent.flatMap(filesOf).length)
  })
}

t.test(
  'receptions of a day in two departments are two documents; a reception sent as admission is one (PV1-2 = O)',
  async (t) => {
    for (const name of ['adt-12-other-department', 'adt-12-as-admission']) await push(t, name)
    t.equal((await ofKind('ADT-12', STATUS_APPROVED)).length, 2)
  },
)

t.test('an addendum is appended (APND); one to an unknown document stands alone', async (t) => {
  for (const name of ['doc-signed', 'doc-addendum', 'doc-parent-unknown']) await push(t, name)
  const found = messagesIn(await ofKind('DOC', STATUS_APPROVED))
  const [signed, addendum, alone] = ['20260421013000', '20260421020000', '20260421023000'].map((time) =>
    found.find(({ creationTime }) => creationTime === time),
  )
  t.same(
    signed === undefined
      ? []
      : [signed.confidentialityCode.map(({ code }) => code), signed.legalAuthenticator?.split('^')[0]],
    [['R'], 'D0100'],
  )
  t.ok(
    signed?.referenceIdList.some((reference) => reference.startsWith('500001^')),
    'names its order (TXA-14)',
  )
  t.same(await related(addendum?.entryUUID ?? '', APND), [[addendum?.entryUUID, signed?.entryUUID]])
  t.same(await related(alone?.entryUUID ?? '', APND), [])
})

t.test('a health check is found by its LOINC code, a note to others by its own', async (t) => {
  for (const name of ['doc-health-check', 'note-contact']) await push(t, name)
  for (const [kind, type] of [
    ['DOC', '53576-5'],
    ['NOTE', 'NOTE-COM'],
  ] as const) {
    const slots = [{ name: '$XDSDocumentEntryTypeCode', values: listed([codeKey(codeOf('typeCode', type))]) }]
    const found = await network.find('hospital-a', taro, { slots })
    t.ok(found.length > 0 && found.every(({ classCode }) => classCode.code === kindOf(kind).classCode.code), type)
  }
})

t.test('a file is kept under the type its bytes show; a pointer brings none, and its sender is told', async (t) => {
  const told = async (name: string) =>
    readAck(await send(bytesOf(name))).errors.map(({ severity, application }) => `${severity} ${application}`)
  t.match(await told('file-type-differs'), [/^W SC-CONTENT/])
  t.match(await told('file-pointer'), [/^W SC-CONTENT/])
  const found = filesIn(await ofKind('DOC', STATUS_APPROVED))
  t.ok(found.some(({ mimeType, title }) => mimeType === 'image/png' && title === '退院時サマリー 2026-04-27'))
})

t.test('a list with a very confidential diagnosis is very restricted', async (t) => {
  await push(t, 'ppr-01-confidential')
  const [list] = await ofKind('PPR-01', STATUS_APPROVED)
  t.same(
    list?.confidentialityCode.map(({ code }) => code),
    ['V'],
  )
})

t.test('ADT-00 tells of mother, twins and birth order; what it does not tell stays (HL7 v2.5 2.5.3)', async (t) => {
  const told = async () => {
    const { rows } = await network.pool.query<{ demographics: Record<string, unknown> }>(
      `select demographics from identity.identifier where domain = $1 and value = '0000012345'`,
      [DOMAINS['hospital-a']],
    )
    const { multipleBirth, birthOrder, mother } = rows[0]?.demographics ?? {}
    return { multipleBirth, birthOrder, mother }
  }
  const said = { multipleBirth: true, birthOrder: 2, mother: [{ representation: 'IDE', family: '架空', given: '花' }] }
  t.same(await told(), said)
  await push(t, 'adt-00-again')
  t.same(await told(), { ...said, birthOrder: undefined }, 'PID-25 was null')
})
