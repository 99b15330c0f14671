// Orders and results pushed over MLLP: found by what ITI-18 can ask of them, fetched byte for byte, their corrections and cancels a chain
// of Approved and Deprecated documents (ITI TF-2 3.18.4.1.2.3.7; ITI TF-3 4.2.2.2.3 RPLC; SS-MIX2).

import t from 'tap'
import { codeOf } from '../../profiles/affinity-domain/index.ts'
import { codeSystems } from '../../profiles/storeclient/code-systems.ts'
import type { KindName } from '../../profiles/storeclient/index.ts'
import type { Code } from '../../src/model/code.ts'
import { codeKey } from '../../src/model/code.ts'
import { RPLC, STATUS_APPROVED, STATUS_DEPRECATED } from '../../src/model/xds.ts'
import { bytesOf, kindOf, startPushing } from './pushing.ts'
import { listed, quoted } from './xds-client.ts'

t.setTimeout(120_000)

const { network, taro, present, push, related } = await startPushing(t)

interface Pushed {
  readonly kind: KindName
  readonly name: string
  /** serviceStartTime and serviceStopTime, UTC. */
  readonly service: readonly [start: string, stop: string]
  /** Coding system name and code of an event code; kinds of local codes have none. */
  readonly event?: readonly [system: string, code: string]
  /** Where the message says it better than its kind. */
  readonly typeCode?: string
  /** Later versions, each replacing the one before. */
  readonly later: readonly string[]
  readonly cancel: string
}

const CARBOCISTEINE = ['HOT9', '103835401'] as const

const PUSHED: readonly Pushed[] = [
  {
    kind: 'OMD',
    name: 'omd',
    service: ['20260410030000', '20260410035959'],
    later: ['omd-changed'],
    cancel: 'omd-cancelled',
  },
  {
    kind: 'OMP-01',
    name: 'omp-01',
    service: ['20260331150000', '20260407145959'],
    event: CARBOCISTEINE,
    later: ['omp-01-changed'],
    cancel: 'omp-01-cancelled',
  },
  {
    kind: 'OMP-11',
    name: 'omp-11-ward',
    service: ['20260410233000', '20260410233059'],
    event: ['HOT9', '108665201'],
    typeCode: 'OMP-11',
    later: ['omp-11-corrected'],
    cancel: 'omp-11-cancelled',
  },
  {
    kind: 'OMP-02',
    name: 'omp-02',
    service: ['20260409230000', '20260410040059'],
    event: ['HOT9', '108010001'],
    later: ['omp-02-changed'],
    cancel: 'omp-02-cancelled',
  },
  {
    kind: 'OMP-12',
    name: 'omp-12',
    service: ['20260409230521', '20260410040543'],
    event: ['HOT9', '107750602'],
    later: ['omp-12-changed'],
    cancel: 'omp-12-cancelled',
  },
  {
    kind: 'OML-01',
    name: 'oml-01',
    service: ['20260401013000', '20260401013059'],
    event: ['JC10', '3A010000002327101'],
    later: ['oml-01-changed'],
    cancel: 'oml-01-cancelled',
  },
  {
    kind: 'OML-11',
    name: 'oml-11-results',
    service: ['20260402013000', '20260402013059'],
    event: ['JC10', '3B035000002327201'],
    later: ['oml-11-results-corrected'],
    cancel: 'oml-11-results-deleted',
  },
  {
    kind: 'OMG-01',
    name: 'omg-01',
    service: ['20260401003000', '20260401003000'],
    event: ['JJ1017', '1000000000000000'],
    later: ['omg-01-changed'],
    cancel: 'omg-01-cancelled',
  },
  {
    kind: 'OMG-11',
    name: 'omg-11',
    service: ['20260401015000', '20260401015500'],
    event: ['JJ1017', '10000002000102000000010000000000'],
    later: ['omg-11-changed'],
    cancel: 'omg-11-cancelled',
  },
  {
    kind: 'OMG-02',
    name: 'omg-02',
    service: ['20260402035210', '20260402035210'],
    later: [],
    cancel: 'omg-02-cancelled',
  },
  {
    kind: 'OMG-12',
    name: 'omg-12',
    service: ['20260402054500', '20260402060112'],
    later: ['omg-12-changed'],
    cancel: 'omg-12-cancelled',
  },
  {
    kind: 'OMG-03',
    name: 'omg-03',
    service: ['20260402011500', '20260402011559'],
    event: ['JC10', '9A110'],
    typeCode: '11524-6',
    later: [],
    cancel: 'omg-03-cancelled',
  },
  {
    kind: 'OMG-13',
    name: 'omg-13',
    service: ['20260402021000', '20260402021059'],
    event: ['JC10', '9A110'],
    typeCode: '11524-6',
    later: ['omg-13-corrected'],
    cancel: 'omg-13-cancelled',
  },
  {
    kind: 'VITAL',
    name: 'vital',
    service: ['20260410230000', '20260410230059'],
    event: ['JC10', '9P300000000000001'],
    later: ['vital-corrected'],
    cancel: 'vital-cancelled',
  },
  {
    kind: 'REPORT',
    name: 'report',
    service: ['20260401015000', '20260401015000'],
    later: ['report-corrected'],
    cancel: 'report-cancelled',
  },
]

function coded(name: string, code: Pick<Code, 'code' | 'scheme'>) {
  return { name: `$XDSDocumentEntry${name}`, values: listed([codeKey(code)]) }
}

/** All that a reader can ask of the metadata at once; the bounds of times are the least that still finds them. */
function slotsFor({ kind, service, event, typeCode }: Pushed) {
  const row = kindOf(kind)
  const system = codeSystems.find(({ name }) => name === event?.[0])
  const [start, stop] = service
  return [
    coded('ClassCode', row.classCode),
    coded('TypeCode', typeCode === undefined ? row.typeCode : codeOf('typeCode', typeCode)),
    coded('FormatCode', row.formatCode),
    ...(event === undefined || system === undefined
      ? []
      : [coded('EventCodeList', { code: event[1], scheme: system.scheme })]),
    { name: '$XDSDocumentEntryServiceStartTimeFrom', values: quoted(start) },
    { name: '$XDSDocumentEntryServiceStartTimeTo', values: quoted(secondAfter(start)) },
    { name: '$XDSDocumentEntryServiceStopTimeFrom', values: quoted(stop) },
    { name: '$XDSDocumentEntryServiceStopTimeTo', values: quoted(secondAfter(stop)) },
  ]
}

function secondAfter(time: string): string {
  const [year, month, day, hour, minute, second] = (time.match(/^\d{4}|\d{2}/g) ?? []).map(Number)
  const at = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second) + 1000
  return new Date(at).toISOString().replaceAll(/\D/g, '').slice(0, 14)
}

async function ofKind(kind: KindName, status: string) {
  const slots = [coded('FormatCode', kindOf(kind).formatCode)]
  const found = await network.find('hospital-a', taro, { status: [status], slots })
  return found.filter(({ entryUUID }) => !present.has(entryUUID))
}

for (const pushed of PUSHED) {
  t.test(`${pushed.kind}: found, fetched, corrected, cancelled`, async (t) => {
    await push(t, pushed.name)
    const [entry, ...others] = await network.find('hospital-a', taro, { slots: slotsFor(pushed) })
    t.same(others, [])
    if (entry === undefined) return void t.fail(`${pushed.name} is not found`)
    const { documents } = await network.fetch('hospital-a', [entry.uniqueId])
    t.ok(documents[0]?.bytes.equals(bytesOf(pushed.name)), 'comes back as it was sent')
    let current = entry.entryUUID
    for (const later of pushed.later) {
      await push(t, later)
      const [latest, ...besides] = await ofKind(pushed.kind, STATUS_APPROVED)
      t.same(besides, [], 'one is current')
      const chain = await related(current, RPLC)
      t.ok(
        chain.some(([source, target]) => source === latest?.entryUUID && target === current),
        'which replaces it',
      )
      current = latest?.entryUUID ?? ''
    }
    await push(t, pushed.cancel)
    t.same(await ofKind(pushed.kind, STATUS_APPROVED), [])
    t.equal((await ofKind(pushed.kind, STATUS_DEPRECATED)).length, pushed.later.length + 1, 'nothing is lost')
  })
}

t.test('a report names the order it is about, an examination its study (ITI TF-3 4.2.3.2.28)', async (t) => {
  await push(t, 'report')
  const reports = await ofKind('REPORT', STATUS_DEPRECATED)
  t.ok(reports.some(({ referenceIdList }) => referenceIdList.some((id) => id.startsWith('000000000726100^'))))
  const [done] = await ofKind('OMG-11', STATUS_DEPRECATED)
  t.ok(
    done?.referenceIdList.includes('2.25.302612061938264412301221213334521^^^^urn:ihe:iti:xds:2016:studyInstanceUID'),
  )
  t.ok(done?.referenceIdList.includes('A202604010001^^^^urn:ihe:iti:xds:2013:accession'))
})

t.test('doses of a day sent piecewise stand side by side, those of the next day are another document', async (t) => {
  for (const name of ['omp-11-morning', 'omp-11-piecewise']) await push(t, name)
  t.equal((await ofKind('OMP-11', STATUS_APPROVED)).length, 2)
  await push(t, 'omp-11-next-day')
  t.equal((await ofKind('OMP-11', STATUS_APPROVED)).length, 3)
})

t.test(
  'a changed order takes its document of a former day back; two orders of a message are two documents',
  async (t) => {
    await push(t, 'omp-01-day-one')
    await push(t, 'omp-01-day-moved')
    const [moved, ...others] = await ofKind('OMP-01', STATUS_APPROVED)
    t.same(others, [])
    t.equal(moved?.title, '処方指示 2026-04-03')
    await push(t, 'omp-01-several-orders')
    t.equal((await ofKind('OMP-01', STATUS_APPROVED)).length, 3)
  },
)
