// The metrics of a running server: all that rules and dashboard name, in bounded labels, and whatever is away takes nothing else with it (docs/operations).

import t from 'tap'
import { expressions, listedMetrics } from '../operations/files.ts'
import { readPromql } from '../operations/promql.ts'
import { type Scenario, startScenario } from './harness.ts'

t.setTimeout(120_000)

const OURS = /^(tsunagi_|client_certificate_|certificate_)/
const PERSONAL = /00000123|127\.0\.0\.1|::1|架空|\^\^\^/
const LONGEST_LABEL = 100
/** Prometheus puts these to what it fetches; `le` is of histograms. */
const ADDED = ['instance', 'job', 'le']

interface Scrape {
  /** Meaning by name. */
  readonly help: ReadonlyMap<string, string>
  readonly samples: readonly {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

async function scrape({ server }: Scenario): Promise<Scrape> {
  const text = await (await fetch(`http://127.0.0.1:${server.managementPort}/metrics`)).text()
  const help = new Map([...text.matchAll(/^# HELP (\w+) (.*)$/gm)].map(([, name = '', words = '']) => [name, words]))
  const samples = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', inner = '', value]) => ({
    name,
    labels: Object.fromEntries(
      [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', set = '']) => [label, set]),
    ),
    value: Number(value),
  }))
  return { help, samples }
}

function toldOf({ samples }: Scrape, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const wanted = Object.entries(labels)
  return samples.find((one) => one.name === name && wanted.every(([label, value]) => one.labels[label] === value))
    ?.value
}

const baseName = (metric: string): string => metric.replace(/_(bucket|count|sum)$/, '')

t.test('metrics of a server that was at work', async (t) => {
  const scenario = await startScenario(t, { isLoadedHere: true })
  const { pool } = scenario
  const soap = { type: 'application/soap+xml', body: Buffer.from('<x/>') }
  await scenario.httpsPost('nobody', '/xds/registry', soap)
  await scenario.httpsPost('clinic-b', '/nowhere', soap)
  await scenario.httpsPost('clinic-b', '/xds/registry', soap)
  const first = await scrape(scenario)

  await t.test('every metric is listed, with its meaning and its labels, and every listed one is there', async (t) => {
    const listed = listedMetrics()
    for (const [name, meaning] of first.help)
      if (OURS.test(name)) t.equal(listed.get(name)?.meaning, meaning, `${name} in metrics.md`)
    for (const name of listed.keys()) t.ok(first.help.has(name), `${name} of metrics.md is told`)
    const told = new Map(first.samples.map(({ name, labels }) => [name, Object.keys(labels)]))
    for (const [name, labels] of told)
      if (OURS.test(name))
        t.same(
          labels.filter((label) => label !== 'le'),
          listed.get(baseName(name))?.labels,
          `labels of ${name}`,
        )
  })

  await t.test('every metric and label that rules and dashboard name is told by a server', async (t) => {
    const listed = listedMetrics()
    for (const { at, expr } of expressions())
      for (const { metric, labels } of readPromql(expr)) {
        if (metric === 'up') continue
        t.ok(first.help.has(baseName(metric)), `${at}: ${metric}`)
        for (const label of labels)
          t.ok([...ADDED, ...expressionLabels(expr, listed)].includes(label), `${at}: label ${label} of ${metric}`)
      }
  })

  await t.test('all groups could be read, and what happened is counted', async (t) => {
    for (const { name, labels, value } of first.samples)
      if (name === 'tsunagi_metrics_readable') t.equal(value, 1, String(labels.group))
    t.ok(Number(toldOf(first, 'tsunagi_exchanges_total', { transaction: 'ITI-44 add', result: 'success' })) > 0)
    t.equal(toldOf(first, 'tsunagi_exchanges_total', { transaction: 'unknown', code: 'NO_ENDPOINT' }), 1)
    t.equal(toldOf(first, 'tsunagi_door_refused_total', { door: 'https', reason: 'certificate' }), 1)
    t.ok(Number(toldOf(first, 'tsunagi_door_connections_total', { door: 'mllp/storeclient' })) > 0)
    t.equal(toldOf(first, 'tsunagi_partitions_misplaced', { table: 'audit.event' }), 0)
    t.ok(Number(toldOf(first, 'tsunagi_partitions_ahead_seconds', { table: 'journal.exchange' })) > 86_400)
    t.ok(Number(toldOf(first, 'tsunagi_disk_free_bytes', { place: 'documents' })) > 0)
    t.ok(Number(toldOf(first, 'tsunagi_database_size_bytes')) > 1_000_000)
  })

  await t.test('no label names a patient or an address', async (t) => {
    const values = new Set(first.samples.flatMap(({ labels }) => Object.values(labels)))
    t.ok(values.size > 50)
    t.same(
      [...values].filter((value) => PERSONAL.test(value) || value.length > LONGEST_LABEL),
      [],
    )
  })

  await t.test('what goes wrong with the chain and the partitions is told', async (t) => {
    await pool.query(
      `insert into audit.verification (chain, seq, hash, verified_at, failure) values ('test', 1, '', now() - interval '3 days', 'changed')`,
    )
    await pool.query(
      `insert into journal.exchange (exchange_id, at, door, endpoint, transaction, peer, patients, result, error_codes, errors, duration_ms, request_bytes)
       values (gen_random_uuid(), '2001-01-01', 'https', '', '', '', '{}', 'success', '{}', '[]', 1, 1)`,
    )
    const after = await scrape(scenario)
    t.equal(toldOf(after, 'tsunagi_audit_chains_broken'), 1)
    t.ok(Number(toldOf(after, 'tsunagi_audit_verification_age_seconds')) >= 3 * 86_400)
    t.equal(toldOf(after, 'tsunagi_partitions_misplaced', { table: 'journal.exchange' }), 1)
  })

  await t.test('a table that is locked has no value, and all others come in time', async (t) => {
    const client = await pool.connect()
    await client.query('begin; lock table audit.unsealed')
    const locked = await scrape(scenario)
    await client.query('rollback')
    client.release()
    t.equal(toldOf(locked, 'tsunagi_metrics_readable', { group: 'sealing' }), 0)
    t.equal(toldOf(locked, 'tsunagi_audit_unsealed_events'), undefined)
    t.equal(toldOf(locked, 'tsunagi_metrics_readable', { group: 'jobs' }), 1)
    t.ok(Number(toldOf(locked, 'tsunagi_database_size_bytes')) > 1_000_000)
  })
})

/** Of every metric that an expression names: what it groups by may be of any of them. */
function expressionLabels(expr: string, listed: ReturnType<typeof listedMetrics>): readonly string[] {
  return readPromql(expr).flatMap(({ metric }) => listed.get(baseName(metric))?.labels ?? [])
}
