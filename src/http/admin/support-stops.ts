// Admin routes of 支援中止 (idlink C-7): nobody sees the patient's record any more and nothing new is taken, until an operator lifts it.

import type { FastifyInstance } from 'fastify'
import { answerChanged, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { REGISTRARS, USUAL_ROLES } from './principal.ts'
import { changeOf, described, exactly, words } from './schemas.ts'

const why = exactly({ reason: { ...words, description: 'kept with the stop; not in the audit' } })

interface Xad {
  Params: { xad: string }
}

export function registerSupportStopRoutes(app: FastifyInstance, { patients, store }: AdminPorts): void {
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
      return person === undefined ? notFound(reply) : store.supportStops(person.key)
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
