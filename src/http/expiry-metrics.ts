// Prometheus metrics of certificates: days until they end, so that an alarm can be set on them (security: a.4).

import { Gauge, type Registry } from 'prom-client'

export interface Ending {
  readonly kind: 'client' | 'server' | 'authority' | 'partner'
  readonly name: string
  readonly daysLeft: number
}

/** Of several certificates of one system, the one that ends first and that nothing replaces. */
export function watchExpiry(registry: Registry, read: () => Promise<readonly Ending[]>): void {
  const others = new Gauge({
    name: 'certificate_expiry_days',
    help: 'Days until a certificate of the server, an authority or a partner ends',
    labelNames: ['kind', 'name'],
    registers: [registry],
  })
  const clients = new Gauge({
    name: 'client_certificate_expiry_days',
    help: 'Days until the client certificate of a system ends',
    labelNames: ['system'],
    registers: [registry],
    async collect() {
      // Without a database the other metrics are needed most: these have no value then.
      const ending = await read().catch(() => [])
      clients.reset()
      others.reset()
      // The one that ends first is set last.
      for (const { kind, name, daysLeft } of [...ending].sort((one, other) => other.daysLeft - one.daysLeft)) {
        if (kind === 'client') clients.set({ system: name }, daysLeft)
        else others.set({ kind, name }, daysLeft)
      }
    },
  })
}
