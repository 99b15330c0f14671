// Admin routes that explain access and try changes of policy on the journal (design §4; docs/access-rights.md).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Explanation, explainAccess, type Unexplained } from '../../access/explaining/explain-access.ts'
import type { AskedAccess } from '../../access/explaining/ports.ts'
import { REASON_WORDS } from '../../access/explaining/words.ts'
import { unknownNames } from '../../access/simulation/check.ts'
import { type Simulated, simulate } from '../../access/simulation/simulate.ts'
import { formatCx, type PatientId, parseCx } from '../../model/identifiers.ts'
import { JOBS, type Job, PURPOSES, type Purpose } from '../../model/user.ts'
import { invalid, notFound } from './answers.ts'
import { type GivenChange, policyChange, readChange } from './policy-change.ts'
import type { AdminPorts } from './ports.ts'
import { facilityOf, type RouteRoles } from './principal.ts'
import { day, described, exactly, slug, whoOf, words } from './schemas.ts'

const EXPLAINERS: RouteRoles = ['network-operator', 'facility-administrator']
const MAX_CHANGES = 100
const JAPAN_MS = 9 * 3_600_000
const DAY_MS = 86_400_000

const question = exactly(
  {
    patient: { ...words, description: 'id of the network, or number^^^&oid&ISO' },
    facility: { ...slug, description: 'who looks' },
    system: {
      ...slug,
      description: 'its system; absent: its only one that queries, or its staff where a person or job is given',
    },
    document: { ...words, description: 'uniqueId; absent: documents of the patient in general' },
    user: { type: 'string', minLength: 1, maxLength: 64, description: 'staff id' },
    job: { enum: JOBS, description: 'job category (職種) of somebody without a name' },
    purpose: { enum: PURPOSES.filter((purpose) => purpose !== 'other') },
  },
  ['system', 'document', 'user', 'job', 'purpose'],
)

interface Question {
  readonly patient: string
  readonly facility: string
  readonly system?: string
  readonly document?: string
  readonly user?: string
  readonly job?: Job
  readonly purpose?: Purpose
}

interface Trial {
  readonly day?: string
  readonly changes: readonly GivenChange[]
}

export function registerAccessRoutes(app: FastifyInstance, ports: AdminPorts): void {
  app.post<{ Body: Question }>(
    '/access/explain',
    {
      schema: described(
        'Why documents of a patient are seen by a facility or not: every factor in words, and what would have to change. Staff of a facility ask about their own facility, and about documents that it published. Every question is audited',
        { roles: EXPLAINERS, body: question },
      ),
    },
    (request, reply) => answerQuestion(request, reply, ports),
  )
  app.post<{ Body: Trial }>(
    '/access/simulate',
    {
      schema: described(
        'What a change of policy would have done to the queries and reads of a day, judged on the facts of today; nothing is changed',
        {
          body: exactly(
            {
              day: { ...day, description: 'day in Japan, YYYY-MM-DD; yesterday when left out' },
              changes: { type: 'array', items: policyChange, minItems: 1, maxItems: MAX_CHANGES },
            },
            ['day'],
          ),
        },
      ),
    },
    (request, reply) => answerTrial(request, reply, ports),
  )
}

async function answerQuestion(
  request: FastifyRequest<{ Body: Question }>,
  reply: FastifyReply,
  ports: AdminPorts,
): Promise<FastifyReply> {
  const { facility, user, job, document } = request.body
  if (user !== undefined && job !== undefined) return invalid(reply, ONE_OF)
  const patient = patientOf(request.body.patient, ports)
  const askedFor = facilityOf(request)
  const asked: AskedAccess = { ...askedOf(request.body), patient, ...(askedFor === undefined ? {} : { askedFor }) }
  const explained = await explainAccess(asked, ports.explaining)
  const about = `${document === undefined ? '' : `, document ${document}`}`
  const outcome =
    typeof explained === 'string'
      ? explained
      : `${explained.verdict.allowed ? 'permit' : 'deny'}: ${explained.verdict.reason}`
  await ports.explaining.record({
    ...whoOf(request),
    operation: `why facility ${facility} sees${about}: ${outcome}`,
    patients: [typeof explained === 'string' ? formatCx(patient) : explained.patient],
  })
  return typeof explained === 'string'
    ? answerUnexplained(reply, explained)
    : reply.send(explained satisfies Explanation)
}

function askedOf({ facility, system, document, user, job, purpose }: Question): Omit<AskedAccess, 'patient'> {
  return {
    facilityId: facility,
    ...(system === undefined ? {} : { systemId: system }),
    ...(document === undefined ? {} : { document }),
    ...(user === undefined ? {} : { staffId: user }),
    ...(job === undefined ? {} : { job }),
    ...(purpose === undefined ? {} : { purpose }),
  }
}

/** What is no CX is an id of the network. */
function patientOf(text: string, { transfer }: AdminPorts): PatientId {
  return parseCx(text) ?? { value: text, authority: transfer.affinityDomain }
}

const ONE_OF = {
  message: 'user, job: a person has a job already',
  hint: 'Give user for a person of the facility, or job for anybody who has it',
  ja: '職員（user）と職種（job）は同時に指定できません。どちらか一方を指定してください。',
}

function answerUnexplained(reply: FastifyReply, what: Unexplained): FastifyReply {
  // Whether a patient or a document is there is nobody's business but their own.
  if (what === 'unknown viewer') return notFound(reply)
  return reply.code(404).send({
    code: 'NOT_FOUND',
    message: 'There is no such patient with such a document here, or none that your facility may ask about',
    hint: 'Check patient and document; staff of a facility ask about patients with a number of that facility, and about its own documents',
    ja: '該当する患者または文書がないか、照会できる対象ではありません。施設の職員は、自施設の患者番号がある患者と自施設の文書について照会できます。',
  })
}

async function answerTrial(
  request: FastifyRequest<{ Body: Trial }>,
  reply: FastifyReply,
  { simulation, documentKinds }: AdminPorts,
): Promise<FastifyReply> {
  const chosen = request.body.day ?? yesterday()
  if (!isDay(chosen)) return invalid(reply, noSuchDay(chosen))
  const read = request.body.changes.map((given, index) => readChange(given, index + 1))
  const refused = read.find((one) => 'message' in one)
  if (refused !== undefined && 'message' in refused) return invalid(reply, refused)
  const changes = read.flatMap((one) => ('message' in one ? [] : [one]))
  const [unknown] = await unknownNames(changes, { ports: simulation, documentKinds })
  if (unknown !== undefined) return invalid(reply, unknownName(unknown))
  const kinds = [...new Set(changes.map(({ change }) => change))].join(', ')
  await simulation.record({ ...whoOf(request), operation: `tried on the journal of ${chosen}: ${kinds}`, patients: [] })
  return reply.send(worded(await simulate({ day: chosen, changes }, simulation)))
}

function worded({ groups, ...simulated }: Simulated): object {
  return { ...simulated, groups: groups.map((group) => ({ ...group, ja: REASON_WORDS[group.reason].ja })) }
}

function yesterday(): string {
  return new Date(Date.now() + JAPAN_MS - DAY_MS).toISOString().slice(0, 10)
}

function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}

function noSuchDay(given: string) {
  return {
    message: `day: ${given} is no day of the calendar`,
    hint: 'Send a day as YYYY-MM-DD, such as 2026-04-01',
    ja: `「${given}」という日付はありません。YYYY-MM-DD の形式で指定してください。`,
  }
}

function unknownName({
  line,
  what,
  name,
}: Awaited<ReturnType<typeof unknownNames>>[number] & { readonly line: number }) {
  return {
    message: `changes, number ${line}: "${name}" is no ${what} of this network`,
    hint: 'Check the id: what a change names has to be there already',
    ja: `変更${line}件目の「${name}」は登録されていません。IDを確認してください。`,
  }
}
