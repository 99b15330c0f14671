// Admin routes of referral on paper (idlink C-2, C-8): the sheet that a facility prints, and the patient found by what stands on it.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ConsentRecord } from '../../access/administration/consent-ports.ts'
import { isDay } from '../../access/administration/days.ts'
import { findFacility } from '../../access/administration.ts'
import type { Facility } from '../../access/ports.ts'
import { PAGE_POLICY } from '../../console/page.ts'
import { type PatientSheet, patientSheet, SHEETS, type SheetKind } from '../../console/sheet.ts'
import { viewPerson } from '../../identity/person-view.ts'
import type { Demographics } from '../../model/person.ts'
import { answerError, invalid, notFound } from './answers.ts'
import type { AdminPorts, PersonAnswer } from './ports.ts'
import { facilityOf, ownFacility, principalOf, REGISTRARS } from './principal.ts'
import { described, exactly, slug, whoOf, words } from './schemas.ts'

/** Not for caches, nor for a browser to guess at. */
const GUARDED = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': PAGE_POLICY,
}

interface Asked {
  Params: { xad: string }
  Querystring: { facility: string; kind?: SheetKind }
}

export function registerSheetRoutes(app: FastifyInstance, ports: AdminPorts): void {
  app.get<Asked>(
    '/patients/:xad/sheet',
    {
      schema: described('Sheet to print for another facility (患者情報送信票, 同意書送信票); audited', {
        roles: REGISTRARS,
        own: 'patient',
        querystring: exactly({ facility: slug, kind: { enum: Object.keys(SHEETS) } }, ['kind']),
      }),
    },
    (request, reply) => sendSheet(request, reply, ports),
  )
  registerBySheet(app, ports)
}

async function sendSheet(request: FastifyRequest<Asked>, reply: FastifyReply, ports: AdminPorts) {
  const { facility: facilityId, kind = 'information' } = request.query
  const facility = ownFacility(request, facilityId) ? await findFacility(facilityId, ports.store) : undefined
  const person = await ports.patients.byXad(request.params.xad)
  if (facility === undefined || person === undefined) return notFound(reply)
  const number = numberAt(person, facility)
  if (number === undefined) return notFound(reply)
  const consents = (await ports.store.consents(person.key)).filter(stands)
  if (kind === 'consent' && consents.length === 0) return noConsent(reply)
  const who = whoOf(request)
  await ports.index.administration.recordLook({
    ...who,
    operation: `patient sheet (${kind}) of facility ${facilityId} printed`,
    patients: [{ value: request.params.xad, authority: ports.transfer.affinityDomain }],
  })
  const sheet: PatientSheet = {
    kind,
    facility,
    patient: { ...(await describedAt(person, facility, ports)), number, xad: request.params.xad },
    consents,
    printedAtMs: Date.now(),
    printedBy: who.by,
  }
  return reply.headers(GUARDED).type('text/html; charset=utf-8').send(patientSheet(sheet))
}

function numberAt({ identifiers }: PersonAnswer, { patientDomain }: Facility): string | undefined {
  return identifiers.find(({ domain, status }) => domain === patientDomain.oid && status === 'active')?.value
}

function stands({ withdrawnAt, validFrom, validTo }: ConsentRecord): boolean {
  const now = Date.now()
  return withdrawnAt === null && Date.parse(validFrom) <= now && (validTo === null || Date.parse(validTo) > now)
}

/** As the facility describes the patient; where it does not, as whoever did so last. */
async function describedAt(
  person: PersonAnswer,
  { facilityId }: Facility,
  { index }: AdminPorts,
): Promise<Pick<Demographics, 'names' | 'sex' | 'birthTime'>> {
  const { numbers } = await viewPerson(person.key, index)
  const described = numbers
    .filter(({ status, demographics }) => status === 'active' && demographics !== undefined)
    .toSorted((a, b) => (b.toldAt ?? '').localeCompare(a.toldAt ?? ''))
  const chosen = described.find((number) => number.facilityId === facilityId) ?? described[0]
  return chosen?.demographics ?? { names: [] }
}

function noConsent(reply: FastifyReply): FastifyReply {
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: 'No consent of the patient stands, so there is nothing to put on a consent sheet',
    hint: 'Record the consent first',
    ja: '有効な同意がないため同意書送信票を作成できません。先に同意を登録してください。',
  })
}

function registerBySheet(app: FastifyInstance, ports: AdminPorts): void {
  const { patients, store, index, transfer } = ports
  app.post<{ Body: { facilityId: string; id: string; birthTime: string } }>(
    '/patients/by-sheet',
    {
      schema: described('The patient of a sheet: number at the facility that printed it and birth date; audited', {
        roles: REGISTRARS,
        body: exactly({
          facilityId: slug,
          id: words,
          birthTime: { type: 'string', pattern: '^\\d{8}$', description: 'YYYYMMDD' },
        }),
      }),
    },
    async (request, reply) => {
      const { facilityId, id, birthTime } = request.body
      if (!isDay(birthTime.replace(/(\d{4})(\d\d)/, '$1-$2-'))) return invalid(reply, NO_SUCH_DAY)
      const waitMs = await claimed(request, ports)
      if (waitMs > 0) return tooMany(reply, waitMs)
      const facility = (await isPeer(request, facilityId, ports)) ? await findFacility(facilityId, store) : undefined
      const person = facility === undefined ? undefined : (await patients.find(id, facility.patientDomain.oid))[0]
      const isMeant = person !== undefined && (await isBorn(person, birthTime, ports))
      const xad = isMeant ? person.xad : undefined
      await index.administration.recordLook({
        ...whoOf(request),
        operation: `patient looked for by a sheet of facility ${facilityId}: ${xad === undefined ? 'none' : 'found'}`,
        patients: xad === undefined ? [] : [{ value: xad, authority: transfer.affinityDomain }],
      })
      if (xad === undefined) return notFound(reply)
      await found(request, ports)
      return { xad }
    },
  )
}

/** What was read wrongly is not somebody whom nobody knows. The day describes a patient, and is not repeated. */
const NO_SUCH_DAY = {
  message: 'birthTime: there is no such day in the calendar',
  hint: 'Send the birth date of the sheet as YYYYMMDD, such as 19620228',
  ja: 'その生年月日は暦にありません。送信票の生年月日を確認してください。',
}

/** Birth dates are few: who tries them one after the other is stopped. Whoever holds the token of the host reads numbers anyway. */
async function claimed(request: FastifyRequest, { accounts }: AdminPorts): Promise<number> {
  const principal = principalOf(request)
  return principal.kind === 'host' ? 0 : accounts.accounts.claimSheet(principal.staffId)
}

async function found(request: FastifyRequest, { accounts }: AdminPorts): Promise<void> {
  const principal = principalOf(request)
  if (principal.kind === 'staff') await accounts.accounts.sheetFound(principal.staffId)
}

function tooMany(reply: FastifyReply, waitMs: number): FastifyReply {
  const seconds = Math.ceil(waitMs / 1000)
  return answerError(reply.header('retry-after', String(seconds)), 429, {
    code: 'SHEETS_WAIT',
    message: `Too many of your sheets found nobody; try again in ${seconds} s`,
    hint: 'Wait as long as Retry-After says, and ask the facility that printed the sheet for number and birth date',
    ja: `該当者のない照会が続いたため、${seconds}秒後までお待ちください。送信票の発行施設に患者番号と生年月日を確認してください。`,
  })
}

/** A facility outside the unions of the one that asks registers patients whom its staff do not know of (idlink U-2). */
async function isPeer(request: FastifyRequest, printedBy: string, { store }: AdminPorts): Promise<boolean> {
  const facilityId = facilityOf(request)
  return facilityId === undefined || (await store.registrationPeers(facilityId)).includes(printedBy)
}

/** As any of their facilities says. */
async function isBorn(person: PersonAnswer, birthTime: string, { index }: AdminPorts): Promise<boolean> {
  const { numbers } = await viewPerson(person.key, index)
  return numbers.some(
    ({ status, demographics }) => status === 'active' && demographics?.birthTime?.slice(0, 8) === birthTime,
  )
}
