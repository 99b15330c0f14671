// Neighbouring communities (XCA).

import { integer, type Setting } from '../setting.ts'

export const gatewaySettings = {
  'gateway.queryBudgetMs': integer(
    {
      default: 25_000,
      description:
        'Time that a query may wait for neighbouring communities, milliseconds; what has not answered by then is named as unavailable. Each community has its own limit besides',
    },
    100,
    600_000,
  ),
} as const satisfies Readonly<Record<string, Setting>>
