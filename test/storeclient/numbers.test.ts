// A document number (TXA-12) names one document of a facility and patient, whatever kind a message calls it and wherever it is filed.

import { createHash } from 'node:crypto'
import t from 'tap'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { accept } from '../../src/storeclient/accept.ts'
import type { Origin } from '../../src/storeclient/ports.ts'
import { caller, codeOf, type Memory, memory, msh, warningsOf } from './memory.ts'

interface Mdm {
  readonly trigger: string
  readonly controlId: string
  readonly time: string
  readonly type: string
  readonly obx?: string
  readonly origin?: Origin
}

const NOTE = { type: 'NOTE-COM^連絡^99STC', obx: 'OBX|1|FT|NOTE-COM^^99STC|1|連絡です||||||F' }

function push({ trigger, controlId, time, type, obx, origin }: Mdm, at: Memory) {
  const lines = [
    msh(`MDM^${trigger}`, { controlId, time }),
    `EVN|${trigger}|${time}`,
    'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I||19580412|M',
    'PV1|1|O',
    `TXA|1|${type}|AP|20260401||||||||N-1`,
    ...(obx === undefined ? [] : [obx]),
  ]
  const bytes = Buffer.from(`${lines.join('\r')}\r`)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return accept(
    { message: readEr7(bytes), bytes, sha256, ...(origin === undefined ? {} : { origin }) },
    caller,
    at.ports,
  )
}

t.test('a cancel that does not say what it cancels reaches a note by its number', async (t) => {
  const at = memory()
  t.equal(codeOf(await push({ trigger: 'T02', controlId: 'M1', time: '20260401090000', ...NOTE }, at)), 'accepted')
  t.match(at.writes[0]?.effects[0], { entry: { classCode: { code: 'NOTE' } } })
  const cancel = await push({ trigger: 'T11', controlId: 'M2', time: '20260401100000', type: '' }, at)
  t.same([codeOf(cancel), warningsOf(cancel)], ['accepted', []])
  t.equal(at.current.length, 0)
})

t.test('a note that becomes a document of the same number is replaced by it', async (t) => {
  const at = memory()
  await push({ trigger: 'T02', controlId: 'M1', time: '20260401090000', ...NOTE }, at)
  const former = at.current[0]?.entryUUID
  const obx = 'OBX|1|FT|11506-3^経過記録^LN|1|経過||||||F'
  await push({ trigger: 'T08', controlId: 'M2', time: '20260401100000', type: '11506-3^経過記録^LN', obx }, at)
  t.match(at.writes[1]?.effects[0], {
    kind: 'register',
    replaces: [former],
    entry: { classCode: { code: 'DOCUMENT' } },
  })
  t.equal(at.current.length, 1)
})

t.test('the day under which a storage files a document does not part it from the one that was pushed', async (t) => {
  const at = memory()
  await push({ trigger: 'T02', controlId: 'M1', time: '20260401090000', ...NOTE }, at)
  const origin = { careDate: '20260331' }
  await push(
    { trigger: 'T08', controlId: 'M2', time: '20260401100000', type: NOTE.type, obx: `${NOTE.obx}\rNTE|1||x`, origin },
    at,
  )
  t.equal(at.current.length, 1)
})
