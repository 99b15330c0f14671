// Admin routes of 支援中止 (idlink C-7): nobody sees the patient's record any more and nothing new is taken, until an operator lifts it.

import type { FastifyInstance } from 'fastify'
import type { SupportStop } from '../../access/administration/support-ports.ts'
import { answerChanged, notFound } from './answers.ts'
import { looked } from './looked.ts'
import { othersAmong } from './own.ts'
import type { AdminPorts } from './ports.ts'
import { REGISTRARS, USUAL_ROLES } from './principal.ts'
import { changeOf, described, exactly, words } from './schemas.ts'

const why = exactly({ reason: { ...words, description: 'kept with the stop; not in the audit' } })

interface Xad {
  Params: { xad: string }
}

export function registerSupportStopRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { patients, store } = ports
  app.get<Xad>(
    '/patients/:xad/support-stops',
    {
      schema: described('Stops of support, the newest first; one that is not lifted is in force', {
        roles: REGISTRARS,
        own: 'patient',
      }),
    },
    async (request, reply) => {
      const person = await patients.byXad(request.params.xad)
      if (person === undefined) return notFound(reply)
      const stops = await store.supportStops(person.key)
      const names = stops.flatMap(({ stoppedBy, liftedBy }) => [
        stoppedBy,
        ...(liftedBy === undefined ? [] : [liftedBy]),
      ])
      const others = await othersAmong(names, request, ports)
      await looked(request, ports, { what: 'stops of support of a patient shown', patients: [request.params.xad] })
      return stops.map((stop) => shownStop(stop, others))
    },
  )
  const acts = [
    {
      path: 'stop-support',
      act: 'stopSupport',
      said: 'support stopped',
      summary: 'Stop support (支援中止)',
      who: { roles: REGISTRARS, own: 'patient' },
    },
    // Only an operator takes a stop back (idlink C-7).
    {
      path: 'resume-support',
      act: 'resumeSupport',
      said: 'support resumed',
      summary: 'Lift a stop (支援再開)',
      who: { roles: USUAL_ROLES },
    },
  ] as const
  for (const { path, act, said, summary, who } of acts)
    app.post<Xad & { Body: { reason: string } }>(
      `/patients/:xad/${path}`,
      { schema: described(`${summary}; effective at once`, { ...who, body: why }) },
      async (request, reply) => {
        const { xad } = request.params
        const person = await patients.byXad(xad)
        if (person === undefined) return notFound(reply)
        const change = { ...changeOf(request, said), reason: request.body.reason }
        return answerChanged(reply, await store[act](person.key, change))
      },
    )
}

/** Who did it and why is not told where it was one of these. */
function shownStop(stop: SupportStop, others: ReadonlySet<string>): object {
  const { stoppedBy, reason, liftedBy, liftReason, ...times } = stop
  return {
    ...times,
    ...(others.has(stoppedBy) ? {} : { stoppedBy, reason }),
    ...(liftedBy === undefined || others.has(liftedBy) ? {} : { liftedBy, liftReason }),
  }
}
