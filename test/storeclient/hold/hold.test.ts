// What the actor keeps of a refused message, what a contract refuses, and how withheld messages are filed (storeclient F.4, F.5, G, H 9 and 12).

import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { NO_EVIDENCE, type Outcome } from '../../../src/model/evidence.ts'
import type { StoreClientAnswer } from '../../../src/storeclient/accept.ts'
import { changedContract, sameContract, unknownKinds } from '../../../src/storeclient/contract/contract.ts'
import {
  type OpenedMessage,
  type ReleasePorts,
  type Settlement,
  WithheldEnded,
  type WithheldMessage,
} from '../../../src/storeclient/hold/hold-ports.ts'
import { releaseMessage, releaseNumber } from '../../../src/storeclient/hold/hold-release.ts'
import { adt00, caller, codeOf, memory, msh, oml11, send } from '../memory.ts'

const UNLINKED = 'PID|0001||0000099999^^^^PI||架空^太郎^^^^^L^I~カクウ^タロウ^^^^^L^P||19580412|M'
const STRANGER = 'PID|0001||0000012345^^^^PI||別人^三郎^^^^^L^I~ベツジン^サブロウ^^^^^L^P||19330303|M'

t.test('checked in the order facility, kind, link, consent, identity (F.4)', async (t) => {
  const at = memory()
  at.facility = { ...at.facility, kinds: ['ADT-00'], unlinked: 'hold' }
  const foreign = { msh: msh('OUL^R22^OUL_R22', {}).replace('1399100015', '1399100099') }
  t.equal(codeOf(await send(oml11({ ...foreign, pid: UNLINKED }), at)), 'HL7_FACILITY')
  t.equal(codeOf(await send(oml11({ pid: UNLINKED }), at)), 'HL7_KIND', 'before the link is asked for')
  at.facility = { ...at.facility, kinds: 'all', unlinked: 'refuse' }
  t.equal(codeOf(await send(oml11({ pid: UNLINKED }), at)), 'HL7_PATIENT_NOT_LINKED')
  at.patient = at.patient && { ...at.patient, consent: false }
  t.equal(codeOf(await send(oml11({ pid: STRANGER }), at)), 'HL7_CONSENT', 'before the identity is compared')
  t.same(at.withheld, [], 'nothing is kept of either')
})

t.test('a contract to hold keeps what is sound and unlinked, never what lacks consent (F.4)', async (t) => {
  const at = memory()
  at.facility = { ...at.facility, unlinked: 'hold' }
  const held = await send(oml11({ pid: UNLINKED, controlId: 'H1' }), at)
  t.equal(codeOf(held), 'HL7_PATIENT_HELD')
  t.match(held, { recorded: true, result: 'failure', evidence: { patients: [] } })
  t.equal(held.errors.length, 1, 'no warning that quotes the message')
  t.match(at.withheld, [
    {
      reason: 'unlinked',
      number: '0000099999',
      kind: 'OML-11',
      controlId: 'H1',
      sentAt: /^2026/,
      context: { charset: 'UTF-8' },
    },
  ])
  at.patient = at.patient && { ...at.patient, consent: false }
  t.equal(codeOf(await send(oml11({ controlId: 'H2' }), at)), 'HL7_CONSENT')
  t.equal(codeOf(await send(oml11({ pid: UNLINKED, order: '', controlId: 'H3' }), at)), 'HL7_ORDER_NUMBER')
  at.room = false
  const full = await send(oml11({ pid: UNLINKED, controlId: 'H4' }), at)
  t.equal(codeOf(full), 'HL7_PATIENT_NOT_LINKED')
  t.match(full.errors[0]?.rule, /not kept/)
  t.equal(at.withheld.length, 1)
})

t.test('an identity conflict is kept whatever the contract says, and may be confirmed (F.5, quarantine)', async (t) => {
  const at = memory()
  const refused = await send(oml11({ pid: STRANGER }), at)
  t.equal(codeOf(refused), 'HL7_IDENTITY')
  t.match(refused.errors[0]?.rule, /in quarantine as number 1, until 2026-05-31 09:00 JST/)
  t.match(at.withheld, [{ reason: 'identity' }])
  const quoted = oml11({ pid: STRANGER, controlId: 'Q2' }).replace(
    /\rOBX\|1\|[^\r]*/,
    '\rOBX|1|NM|A^B^99O03||SECRET||||||F',
  )
  const sealed = await send(quoted, at)
  t.equal(sealed.errors.length, 1, 'the journal of one person does not quote what is said of another')
  t.notMatch(JSON.stringify(sealed.errors), 'SECRET')
})

t.test('a quota refuses new bytes, not what is stored already nor what takes back (H 12)', async (t) => {
  const at = memory()
  t.equal(codeOf(await send(oml11({ controlId: 'Q1' }), at)), 'accepted')
  at.facility = { ...at.facility, quotaBytes: 1000 }
  at.storedBytes = 1000
  t.equal(codeOf(await send(oml11({ controlId: 'Q2', time: '20260402090000', order: '500002' }), at)), 'HL7_QUOTA')
  t.equal(codeOf(await send(oml11({ controlId: 'Q3' }), at)), 'accepted', 'the same content again')
  t.equal(codeOf(await send(oml11({ controlId: 'Q4', control: 'CA', time: '20260402090000' }), at)), 'accepted')
  at.storedBytes = 0
  t.equal(codeOf(await send(adt00({ controlId: 'Q5' }), at)), 'accepted')
})

t.test('a contract changes by the terms that are named', async (t) => {
  const former = { kinds: ['OML-11'], unlinked: 'hold', shrinkGuard: 'keep-parts', quotaBytes: 5 } as const
  t.same(changedContract(former, { kinds: 'all' }), { ...former, kinds: 'all' })
  t.same(changedContract(former, { kinds: ['VITAL', 'ADT-00', 'VITAL'] }).kinds, ['ADT-00', 'VITAL'])
  t.notOk('quotaBytes' in changedContract(former, { quotaBytes: null }))
  t.ok(sameContract(former, changedContract(former, {})))
  t.same(unknownKinds({ kinds: ['OML-11', 'OML-99'] }), ['OML-99'])
})

const MESSAGE: WithheldMessage = {
  withheldId: '1',
  reason: 'unlinked',
  state: 'waiting',
  facilityId: 'facility-a',
  systemId: 'hospital-a',
  number: '0000012345',
  kind: 'OML-11',
  controlId: 'H1',
  sentAt: '20260401090000000',
  sizeBytes: 3,
  sha256: '',
  exchangeId: '',
  receivedAt: '',
  expiresAt: '',
  attempts: 0,
}

function refusal(code: string): Outcome<StoreClientAnswer> {
  const error = iheError(code)
  return {
    answer: { kind: 'refused', error, warnings: [] },
    result: 'failure',
    errors: [error],
    evidence: NO_EVIDENCE,
    recorded: false,
  }
}

/** Ports whose pipeline answers as told; without an end there is always a next message. */
function releasing(outcome: () => Outcome<StoreClientAnswer>) {
  const settled: Settlement[] = []
  let filed = 0
  const opened: OpenedMessage = {
    ...MESSAGE,
    bytes: Buffer.from('MSH'),
    context: { charset: 'UTF-8' },
    fileKey: undefined,
  }
  const ports: ReleasePorts = {
    withheld: {
      list: async () => [],
      find: async () => MESSAGE,
      next: async () => MESSAGE,
      open: async () => opened,
      drop: async () => 'changed',
      decide: async () => 'changed',
      settle: async (_, settlement) => {
        settled.push(settlement)
      },
      discardFile: async () => {},
    },
    systemOf: async () => caller,
    exchangeOf: () => caller.exchange,
    file: async () => {
      filed += 1
      return outcome()
    },
    alarm: () => {},
  }
  return { ports, settled, filed: () => filed }
}

const release = { withheldId: '1', identity: 'checked' } as const

t.test('what becomes of a message that is refused when it is released', async (t) => {
  const becomes = [
    ['HL7_CONSENT', 'dropped'],
    ['HL7_IDENTITY', 'quarantine'],
    ['HL7_PATIENT_NOT_LINKED', 'later'],
    ['HL7_QUOTA', 'later'],
    ['FACILITY_SUSPENDED', 'later'],
    ['BUSY', 'later'],
    ['HL7_KIND', 'stuck'],
    ['HL7_DUPLICATE_ID', 'stuck'],
  ] as const
  for (const [code, state] of becomes) {
    const { ports, settled } = releasing(() => refusal(code))
    t.match(await releaseMessage(release, ports), { kind: 'refused', state }, code)
    t.match(settled, [{ state }])
  }
})

t.test('what was accepted before ends; what was dropped meanwhile is not filed', async (t) => {
  const replayed: Outcome<StoreClientAnswer> = {
    answer: { kind: 'accepted', warnings: [], replayed: true },
    result: 'success',
    errors: [],
    evidence: NO_EVIDENCE,
    recorded: false,
  }
  const again = releasing(() => replayed)
  t.match(await releaseMessage(release, again.ports), { kind: 'filed' })
  t.match(again.settled, [{ state: 'released' }])
  const gone = releasing(() => {
    throw new WithheldEnded()
  })
  t.same(await releaseMessage(release, gone.ports), { kind: 'gone' })
  const broken = releasing(() => {
    throw new Error('ours')
  })
  await t.rejects(releaseMessage(release, broken.ports), /ours/)
  t.match(broken.settled, [{ state: 'later', code: 'INTERNAL' }])
})

t.test(
  'a number with very many messages gives way to others after a turn, and one that cannot go on stops',
  async (t) => {
    const endless = releasing(() => refusal('HL7_KIND'))
    await releaseNumber({ facilityId: 'facility-a', number: '1' }, endless.ports, new AbortController().signal)
    t.equal(endless.filed(), 200)
    const busy = releasing(() => refusal('BUSY'))
    await releaseNumber({ facilityId: 'facility-a', number: '1' }, busy.ports, new AbortController().signal)
    t.equal(busy.filed(), 1)
    const suspended = releasing(() => refusal('BUSY'))
    const none = { ...suspended.ports, systemOf: async () => undefined }
    await releaseNumber({ facilityId: 'facility-a', number: '1' }, none, new AbortController().signal)
    t.equal(suspended.filed(), 0)
  },
)
