// Admin routes of the journal: what came, what went, why it was refused; every look is audited (docs/journal.md).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { journalLook } from '../../audit/journal-look.ts'
import { writeJournalText } from '../../codec/inspect/write-text.ts'
import { parseJournalId } from '../../model/journal-id.ts'
import {
  type AskedJournal,
  criteriaNames,
  type JournalAccess,
  journalFilters,
  journalQuery,
  keptOf,
  listingOf,
  patientsAsked,
} from '../journal-query.ts'
import { isVisible, type Viewer, viewOf } from '../journal-view.ts'
import { notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { FACILITY_READERS, facilityOf, ownFacility } from './principal.ts'
import { described, exactly, slug, whoOf } from './schemas.ts'

const PATH = '/admin/v1/journal'
const filters = { ...journalFilters, system: slug, facility: slug }
const entryParams = exactly({ id: { type: 'string', minLength: 36, maxLength: 36, description: 'journal id' } })
const format = exactly({ format: { enum: ['json', 'text'], description: 'text: for people to read' } }, ['format'])

export function registerJournalRoutes(app: FastifyInstance, { journal }: AdminPorts): void {
  app.get<{ Querystring: AskedJournal }>(
    '/journal',
    {
      schema: described('Exchanges, the newest first', {
        roles: FACILITY_READERS,
        querystring: exactly(filters, Object.keys(filters)),
      }),
    },
    async (request, reply) => {
      const facility = request.query.facility ?? facilityOf(request)
      if (facility !== undefined && !ownFacility(request, facility)) return notFound(reply)
      const asked = facility === undefined ? request.query : { ...request.query, facility }
      const page = await journal.search(journalQuery(asked))
      await looked(request, journal, { patients: patientsAsked(asked), what: `journal search ${criteriaNames(asked)}` })
      return listingOf(page, viewerOf(request))
    },
  )
  app.get<{ Params: { id: string }; Querystring: { format?: 'json' | 'text' } }>(
    '/journal/:id',
    {
      schema: described('One exchange: why it ended so, and its messages taken apart', {
        roles: FACILITY_READERS,
        params: entryParams,
        querystring: format,
      }),
    },
    (request, reply) => answerEntry(request, reply, journal),
  )
}

async function answerEntry(
  request: FastifyRequest<{ Params: { id: string }; Querystring: { format?: 'json' | 'text' } }>,
  reply: FastifyReply,
  journal: JournalAccess,
): Promise<FastifyReply> {
  const id = parseJournalId(request.params.id)
  const viewer = viewerOf(request)
  const found = id === undefined ? undefined : await journal.find(id)
  if (found === undefined || !isVisible(found, viewer)) return notFound(reply)
  const view = viewOf(found, await keptOf(found.exchangeId, journal), viewer)
  await looked(request, journal, { patients: found.patients, what: `journal entry ${found.exchangeId}` })
  return request.query.format === 'text'
    ? reply.type('text/plain; charset=UTF-8').send(writeJournalText(view))
    : reply.send(view)
}

/** Who runs the network reads no content; staff of a facility read what their own systems sent (docs/adr/0029). */
function viewerOf(request: FastifyRequest): Viewer {
  const facilityId = facilityOf(request)
  return facilityId === undefined ? { kind: 'office' } : { kind: 'facility', facilityId }
}

async function looked(
  request: FastifyRequest,
  journal: JournalAccess,
  { patients, what }: { readonly patients: readonly string[]; readonly what: string },
): Promise<void> {
  const facilityId = facilityOf(request)
  await journal.looked(
    journalLook({
      ...whoOf(request),
      endpoint: PATH,
      patients,
      what,
      ...(facilityId === undefined ? {} : { facilityId }),
    }),
  )
}
