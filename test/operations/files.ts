// docs/operations as it stands there: rules of alerts, the dashboard, and the names of metrics in its page.

import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

const ROOT = new URL('../../docs/operations/', import.meta.url)

export function readText(name: string): string {
  return readFileSync(new URL(name, ROOT), 'utf8')
}

export interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: Readonly<Record<string, string>>
}

export function readRules(): readonly Rule[] {
  const { groups } = parse(readText('alerts.yml')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[]
  }
  return groups.flatMap(({ rules }) => rules)
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly datasource?: { readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

export interface Dashboard {
  readonly panels: readonly Panel[]
  readonly annotations: { readonly list: readonly { readonly expr?: string }[] }
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] }
}

export function readDashboard(): Dashboard {
  return JSON.parse(readText('tsunagi-dashboard.json')) as Dashboard
}

/** Every expression of rules and dashboard, with where it stands. */
export function expressions(): readonly { readonly at: string; readonly expr: string }[] {
  const { panels, annotations } = readDashboard()
  return [
    ...readRules().map(({ alert, expr }) => ({ at: `alert ${alert}`, expr })),
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ at: `panel ${title}`, expr }))),
    ...annotations.list.flatMap(({ expr }) => (expr === undefined ? [] : [{ at: 'annotation', expr }])),
  ]
}

export interface ListedMetric {
  readonly name: string
  readonly labels: readonly string[]
  readonly meaning: string
}

/** Rows of the tables in metrics.md, by name. */
export function listedMetrics(): ReadonlyMap<string, ListedMetric> {
  const rows = [...readText('metrics.md').matchAll(/^\| `(\w+)` \| (.*?) ?\| (.+) \|$/gm)]
  return new Map(
    rows.map(([, name = '', labels = '', meaning = '']) => [
      name,
      { name, labels: [...labels.matchAll(/`(\w+)`/g)].flatMap(([, label]) => label ?? []), meaning },
    ]),
  )
}
