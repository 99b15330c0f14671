// Composition root: patient indexes that are kept alike with neighbouring communities, by the job queue (ITI TF-2 3.44, 3.45; docs/adr/0043).

import { iheError } from '../../profiles/errors/index.ts'
import { mayTell } from '../access/federation.ts'
import { isCertificateFault, nodeAuthenticationFailure } from '../audit/event.ts'
import { synchronisationStates } from '../db/synchronisation/administration.ts'
import { SYNCHRONISE_TASK } from '../db/synchronisation/job.ts'
import { settle, settleAnswer } from '../db/synchronisation/settle.ts'
import { sweepSynchronisation } from '../db/synchronisation/survey.ts'
import { take } from '../db/synchronisation/take.ts'
import { observe } from '../http/door.ts'
import { watchSynchronisation } from '../http/metrics.ts'
import { createPixClient } from '../http/pix-client.ts'
import { synchronise } from '../identity/synchronise.ts'
import type { Pair, SynchronisePorts } from '../identity/synchronise-ports.ts'
import { type Given, identityWriter, rowsOf } from './actor-ports.ts'
import type { Work } from './jobs.ts'
import { deviceOf, type NotificationsGiven } from './notifications.ts'

/** Tells and asks. */
export function synchronisationWork(given: Given, { doors, ports, watch }: NotificationsGiven): Work {
  const { config, log, pool } = given
  const affinityDomain = config.identity.affinityDomainAuthority
  watchSynchronisation(watch, () => synchronisationStates(pool))
  const client = createPixClient({
    tlsTo: (facilityId) => () => doors.outgoingTo(facilityId),
    timeoutMs: config.notifications.timeoutMs,
    device: deviceOf(config),
    authorityName: config.identity.affinityDomainName,
    ports,
  })
  const settling: Parameters<typeof settle>[0] = {
    pool,
    writer: identityWriter(config),
    rowsOf: (of, outcome, reason) => {
      const { events, entries } = rowsOf(of, outcome)
      if (!isCertificateFault(reason)) return { events, entries }
      return { events: [...events, nodeAuthenticationFailure(of.exchange, reason)], entries }
    },
    errorOf: ({ attempts, to }, settlement) =>
      iheError(settlement.state === 'parked' ? 'SYNCHRONISATION_PARKED' : 'COMMUNITY_UNAVAILABLE', {
        value: to.url,
        rule: `attempt ${attempts}: ${settlement.state === 'sent' ? '' : settlement.reason}`,
      }),
  }
  const synchronisePorts: SynchronisePorts = {
    affinityDomain,
    take: (pair) => take({ pool, affinityDomain, mayTell }, pair),
    send: async (attempt, signal) => {
      const heard = await client.send(attempt, signal)
      const isAccepted = heard.answer === 'accepted'
      const seen = { result: isAccepted ? 'success' : 'failure', code: isAccepted ? '' : heard.answer }
      observe(ports, heard.exchange, { ...seen, systemId: attempt.facilityId })
      return heard
    },
    settle: (...ended) => settle(settling, ended),
    settleAnswer: (attempt, heard, follow) => settleAnswer(settling, [attempt, heard], follow),
    // Why stands in the list of those parked: the community's words may name the patient.
    alarm: ({ facilityId }) => log.error({ facility: facilityId }, 'a patient of a synchronised index is parked'),
  }
  return {
    sweep: sweepSynchronisation,
    tasks: { [SYNCHRONISE_TASK]: (payload, signal) => synchronise(payload as Pair, synchronisePorts, signal) },
    close: client.close,
  }
}
