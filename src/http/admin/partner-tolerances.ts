// Admin routes of what is taken of a neighbouring community for a time though it is not to the letter (docs/federation.md).

import type { FastifyInstance } from 'fastify'
import { TOLERANCE_CODES, tolerances } from '../../../profiles/partners/tolerances.ts'
import { isDay } from '../../access/administration/days.ts'
import type { NewPartnerTolerance, PartnerTolerance } from '../../access/administration/partner-tolerance-ports.ts'
import { jstDay } from '../../model/jst.ts'
import { answerChanged, answerFault, answerStored, invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS } from './principal.ts'
import { changeOf, day, described, exactly, identity, slug, words } from './schemas.ts'

const tolerance = exactly(
  {
    tolerance: {
      enum: TOLERANCE_CODES,
      description: tolerances.map(({ code, taken }) => `${code}: ${taken}`).join('; '),
    },
    since: { ...day, description: 'first day in Japan, YYYY-MM-DD; default today' },
    until: { ...day, description: 'last day in Japan, YYYY-MM-DD; absent: until it is ended' },
    reason: words,
  },
  ['since', 'until'],
)

type Body = Omit<NewPartnerTolerance, 'since'> & { readonly since?: string }

interface Id {
  Params: { id: string }
}

export function registerPartnerTolerances(app: FastifyInstance, { store }: AdminPorts): void {
  app.get<Id>(
    '/partners/:id/tolerances',
    {
      schema: described('Deviations of a community that are or were taken, the newest first', {
        roles: NETWORK_READERS,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const isThere = (await store.partners()).some(({ facilityId }) => facilityId === id)
      return isThere ? (await store.partnerTolerances(id)).map(explained) : notFound(reply)
    },
  )
  app.post<Id & { Body: Body }>(
    '/partners/:id/tolerances',
    { schema: described('Take a deviation of a community for a time', { body: tolerance }) },
    async (request, reply) => {
      const { id } = request.params
      const { since = jstDay(Date.now()), ...rest } = request.body
      const given = { since, ...rest }
      const { until = since } = given
      const wrong = [since, until].find((one) => !isDay(one))
      if (wrong !== undefined) return answerFault(reply, { fault: 'no such day', day: wrong })
      if (until < since)
        return invalid(reply, {
          message: `until ${until} lies before since, ${since}`,
          hint: 'Give a later day, or leave it out',
          ja: '終了日は開始日以降の日付を指定してください。',
        })
      const what = `${given.tolerance} of the community of ${id} tolerated from ${since}`
      const change = changeOf(request, given.until === undefined ? what : `${what} to ${until}`)
      return answerStored(reply, await store.addPartnerTolerance(id, given, change), given)
    },
  )
  app.delete<{ Params: { id: string; tolerance: string } }>(
    '/partners/:id/tolerances/:tolerance',
    {
      schema: described('Take a deviation no more; answers with it are refused from now on', {
        params: exactly({ id: slug, tolerance: identity }),
      }),
    },
    async (request, reply) => {
      const { id, tolerance } = request.params
      const change = changeOf(request, `tolerance ${tolerance} of the community of ${id} ended`)
      return answerChanged(reply, await store.endPartnerTolerance(id, tolerance, change))
    },
  )
}

/** With what it means and from what it deviates. */
export function explained(one: PartnerTolerance): object {
  const { taken, ja, section } = tolerances.find(({ code }) => code === one.tolerance) ?? {}
  return { ...one, taken, ja, section }
}
