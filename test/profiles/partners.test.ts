// Partner records: checked, dated, of a system before its facility; the site's files (design §5).

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { checkPartner, DEFAULT_READING, type PartnerRecord, readingsOf } from '../../profiles/partners/index.ts'
import { ConfigError } from '../../src/config/error.ts'
import { loadPartners } from '../../src/config/site-data.ts'

const record = (more: Partial<PartnerRecord> = {}): PartnerRecord => ({
  id: 'one',
  system: 's1',
  since: '2026-04-01',
  reason: 'an old gateway',
  reading: { batch: 'accepted' },
  ...more,
})
const SENDER = { systemId: 's1', facilityId: 'f1' }
const noon = (day: string) => new Date(`${day}T12:00:00+09:00`)

t.test('what is wrong is told with its key, its value and what would do', async (t) => {
  const { system: _, ...nobody } = record()
  const cases = [
    [nobody, /one of system and facility/],
    [{ ...record(), facility: 'f1' }, /one of system and facility/],
    [record({ since: '2026-13-01' }), /since: .*2026-13-01/],
    [record({ until: '2026-03-31' }), /until: 2026-03-31 lies before since/],
    [{ ...record(), reading: { batch: 'yes' } }, /reading\.batch: must be one of accepted, refused, not "yes"/],
    [{ ...record(), reading: { patience: 1 } }, /reading: patience is not known/],
    [{ ...record(), reading: {} }, /reading/],
    [{ ...record(), reason: '' }, /reason/],
    [[], /the file/],
  ] as const
  for (const [json, problem] of cases) {
    const checked = checkPartner(json)
    t.match('problems' in checked ? checked.problems.join('\n') : 'nothing', problem)
  }
  t.same(checkPartner(record()), { record: record() })
})

t.test('a record holds from its first day in Japan to its last', async (t) => {
  const of = readingsOf([record({ until: '2026-04-30' })])
  const batchAt = (moment: Date) => of(SENDER, moment).batch
  t.equal(batchAt(new Date('2026-03-31T23:59:59+09:00')), 'refused')
  t.equal(batchAt(new Date('2026-04-01T00:00:00+09:00')), 'accepted')
  t.equal(batchAt(new Date('2026-04-30T23:59:59+09:00')), 'accepted')
  t.equal(batchAt(noon('2026-05-01')), 'refused')
  t.equal(of({ systemId: 's2', facilityId: 'f1' }, noon('2026-04-10')), DEFAULT_READING)
})

t.test('the record of a system goes before that of its facility, a later one before an older one', async (t) => {
  const of = readingsOf([
    record({ id: 'system', reading: { charset: 'tolerant' } }),
    record({ id: 'newer', since: '2026-04-05', reading: { versions: ['2.4'] } }),
    record({ id: 'older', since: '2026-04-02', reading: { versions: ['2.3'], sequenceNumbers: 'on' } }),
    ...[{ ...record({ id: 'facility', since: '2026-04-09', reading: { charset: 'strict', batch: 'accepted' } }) }].map(
      ({ system: _, ...rest }) => ({ ...rest, facility: 'f1' }),
    ),
  ])
  t.same(of(SENDER, noon('2026-04-10')), {
    ...DEFAULT_READING,
    batch: 'accepted',
    versions: ['2.4'],
    sequenceNumbers: 'on',
  })
})

t.test('files of the site: one record each, all problems at once', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tsunagi-partners-'))
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }))
  t.same(loadPartners(dataDir), [], 'no directory is no agreement')
  mkdirSync(join(dataDir, 'config', 'partners'), { recursive: true })
  const write = (name: string, content: string) => writeFileSync(join(dataDir, 'config', 'partners', name), content)
  write('one.json', JSON.stringify(record()))
  write('notes.txt', 'not read')
  t.same(loadPartners(dataDir), [record()])
  write('two.json', JSON.stringify(record()))
  write('three.json', JSON.stringify(record({ id: 'three', since: 'yesterday' })))
  t.throws(() => loadPartners(dataDir), new ConfigError([]))
  try {
    loadPartners(dataDir)
  } catch (error) {
    t.match((error as Error).message, /three\.json: since/)
    t.match((error as Error).message, /two\.json: id: one is that of .*one\.json too/)
  }
  write('three.json', '{')
  t.throws(() => loadPartners(dataDir), /three\.json: is not JSON/)
})
