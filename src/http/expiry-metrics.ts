// Prometheus metrics of certificates: days until they end, so that an alarm can be set on them (security: a.4).

import type { Sample, Watch } from './metrics/gauges.ts'

export interface Ending {
  readonly kind: 'client' | 'server' | 'authority' | 'partner'
  readonly name: string
  readonly daysLeft: number
}

/** Of several certificates of one system, the one that ends first and that nothing replaces. */
export function watchExpiry(watch: Watch, read: () => Promise<readonly Ending[]>): void {
  watch({
    group: 'certificates',
    gauges: {
      clients: {
        name: 'client_certificate_expiry_days',
        help: 'Days until the client certificate of a system ends',
        labels: ['system'],
      },
      others: {
        name: 'certificate_expiry_days',
        help: 'Days until a certificate of the server, an authority or a partner ends',
        labels: ['kind', 'name'],
      },
    },
    read: async () => {
      // What ends first comes last, so that it is what is set.
      const ending = [...(await read())].sort((one, other) => other.daysLeft - one.daysLeft)
      const clients: Sample[] = []
      const others: Sample[] = []
      for (const { kind, name, daysLeft: value } of ending)
        if (kind === 'client') clients.push({ labels: { system: name }, value })
        else others.push({ labels: { kind, name }, value })
      return { clients, others }
    },
  })
}
