// The administration without anything behind it: its routes can be registered, and none of them answers.

import type { AdminPorts } from '../../src/http/admin/ports.ts'

/** Registering the routes looks at a few ports only. */
export function noPorts(given: Partial<AdminPorts> = {}): AdminPorts {
  return new Proxy(given as Record<string | symbol, unknown>, {
    get: (ports, name) => ports[name] ?? {},
  }) as unknown as AdminPorts
}
