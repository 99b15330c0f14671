// Admin routes of the review queue: what the matcher leaves to people (名寄せの確認).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../../profiles/errors/index.ts'
import { REVIEW_STATES, type ReviewState } from '../../identity/administration-ports.ts'
import { answerReview, type ReviewRequest } from '../../identity/review.ts'
import { listReviews, viewReview } from '../../identity/review-view.ts'
import { answerError, answerRefusal, notFound } from './answers.ts'
import { shownLine, shownReview } from './index-answers.ts'
import { looked } from './looked.ts'
import type { AdminPorts } from './ports.ts'
import { described, exactly, identity, type Paged, pageOf, paging, whoOf, words } from './schemas.ts'

interface QueueQuery extends Paged {
  readonly state?: ReviewState
  readonly reason?: string
}

const PAGE = 50

type Id = { Params: { id: string } }

export function registerReviewRoutes(app: FastifyInstance, { index }: AdminPorts): void {
  app.get<{ Querystring: QueueQuery }>(
    '/reviews',
    {
      schema: described(
        'The questions to staff: bridges, standing links that are doubted, twins and ties first, then the best score first',
        paging({ state: { enum: REVIEW_STATES }, reason: words }),
      ),
    },
    async (request) => {
      const { state = 'open', reason } = request.query
      const filter = { ...pageOf(request.query, PAGE), state, ...(reason === undefined ? {} : { reason }) }
      return (await listReviews(filter, index)).map(shownLine)
    },
  )
  app.get('/reviews/counts', { schema: described('How many questions there are by state, reason and age') }, () =>
    index.administration.reviewCounts(),
  )
  app.get<Id>(
    '/reviews/:id',
    {
      schema: described('One question: both records with their persons, the comparison by field, former decisions', {
        params: exactly({ id: identity }),
      }),
    },
    async (request, reply) => {
      const review = await viewReview(request.params.id, index)
      if (review === undefined) return notFound(reply)
      const patients = review.records.map(({ patient, number }) => patient ?? number.id)
      await looked(request, { index }, { what: `question ${request.params.id} about patients shown`, patients })
      return shownReview(review)
    },
  )
  registerClaim(app, { index })
  app.post<Id & { Body: Pick<ReviewRequest, 'answer' | 'reason'> }>(
    '/reviews/:id/answer',
    {
      schema: described('Answer a question: one person (link), different people (apart), or later (defer)', {
        params: exactly({ id: identity }),
        body: exactly({ answer: { enum: ['link', 'apart', 'defer'] }, reason: words }),
      }),
    },
    async (request) => {
      const { id: reviewId } = request.params
      await answerReview({ reviewId, ...request.body, ...whoOf(request) }, index)
      return { status: 'ok' }
    },
  )
}

/** Claiming says who works on a question; it binds nobody. */
function registerClaim(app: FastifyInstance, { index }: Pick<AdminPorts, 'index'>): void {
  const claim = async (request: FastifyRequest<Id>, reply: FastifyReply, release: boolean) => {
    const { id } = request.params
    const claimed = await index.administration.claimReview(id, { reason: 'claim', release, ...whoOf(request) })
    if (claimed === 'missing') return answerRefusal(reply, iheError('REVIEW_UNKNOWN', { value: id }))
    if (typeof claimed === 'string') return { status: 'ok' }
    return answerError(reply, 409, {
      code: 'CONFLICT',
      message: `${claimed.taken} works on this question`,
      hint: 'Take another one, or let them release it: tsunagi review claim <id> --release',
      ja: `${claimed.taken} が対応中です。別の確認事項を選ぶか、担当者に解除を依頼してください。`,
    })
  }
  const params = { params: exactly({ id: identity }) }
  app.post<Id>(
    '/reviews/:id/claim',
    { schema: described('Say that one works on a question', params) },
    (request, reply) => claim(request, reply, false),
  )
  app.delete<Id>(
    '/reviews/:id/claim',
    { schema: described('Leave a question that one had claimed to others', params) },
    (request, reply) => claim(request, reply, true),
  )
}
