// Gauges that are read when the metrics are: one reading fills several, a late one is not waited for, and none breaks a scrape.

import { Gauge, type Registry } from 'prom-client'

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface GaugeText {
  readonly name: string
  readonly help: string
  /** Names of labels whose values are bounded: never of a person, a message or an address. */
  readonly labels?: readonly string[]
}

/** What is read together. A gauge that the answer leaves out has no value. */
export interface Reading<Key extends string> {
  /** Its name in tsunagi_metrics_readable. */
  readonly group: string
  readonly gauges: Readonly<Record<Key, GaugeText>>
  readonly read: () => Promise<Readonly<Partial<Record<Key, number | readonly Sample[]>>>>
}

export type Watch = <Key extends string>(reading: Reading<Key>) => void

/** Prometheus gives up after ten seconds; what does not depend on the late one has to arrive before. */
const READ_WITHIN_MS = 2500

/** @returns what adds a reading to the registry; `withinMs` is shorter in tests only. */
export function createWatch(registry: Registry, withinMs = READ_WITHIN_MS): Watch {
  const groups = new Map<string, () => Promise<unknown>>()
  new Gauge({
    name: 'tsunagi_metrics_readable',
    help: 'Whether the gauges of a group could be read in time: 1, or 0, when they have no value',
    labelNames: ['group'],
    registers: [registry],
    async collect() {
      const read = [...groups].map(async ([group, once]) => ({ group, isRead: (await once()) !== undefined }))
      for (const { group, isRead } of await Promise.all(read)) this.set({ group }, isRead ? 1 : 0)
    },
  })
  return (reading) => {
    const readOnce = shared(reading.read, withinMs)
    groups.set(reading.group, readOnce)
    for (const key of Object.keys(reading.gauges) as (keyof typeof reading.gauges)[])
      addGauge(registry, reading.gauges[key], async () => (await readOnce())?.[key])
  }
}

function addGauge(
  registry: Registry,
  { name, help, labels = [] }: GaugeText,
  value: () => Promise<number | readonly Sample[] | undefined>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const read = await value()
      // Resetting one without labels would make it 0.
      if (labels.length === 0) this.remove()
      else this.reset()
      if (typeof read === 'number') this.set(read)
      else for (const sample of read ?? []) this.set({ ...sample.labels }, sample.value)
    },
  })
}

/** All gauges of a group are collected in one turn of the event loop, and share the reading that the first of them begins. */
function shared<T>(read: () => Promise<T>, withinMs: number): () => Promise<T | undefined> {
  let reading: Promise<T | undefined> | undefined
  return () => {
    // Without a database the other metrics are needed most: those of the database have no value then.
    reading ??= read()
      .catch(() => undefined)
      .finally(() => {
        reading = undefined
      })
    return within(reading, withinMs)
  }
}

async function within<T>(reading: Promise<T | undefined>, withinMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, withinMs, undefined)
  })
  try {
    return await Promise.race([reading, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What is expensive to read is read again only after so long, and told again until then. */
export function atMostEvery<T>(ms: number, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly value: T; readonly atMs: number } | undefined
  return async () => {
    if (last !== undefined && performance.now() - last.atMs < ms) return last.value
    const value = await read()
    last = { value, atMs: performance.now() }
    return value
  }
}
