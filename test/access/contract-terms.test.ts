// Terms of the contract of use: start, end of term, extension, notice (idlink ).

import t from 'tap'
import {
  contractState,
  endFault,
  firstTermEnd,
  lastNoticeDay,
  startFault,
  termEnd,
} from '../../src/access/administration/contract-terms.ts'
import { dayAfter, isDay } from '../../src/access/administration/days.ts'

t.test('A-5: the first term ends on 31 March, of the next year for a start in April or later', async (t) => {
  const terms = [
    ['2024-04-01', '2025-03-31'],
    ['2024-12-31', '2025-03-31'],
    ['2025-01-01', '2025-03-31'],
    ['2025-01-10', '2025-03-31'],
    ['2025-03-31', '2025-03-31'],
    ['2025-04-01', '2026-03-31'],
  ] as const
  for (const [startsOn, end] of terms) t.equal(firstTermEnd(startsOn), end, startsOn)
})

t.test('A-5: a contract goes on by a year at a time, until the day on which it was ended', async (t) => {
  const contract = { startsOn: '2024-04-21' }
  t.equal(termEnd(contract, '2024-03-01'), '2025-03-31', 'before it starts: its first term')
  t.equal(termEnd(contract, '2025-03-31'), '2025-03-31')
  t.equal(termEnd(contract, '2025-04-01'), '2026-03-31')
  t.equal(termEnd(contract, '2030-02-01'), '2030-03-31')
  t.equal(termEnd({ ...contract, endsOn: '2025-10-31' }, '2025-06-01'), '2025-10-31')
  t.equal(termEnd({ ...contract, endsOn: '2027-10-31' }, '2025-06-01'), '2026-03-31', 'it goes on before that')
  t.equal(lastNoticeDay('2025-03-31'), '2025-03-01')
  t.equal(lastNoticeDay('2024-03-31'), '2024-03-01', 'the same in a leap year')
})

t.test('A-4: use starts at most 90 days after the application, and not before it', async (t) => {
  const appliedOn = '2026-01-01'
  t.equal(startFault({ appliedOn, startsOn: '2026-04-01' }), undefined, 'day 90')
  t.strictSame(startFault({ appliedOn, startsOn: '2026-04-02' }), { fault: 'starts too late', latest: '2026-04-01' })
  t.equal(startFault({ appliedOn, startsOn: appliedOn }), undefined)
  t.strictSame(startFault({ appliedOn, startsOn: '2025-12-31' }), { fault: 'starts before the application' })
  t.strictSame(startFault({ appliedOn, startsOn: '2026-02-30' }), { fault: 'no such day', day: '2026-02-30' })
})

t.test('A-5: a contract ends 30 days after notice at the earliest', async (t) => {
  const given = { startsOn: '2025-04-01', noticeOn: '2026-03-01' }
  t.equal(endFault({ ...given, endsOn: '2026-03-31' }), undefined)
  t.strictSame(endFault({ ...given, endsOn: '2026-03-30' }), { fault: 'notice too short', earliest: '2026-03-31' })
  t.strictSame(endFault({ ...given, endsOn: '2025-03-31' }), { fault: 'ends before it starts' })
  t.strictSame(endFault({ ...given, endsOn: 'tomorrow' }), { fault: 'no such day', day: 'tomorrow' })
})

t.test('A-1: a contract is in the future, running or ended, by the day', async (t) => {
  const contract = { startsOn: '2026-04-01', endsOn: '2026-09-30' }
  t.equal(contractState(contract, '2026-03-31'), 'future')
  t.equal(contractState(contract, '2026-04-01'), 'running')
  t.equal(contractState(contract, '2026-09-30'), 'running', 'the last day is one of use')
  t.equal(contractState(contract, '2026-10-01'), 'ended')
})

t.test('days are days of the calendar', async (t) => {
  t.equal(dayAfter('2024-02-28', 1), '2024-02-29')
  t.equal(dayAfter('2026-01-01', -1), '2025-12-31')
  for (const text of ['2026-02-29', '2026-13-01', '2026-1-1', '20260101', '2026-00-10']) t.notOk(isDay(text), text)
  t.ok(isDay('2024-02-29'))
})
