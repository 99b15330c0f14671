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
  'gateway.correlationDays': integer(
    {
      default: 30,
      description:
        'Days for which a patient id that a neighbouring community was told in answer to its discovery (ITI-55) opens what a linked number of its opens; consent and agreement are looked at each time besides',
    },
    1,
    3650,
  ),
} as const satisfies Readonly<Record<string, Setting>>
