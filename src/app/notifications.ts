// Composition root: update notifications to subscribers, from the outbox by the job queue (ITI TF-2 3.46, 3.10; docs/adr/0014).

import { iheError } from '../../profiles/errors/index.ts'
import { isCertificateFault, nodeAuthenticationFailure } from '../audit/event.ts'
import type { Config } from '../config/config.ts'
import { NOTIFY_TASK, type NotifyPair } from '../db/notification-job.ts'
import { createOutbox, sweepOutbox } from '../db/outbox.ts'
import { queueStates } from '../db/subscription-store.ts'
import { type DoorPorts, observe } from '../http/door.ts'
import type { Watch } from '../http/metrics/gauges.ts'
import { watchNotifications } from '../http/metrics.ts'
import { createNotificationSender } from '../http/notification-sender.ts'
import { type NotifyPorts, notify, type Sent } from '../identity/notify.ts'
import { parseOid } from '../model/identifiers.ts'
import { announcerRules, type Given, rowsOf } from './actor-ports.ts'
import type { Doors } from './doors.ts'
import type { Work } from './jobs.ts'

export interface NotificationsGiven {
  readonly doors: Pick<Doors, 'outgoingTo'>
  readonly ports: DoorPorts
  readonly watch: Watch
}

/** Sends what waits. */
export function notificationWork(given: Given, { doors, ports, watch }: NotificationsGiven): Work {
  const { config, log, pool } = given
  watchNotifications(watch, () => queueStates(pool))
  const sender = createNotificationSender({
    tlsTo: (facilityId) => () => doors.outgoingTo(facilityId),
    timeoutMs: config.notifications.timeoutMs,
    device: deviceOf(config),
    facility: config.identity.affinityDomainName,
    ports,
  })
  const notifyPorts: NotifyPorts = {
    ...createOutbox({
      pool,
      rules: announcerRules(config),
      rowsOf: (caller, outcome, reason) => {
        const { events, entries } = rowsOf(caller, outcome)
        if (!isCertificateFault(reason)) return { events, entries }
        return { events: [...events, nodeAuthenticationFailure(caller.exchange, reason)], entries }
      },
      errorOf: (notification, settlement) =>
        iheError(settlement.state === 'parked' ? 'NOTIFICATION_PARKED' : 'NOTIFICATION_UNDELIVERED', {
          value: notification.destination.endpoint,
          rule: `attempt ${notification.attempts}: ${settlement.state === 'sent' ? '' : settlement.reason}`,
        }),
    }),
    send: async (notification, signal) => {
      const sent = await sender.send(notification, signal)
      meter(ports, notification.system.systemId, sent)
      return sent
    },
    // Why stands in the list of those parked: the receiver's words may name the patient.
    alarm: ({ outboxId, subscriptionId }) =>
      log.error({ notification: outboxId, subscription: subscriptionId }, 'a notification is parked'),
  }
  return {
    sweep: sweepOutbox,
    tasks: { [NOTIFY_TASK]: (payload, signal) => notify(payload as NotifyPair, notifyPorts, signal) },
    close: sender.close,
  }
}

function meter(ports: DoorPorts, systemId: string, { answer, exchange }: Sent): void {
  const isAccepted = answer === 'accepted'
  observe(ports, exchange, {
    result: isAccepted ? 'success' : 'failure',
    code: isAccepted ? '' : answer,
    systemId,
  })
}

/** This network in HL7 v3 wrappers is its community (ITI TF-2 Appendix O). */
export function deviceOf({ community }: Config) {
  const oid = parseOid(community.homeCommunityId.replace(/^urn:oid:/, ''))
  if (oid === undefined) throw new Error('community.homeCommunityId holds no OID')
  return oid
}
