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
        'Days for which a patient id that a neighbouring community was told by discovery (ITI-55), in our answer or our question, opens what a linked number of its opens; consent and agreement are looked at each time besides',
    },
    1,
    3650,
  ),
  'gateway.discoveredMinutes': integer(
    {
      default: 1440,
      description:
        'How long an id that a neighbouring community told of a patient (XCPD, ITI-55) is used when it does not say for how long, minutes',
    },
    15,
    129_600,
  ),
  'gateway.unknownPatientMinutes': integer(
    {
      default: 60,
      description:
        'How long a neighbouring community is not asked again about a patient whom it does not know or could not tell apart (XCPD, ITI-55), minutes',
    },
    1,
    10_080,
  ),
} as const satisfies Readonly<Record<string, Setting>>
