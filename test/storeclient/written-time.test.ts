// Times that vendors write otherwise than HL7 does are read where they have one meaning (HL7 v2.5 2.A.21).

import t from 'tap'
import { readWrittenTime } from '../../src/storeclient/written-time.ts'

const READ: readonly (readonly [text: string, utc: string, unusual: boolean])[] = [
  ['20240501', '2024-04-30T15:00:00.000Z', false],
  ['20240501090000', '2024-05-01T00:00:00.000Z', false],
  ['2024/05/01', '2024-04-30T15:00:00.000Z', true],
  ['2024-05-01 09:00', '2024-05-01T00:00:00.000Z', true],
  ['2024/5/1 9:00:30', '2024-05-01T00:00:30.000Z', true],
  ['2024-05-01T09:00:00.123456+09:00', '2024-05-01T00:00:00.123Z', true],
  ['2024-05-01T00:00:00Z', '2024-05-01T00:00:00.000Z', true],
  ['2024年5月1日', '2024-04-30T15:00:00.000Z', true],
  ['S30.12.3', '1955-12-02T15:00:00.000Z', true],
  ['昭和30年12月3日', '1955-12-02T15:00:00.000Z', true],
  ['令和元年5月1日', '2019-04-30T15:00:00.000Z', true],
  ['Ｒ６．５．１', '2024-04-30T15:00:00.000Z', true],
]

const REFUSED = [
  '',
  '20240532',
  '2024/05/32',
  '2024-05-01 24:00',
  '令和元年4月30日',
  '昭和65年1月1日',
  'S30',
  '5/1/2024',
  '民国100年1月1日',
  '""',
  '20240501090000+9999',
  '20240501090000+0960',
  '20240501090000-1500',
]

t.test('forms with one meaning are read, the unusual ones marked as such', async (t) => {
  for (const [text, utc, unusual] of READ) {
    const time = readWrittenTime(text)
    t.same(
      { utc: new Date(time?.startMs ?? Number.NaN).toISOString(), unusual: time?.unusual, text: time?.text },
      { utc, unusual, text },
      text,
    )
  }
})

t.test('days that do not exist, hour 24 and dates outside their era are not', async (t) => {
  for (const text of REFUSED) t.equal(readWrittenTime(text), undefined, text)
})

t.test('a month and a year end where they were written (HL7 v2.5 2.A.21)', async (t) => {
  const last = (text: string) => new Date(readWrittenTime(text)?.stopMs ?? Number.NaN).toISOString()
  t.equal(last('202403'), '2024-03-31T14:59:59.000Z')
  t.equal(last('202403+1000'), '2024-03-31T13:59:59.000Z')
  t.equal(last('202412+1400'), '2024-12-31T09:59:59.000Z')
  t.equal(last('202402-0500'), '2024-03-01T04:59:59.000Z')
  t.equal(last('2024+1000'), '2024-12-31T13:59:59.000Z')
})
