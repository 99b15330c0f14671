// docs/operations: rules and dashboard are what Prometheus and Grafana take, and say what to do (docs/operations/README.md).

import t from 'tap'
import { parse } from 'yaml'
import { expressions, listedMetrics, type Panel, readDashboard, readRules, readText } from './files.ts'
import { readPromql } from './promql.ts'

/** Of Prometheus itself. */
const FOREIGN = ['up']

/** How Grafana writes the variable. */
const DATA_SOURCE = ['$', '{datasource}'].join('')

/** What each kind of series is called beside the histogram's own name. */
const baseName = (metric: string): string => metric.replace(/_(bucket|count|sum)$/, '')

t.test('every expression parses, and names listed metrics only', async (t) => {
  const listed = new Set([...listedMetrics().keys(), ...FOREIGN])
  t.ok(expressions().length > 60)
  const names = [...readText('metrics.md').matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)
  t.equal(names.length, listedMetrics().size, 'no metric is listed twice')
  for (const { at, expr } of expressions())
    for (const { metric } of readPromql(expr)) t.ok(listed.has(baseName(metric)), `${at}: ${metric} is in metrics.md`)
})

t.test('what is no PromQL is refused', async (t) => {
  for (const broken of [
    'sum by (a) (rate(x[5m])',
    'rate(x)',
    'rate(x[5])',
    'x{a="b"',
    'x{a=~"("}',
    'x[5m]',
    'sum(x[5m])',
    'x > ',
    'x y',
    'nonsense(x)',
    'histogram_quantile(rate(x[5m]))',
    'x{a:"b"}',
  ])
    t.throws(() => readPromql(broken), broken)
  t.same(readPromql('sum by (b) (rate(x{a="1"}[5m])) / 2 > 0.5 or y'), [
    { metric: 'x', labels: ['a', 'b'] },
    { metric: 'y', labels: [] },
  ])
})

t.test('every alert says in both languages what is wrong and what to do', async (t) => {
  const rules = readRules()
  t.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length, 'no name stands twice')
  for (const { alert, expr, for: lasting = '0s', labels, annotations } of rules) {
    t.match(alert, /^Tsunagi[A-Z]\w+$/)
    t.match(lasting, /^\d+[smhd]$/, alert)
    t.match(labels.severity, /^(warning|critical)$/, alert)
    t.same(Object.keys(annotations), ['summary', 'summary_ja', 'action', 'action_ja'], alert)
    for (const [name, text] of Object.entries(annotations)) {
      t.ok(text.length > 10, `${alert} ${name}`)
      t.equal(/[ぁ-んァ-ン一-龠]/.test(text), name.endsWith('_ja'), `${alert} ${name} is in its language`)
      for (const [, label = ''] of text.matchAll(/\{\{ \$labels\.(\w+) \}\}/g))
        t.ok(labelsLeft(expr).has(label), `${alert}: ${label} is left by its expression`)
    }
  }
})

/** Labels that the result of an expression may have: those it groups by, or all, when it groups nothing. */
function labelsLeft(expr: string): ReadonlySet<string> {
  const named = readPromql(expr)
  const kept = named.flatMap(({ labels }) => labels)
  if (/\b(sum|min|max)\b/.test(expr)) return new Set(kept)
  return new Set([
    'instance',
    'job',
    ...kept,
    ...named.flatMap(({ metric }) => listedMetrics().get(metric)?.labels ?? []),
  ])
}

t.test(
  'the dashboard can be imported anywhere: its data source is a variable, its panels do not overlap',
  async (t) => {
    const { panels, templating } = readDashboard()
    t.same(
      templating.list.map(({ name, type }) => `${name} ${type}`),
      ['datasource datasource', 'instance query'],
    )
    t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
    for (const panel of panels) {
      if (panel.type === 'row') continue
      t.equal(panel.datasource?.uid, DATA_SOURCE, panel.title)
      t.ok((panel.targets ?? []).length > 0, panel.title)
    }
    for (const [index, one] of panels.entries())
      for (const other of panels.slice(index + 1)) t.notOk(overlap(one, other), `${one.title} and ${other.title}`)
  },
)

function overlap({ gridPos: one }: Panel, { gridPos: other }: Panel): boolean {
  const across = one.x < other.x + other.w && other.x < one.x + one.w
  return across && one.y < other.y + other.h && other.y < one.y + one.h
}

t.test('the example of a configuration of Prometheus loads the rules', async (t) => {
  t.match(parse(readText('prometheus.yml')), {
    rule_files: ['alerts.yml'],
    scrape_configs: [{ job_name: 'tsunagi', metrics_path: '/metrics' }],
  })
})
