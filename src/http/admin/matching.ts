// Admin routes of the matcher: how it is set, what it would do, its models, and whether the index is sound (名寄せエンジン).

import type { FastifyInstance, FastifyReply } from 'fastify'
import { findFacility } from '../../access/administration.ts'
import {
  activateModel,
  compareModel,
  MAX_TRAINING_RECORDS,
  MIN_TRAINING_RECORDS,
  trainModel,
} from '../../identity/matching-models.ts'
import { tryMatch } from '../../identity/try-match.ts'
import { parseOid } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import { answerChanged, answerError, notFound } from './answers.ts'
import { shownTrial } from './index-answers.ts'
import { demographics } from './patients.ts'
import type { AdminPorts } from './ports.ts'
import { described, exactly, identity, type Paged, pageOf, paging, slug, whoOf, words } from './schemas.ts'

const CROWDED = 20
const SAMPLED_LINKS = 500

export function registerMatchingRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { index } = ports
  const { administration } = index
  app.get(
    '/domains',
    {
      schema: described(
        'Domains of patient numbers. A domain comes with its facility (POST /facilities), or with a system that has its own authority (POST /systems)',
      ),
    },
    () => administration.domains(),
  )
  app.get(
    '/matching',
    {
      schema: described(
        'Mode, thresholds and model of the matcher, what the index holds, persons with suspiciously many records',
      ),
    },
    async () => {
      const { policy, version } = index.matching()
      const [counts, reviews, crowded] = await Promise.all([
        administration.counts(),
        administration.reviewCounts(),
        administration.crowded(CROWDED),
      ])
      return { policy, model: version, counts, reviews, crowded }
    },
  )
  app.get(
    '/matching/check',
    { schema: described('Whether the index is sound: each invariant, and where it is violated') },
    () => administration.check(),
  )
  registerTrial(app, ports)
  registerModels(app, ports)
}

interface TrialBody {
  readonly demographics: Partial<Demographics> & Pick<Demographics, 'names'>
  readonly facilityId?: string
}

function registerTrial(app: FastifyInstance, { index, store }: AdminPorts): void {
  app.post<{ Body: TrialBody }>(
    '/matches',
    {
      schema: described('Whom would this record be linked to, and why? Nothing is written', {
        body: exactly({ demographics, facilityId: slug }, ['facilityId']),
      }),
    },
    async (request, reply) => {
      const { facilityId, demographics: given } = request.body
      const facility = facilityId === undefined ? undefined : await findFacility(facilityId, store)
      if (facilityId !== undefined && facility === undefined) return notFound(reply)
      const domain = parseOid(facility?.patientDomain.oid ?? '')
      const complete: Demographics = { addresses: [], telecoms: [], ...given }
      return shownTrial(await tryMatch({ demographics: complete, ...(domain === undefined ? {} : { domain }) }, index))
    },
  )
}

type Version = { Params: { version: string } }

function registerModels(app: FastifyInstance, { index }: AdminPorts): void {
  app.get(
    '/matching/models',
    {
      schema: described('Models that were trained; while none is active, 0 is in use: the one that the program brings'),
    },
    async () => ({ inUse: index.matching().version, models: await index.administration.models() }),
  )
  app.post<{ Body: { note: string; sample?: number } }>(
    '/matching/models',
    {
      schema: described(
        'Train a model on a sample of the network’s own records, without labels; it is not in use until it is activated',
        {
          body: exactly(
            { note: words, sample: { type: 'integer', minimum: MIN_TRAINING_RECORDS, maximum: MAX_TRAINING_RECORDS } },
            ['sample'],
          ),
        },
      ),
    },
    async (request, reply) => {
      const { note, sample = MAX_TRAINING_RECORDS } = request.body
      const trained = await trainModel({ sample, reason: note, ...whoOf(request) }, index)
      if (trained.kind === 'trained')
        return reply.code(201).send({ version: trained.version, records: trained.records })
      return tooFew(reply, trained.records)
    },
  )
  const params = exactly({ version: identity })
  app.get<Version & { Querystring: Paged }>(
    '/matching/models/:version/comparison',
    {
      schema: described('How many of a sample of standing links the model would decide otherwise', {
        params,
        ...paging(),
      }),
    },
    async (request, reply) => {
      const { limit } = pageOf(request.query, SAMPLED_LINKS)
      return (await compareModel({ version: request.params.version, sample: limit }, index)) ?? notFound(reply)
    },
  )
  app.post<Version & { Body: { reason: string } }>(
    '/matching/models/:version/activate',
    {
      schema: described('Take a model into use; 0 is the one that the program brings', {
        params,
        body: exactly({ reason: words }),
      }),
    },
    async (request, reply) => {
      const { version } = request.params
      const change = { version, reason: request.body.reason, ...whoOf(request) }
      return answerChanged(reply, await activateModel(change, index))
    },
  )
}

function tooFew(reply: FastifyReply, records: number): FastifyReply {
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: `${records} records are too few to learn from`,
    hint: `Train when the index holds ${MIN_TRAINING_RECORDS} records; until then the model that the program brings is the better one`,
    ja: `学習に必要な記録が不足しています（${records}件、${MIN_TRAINING_RECORDS}件以上必要）。当面は標準モデルを使用してください。`,
  })
}
