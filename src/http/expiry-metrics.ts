// Prometheus metrics of certificates: days until they end, so that an alarm can be set on them (security: a.4).

import { Gauge, type Registry } from 'prom-client'

export interface Ending {
  readonly kind: 'client' | 'server' | 'authority' | 'partner'
  readonly name: string
  readonly daysLeft: number
}

/** Of several certificates of one system, the one that ends first and that nothing replaces. */
export function watchExpiry(registry: Registry, read: () => Promise<readonly Ending[]>): void {
  const readOnce = shared(read)
  new Gauge({
    name: 'client_certificate_expiry_days',
    help: 'Days until the client certificate of a system ends',
    labelNames: ['system'],
    registers: [registry],
    async collect() {
      const ending = await readOnce()
      this.reset()
      for (const { kind, name, daysLeft } of ending) if (kind === 'client') this.set({ system: name }, daysLeft)
    },
  })
  new Gauge({
    name: 'certificate_expiry_days',
    help: 'Days until a certificate of the server, an authority or a partner ends',
    labelNames: ['kind', 'name'],
    registers: [registry],
    async collect() {
      const ending = await readOnce()
      this.reset()
      for (const { kind, name, daysLeft } of ending) if (kind !== 'client') this.set({ kind, name }, daysLeft)
    },
  })
}

/** Both gauges are collected at once and read once; what ends first comes last, so that it is what is set. */
function shared(read: () => Promise<readonly Ending[]>): () => Promise<readonly Ending[]> {
  let reading: Promise<readonly Ending[]> | undefined
  return () => {
    reading ??= read()
      // Without a database the other metrics are needed most: these have no value then.
      .catch(() => [])
      .then((ending) => [...ending].sort((one, other) => other.daysLeft - one.daysLeft))
      .finally(() => {
        reading = undefined
      })
    return reading
  }
}
