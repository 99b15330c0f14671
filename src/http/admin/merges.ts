// Admin routes of persons: merge, split, history, and taking a merge back (名寄せの統合・分割・取消).

import type { FastifyInstance, FastifyReply } from 'fastify'
import { findFacility } from '../../access/administration.ts'
import type { Page as HistoryPage, HistoryView } from '../../identity/administration-ports.ts'
import { splitPerson } from '../../identity/linking.ts'
import { personOf, viewPerson, viewWithin } from '../../identity/person-view.ts'
import type { PersonKey } from '../../identity/ports.ts'
import { mergeByStaff, undoMerge } from '../../identity/staff-merge.ts'
import { formatCx, type PatientId, parseOid } from '../../model/identifiers.ts'
import { invalid, notFound } from './answers.ts'
import { shownHistory, shownMerge, shownPatient } from './index-answers.ts'
import { looked } from './looked.ts'
import { othersAmong, ownDomains } from './own.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS, REGISTRARS } from './principal.ts'
import { described, exactly, identity, type Paged, pageOf, paging, slug, whoOf, words } from './schemas.ts'

type Xad = { Params: { xad: string } }
type Page = { Querystring: Paged }

const HISTORY_ROWS = 200
const MERGES = 50

export function registerMergeRoutes(app: FastifyInstance, ports: AdminPorts): void {
  registerViews(app, ports)
  registerChanges(app, ports)
}

function registerViews(app: FastifyInstance, ports: AdminPorts): void {
  const { index } = ports
  const { administration } = index
  app.get<Xad>(
    '/patients/:xad',
    {
      schema: described('One person: every number with what its source says, and the newest word on each attribute', {
        roles: REGISTRARS,
        own: 'patient',
      }),
    },
    async (request, reply) => {
      const person = await personOf(request.params.xad, index)
      if (person === undefined) return notFound(reply)
      const view = await viewPerson(person, index)
      const domains = await ownDomains(request, ports)
      const known = domains === undefined ? view : viewWithin(view, domains)
      const names = known.numbers.map(({ by }) => by)
      await looked(request, ports, { what: 'patient shown', patients: [view.patient ?? request.params.xad] })
      return shownPatient(known, await othersAmong(names, request, ports))
    },
  )
  app.get<Xad & Page>(
    '/patients/:xad/history',
    {
      schema: described('What happened to a person and their numbers, with the evidence of each link', {
        roles: REGISTRARS,
        own: 'patient',
        ...paging(),
      }),
    },
    async (request, reply) => {
      const person = await personOf(request.params.xad, index)
      if (person === undefined) return notFound(reply)
      const rows = await historyWithin(
        { person, page: pageOf(request.query, HISTORY_ROWS), domains: await ownDomains(request, ports) },
        administration,
      )
      const names = rows.map(({ by }) => by)
      const others = await othersAmong(names, request, ports)
      await looked(request, ports, { what: 'history of a patient shown', patients: [request.params.xad] })
      return rows.map((row) => shownHistory(row, others))
    },
  )
  app.get<Xad & Page>(
    '/patients/:xad/merges',
    {
      schema: described('Merges and moves of numbers of a person, the newest first', {
        roles: NETWORK_READERS,
        ...paging(),
      }),
    },
    async (request, reply) => {
      const person = await personOf(request.params.xad, index)
      if (person === undefined) return notFound(reply)
      const merges = await administration.merges(pageOf(request.query, MERGES), person)
      await looked(request, ports, { what: 'merges of a patient shown', patients: [request.params.xad] })
      return merges.map(shownMerge)
    },
  )
  app.get<Page>(
    '/merges',
    {
      schema: described('Merges and moves of numbers of the whole index, the newest first', {
        roles: NETWORK_READERS,
        ...paging(),
      }),
    },
    async (request) => (await administration.merges(pageOf(request.query, MERGES))).map(shownMerge),
  )
}

/** A page of what may be known is full, however much of others lies between: one that is not full is the last. */
async function historyWithin(
  {
    person,
    page: { limit, after },
    domains,
  }: { readonly person: PersonKey; readonly page: HistoryPage; readonly domains: readonly string[] | undefined },
  { historyOf }: Pick<AdminPorts['index']['administration'], 'historyOf'>,
): Promise<readonly HistoryView[]> {
  const rows: HistoryView[] = []
  for (let last = after; ; ) {
    const found = await historyOf(person, { limit, ...(last === undefined ? {} : { after: last }) })
    rows.push(...found.filter(({ id }) => domains?.includes(id.authority) ?? true))
    last = found.at(-1)?.historyId
    if (rows.length >= limit || found.length < limit) return rows.slice(0, limit)
  }
}

const numbers = {
  type: 'array',
  minItems: 1,
  maxItems: 100,
  items: exactly({ facilityId: slug, id: words }),
}
type SplitBody = { numbers: readonly { facilityId: string; id: string }[]; reason: string }

function registerChanges(app: FastifyInstance, ports: AdminPorts): void {
  const { index } = ports
  app.post<Xad & { Body: { into: string; reason: string } }>(
    '/patients/:xad/merge',
    {
      schema: described('Make one person of two; the one in the path goes into the other', {
        body: exactly({ into: words, reason: words }),
      }),
    },
    async (request) => {
      const { into, reason } = request.body
      const { xad } = await mergeByStaff(
        { former: request.params.xad, survivor: into, reason, ...whoOf(request) },
        index,
      )
      return { xad: xad.value, merged: request.params.xad }
    },
  )
  app.post<Xad & { Body: SplitBody }>(
    '/patients/:xad/split',
    {
      schema: described('Make the numbers named a person of their own, whom nobody has asked for consent yet', {
        body: exactly({ numbers, reason: words }),
      }),
    },
    (request, reply) => split({ xad: request.params.xad, ...request.body, ...whoOf(request) }, { reply, ports }),
  )
  app.post<{ Params: { id: string }; Body: { reason: string } }>(
    '/merges/:id/undo',
    {
      schema: described('Take a merge back, or a move of numbers', {
        params: exactly({ id: identity }),
        body: exactly({ reason: words }),
      }),
    },
    async (request) => {
      const { id: mergeId } = request.params
      const { patients } = await undoMerge({ mergeId, reason: request.body.reason, ...whoOf(request) }, index)
      return { numbers: patients.map(({ authority, value }) => ({ domain: authority, value })) }
    },
  )
}

type Split = SplitBody & { xad: string } & ReturnType<typeof whoOf>

async function split(
  { xad, numbers: named, ...work }: Split,
  { reply, ports }: { readonly reply: FastifyReply; readonly ports: AdminPorts },
): Promise<object> {
  const { index, store } = ports
  const person = await personOf(xad, index)
  if (person === undefined) return notFound(reply)
  const ids: PatientId[] = []
  for (const { facilityId, id: value } of named) {
    const authority = parseOid((await findFacility(facilityId, store))?.patientDomain.oid ?? '')
    if (authority === undefined) return notFound(reply)
    ids.push({ value, authority })
  }
  const held = (await index.store.identifiersOf(person)).filter(({ status }) => status === 'active')
  const strange = ids.findIndex(
    ({ value, authority }) => !held.some(({ id }) => id.value === value && id.authority === authority),
  )
  if (strange >= 0)
    return invalid(reply, {
      message: `numbers.${strange}: the patient has no active number of this kind`,
      hint: 'GET /admin/v1/patients/{xad} lists the numbers of the patient',
      ja: `numbers.${strange}: この患者の有効な番号ではありません。患者の番号一覧を確認してください。`,
    })
  // What is named twice goes once.
  const going = [...new Map(ids.map((id) => [formatCx(id), id])).values()]
  if (held.filter(({ id }) => id.authority !== index.affinityDomain).length <= going.length)
    return invalid(reply, {
      message: 'numbers: at least one number stays with the patient',
      hint: 'Name only the numbers that are somebody else’s',
      ja: 'すべての番号を分割することはできません。別人の番号だけを指定してください。',
    })
  const { xad: created } = await splitPerson({ ids: going, ...work }, index)
  return reply.code(201).send({ xad: created.value, from: xad })
}
