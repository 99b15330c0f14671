// Which files of a patient are sent and in what order (SS-MIX2: condition flags 1 valid, 2 superseded, 0 deleted).

import t from 'tap'
import { parsePath } from '../../../src/storeclient/ssmix/path.ts'
import { planPatient, type StorageFile } from '../../../src/storeclient/ssmix/plan.ts'

interface Given {
  readonly kind?: string
  readonly order?: string
  readonly day?: string
  readonly department?: string
}

function file(time: string, flag: string, given: Given = {}): StorageFile {
  const { kind = 'OML-11', order = '000000000500001', day = '20240401', department = '01' } = given
  const path = `990/000/9900001/${day}/${kind}/9900001_${day}_${kind}_${order}_${time}_${department}_${flag}`
  const said = parsePath(path)
  if (typeof said === 'string') throw new Error(said)
  return { path, said }
}

const timesOf = (files: readonly StorageFile[]) => files.map(({ said }) => `${said.writtenAt} ${said.flag}`)

const T1 = '20240401150100000'
const T2 = '20240401170000000'
const T3 = '20240402083000000'

t.test('SS-MIX2: history comes before what superseded it, over all documents of the patient', async (t) => {
  const { send, left } = planPatient([
    file(T3, '1'),
    file(T1, '2'),
    file(T2, '2'),
    file('20240401160000000', '1', { kind: 'OMP-01' }),
  ])
  t.same(timesOf(send), [`${T1} 2`, '20240401160000000 1', `${T2} 2`, `${T3} 1`])
  t.same(left, [])
})

t.test('SS-MIX2: of two valid files the later one wins, because it is sent last', async (t) => {
  t.same(timesOf(planPatient([file(T2, '1'), file(T1, '1')]).send), [`${T1} 1`, `${T2} 1`])
})

t.test(
  'SS-MIX2: a version of the same moment that is superseded comes before the one that supersedes it',
  async (t) => {
    t.same(timesOf(planPatient([file(T1, '1'), file(T1, '2')]).send), [`${T1} 2`, `${T1} 1`])
  },
)

t.test('SS-MIX2: a deleted document is sent with all its versions, and what was filed after it last', async (t) => {
  t.same(timesOf(planPatient([file(T3, '1'), file(T2, '0'), file(T1, '0')]).send), [`${T1} 0`, `${T2} 0`, `${T3} 1`])
})

t.test('SS-MIX2: superseded files without the file that superseded them are left out', async (t) => {
  const { send, left } = planPatient([file(T1, '2'), file(T2, '2'), file(T1, '1', { order: '000000000500002' })])
  t.equal(send.length, 1)
  t.same(
    left.map(({ reason }) => reason),
    ['no-current', 'no-current'],
  )
})

t.test('SS-MIX2: a superseded file newer than the valid one is left out', async (t) => {
  const { send, left } = planPatient([file(T2, '2'), file(T1, '1')])
  t.same(timesOf(send), [`${T1} 1`])
  t.same(
    left.map(({ reason }) => reason),
    ['newer-history'],
  )
})

t.test('SS-MIX2 ADT-12: receptions of one day at two departments are two documents', async (t) => {
  const reception = { kind: 'ADT-12', order: '999999999999999' }
  const { left } = planPatient([
    file(T1, '1', { ...reception, department: '01' }),
    file(T2, '2', { ...reception, department: '08' }),
    file(T3, '1', { ...reception, department: '08' }),
  ])
  t.same(left, [])
})
