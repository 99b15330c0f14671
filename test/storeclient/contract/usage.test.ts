// The storage fee by the examples of the contract (idlink 13 F-1, F-4), and the warnings before a step (F-6).

import t from 'tap'
import { fees, readFees } from '../../../profiles/storeclient/fees.ts'
import { monthOf, type StorageFigures, storageFee, usageOf } from '../../../src/storeclient/contract/usage.ts'

const GB = 1_000_000_000
const [rule] = fees.storage
if (rule === undefined) throw new Error('no rule')

function figures(given: Partial<StorageFigures>): StorageFigures {
  return {
    facilityId: 'pharmacy-c',
    name: '薬局',
    kind: 'store-client',
    month: '2026-05',
    bytes: 0,
    documents: 1,
    isFixed: false,
    withheldBytes: 0,
    ...given,
  }
}

t.test('5 GB are free, each 5 GB begun after that cost 2,980 yen a month (F-1)', async (t) => {
  const cases = [
    [0, 0],
    [5, 0],
    [5.000000001, 2980],
    [5.1, 2980],
    [10, 2980],
    [10.1, 5960],
    [15.1, 8940],
  ] as const
  for (const [gigabytes, yen] of cases)
    t.equal(storageFee(gigabytes * GB, 'store-client', rule), yen, `${gigabytes} GB`)
  t.equal(storageFee(100 * GB, 'manual', rule), 56_620)
  t.equal(storageFee(100 * GB, 'gateway', rule), 0, 'included')
})

t.test('passed on 21 April, fixed at the end of April, charged from May (F-4)', async (t) => {
  const april = usageOf(figures({ month: '2026-04', bytes: 5.1 * GB, formerBytes: 4.9 * GB }), fees)
  t.same([april.feeYen, april.nextFeeYen], [0, 2980])
  t.same(april.warnings, ['step-begun'])
  const may = usageOf(figures({ bytes: 5.2 * GB, formerBytes: 5.1 * GB }), fees)
  t.same([may.feeYen, may.nextFeeYen, may.steps], [2980, 2980, 1])
  const fallen = usageOf(figures({ bytes: 1 * GB, formerBytes: 5.1 * GB }), fees)
  t.same([fallen.feeYen, fallen.nextFeeYen], [2980, 0], 'what was erased is not charged the month after')
})

t.test('warned at 80 % of the step and of the quota, and when they are full (F-6)', async (t) => {
  const warnings = (given: Partial<StorageFigures>) => usageOf(figures({ formerBytes: 0, ...given }), fees).warnings
  t.same(warnings({ bytes: 3.9 * GB }), [])
  t.same(warnings({ bytes: 4 * GB }), ['step-nearly-full'])
  t.same(warnings({ bytes: 6 * GB, formerBytes: 6 * GB }), [])
  t.same(warnings({ bytes: 9 * GB, formerBytes: 6 * GB }), ['step-nearly-full'])
  t.same(warnings({ bytes: 80, quotaBytes: 100 }), ['quota-nearly-full'])
  t.same(warnings({ bytes: 100, quotaBytes: 100 }), ['quota-full'])
  t.same(warnings({ bytes: 9 * GB, kind: 'gateway' }), [], 'who pays nothing is warned of nothing')
})

t.test('months are those of Japan', async (t) => {
  t.equal(monthOf(new Date('2026-04-30T14:59:59Z')), '2026-04')
  t.equal(monthOf(new Date('2026-04-30T15:00:00Z')), '2026-05')
})

t.test('a site’s table of fees is checked, and a later rule takes over from its month', async (t) => {
  const later = { ...rule, from: '2026-05', yenPerStep: 4000 }
  const read = readFees({ storage: [later, rule] })
  if ('problems' in read) throw new Error(read.problems.join())
  t.same(usageOf(figures({ bytes: 6 * GB, formerBytes: 6 * GB }), read.fees).feeYen, 2980, 'judged at the end of April')
  t.same(usageOf(figures({ bytes: 6 * GB, formerBytes: 6 * GB }), read.fees).nextFeeYen, 4000)
  t.match(readFees({ storage: [{ ...rule, yenPerStep: -1 }] }), { problems: ['/storage/0/yenPerStep must be >= 0'] })
  t.match(readFees({ storage: [] }), { problems: [String] })
})
