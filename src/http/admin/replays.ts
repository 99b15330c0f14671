// Admin route of replays: a message of the journal performed again, without effect first (docs/adr/0038). Content is never shown.

import type { FastifyInstance, FastifyReply } from 'fastify'
import { errorRow } from '../../../profiles/errors/index.ts'
import { shownAt, shownRule } from '../../../profiles/inspection/errors.ts'
import type { JournalError } from '../../journal/entry.ts'
import { type AskedReplay, type Confirmable, type Replayed, type Report, replay } from '../../journal/replay.ts'
import type { Exchanged, NamedChange } from '../../journal/replay-ports.ts'
import { formatCx, parseOid } from '../../model/identifiers.ts'
import type { Sight } from '../../model/inspection.ts'
import { parseJournalId } from '../../model/journal-id.ts'
import { answerError, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { ADMINISTRATORS, facilityOf } from './principal.ts'
import { OBSTACLE_WORDS } from './replay-words.ts'
import { described, exactly, whoOf, words } from './schemas.ts'

const token = { type: 'string', minLength: 1, maxLength: 100, description: 'confirmation.token of a dry run' } as const
const body = { anyOf: [exactly({}), exactly({ token, reason: words })] }
const params = exactly({ id: { type: 'string', maxLength: 36, description: 'journal id' } })

export function registerReplayRoutes(app: FastifyInstance, ports: Pick<AdminPorts, 'replays'>): void {
  app.post<{ Params: { id: string }; Body: { token?: string; reason?: string } }>(
    '/journal/:id/replay',
    {
      schema: described(
        'Perform a message of the journal again: without a token a dry run, which changes nothing; with the token of a dry run for good',
        { roles: ADMINISTRATORS, params, body },
      ),
    },
    async (request, reply) => {
      const exchangeId = parseJournalId(request.params.id)
      if (exchangeId === undefined) return notFound(reply)
      const { token: given, reason } = request.body
      const facilityId = facilityOf(request)
      const asked: AskedReplay = {
        ...whoOf(request),
        exchangeId,
        ...(facilityId === undefined ? {} : { facilityId }),
        ...(given === undefined || reason === undefined ? {} : { confirmed: { token: given, reason } }),
      }
      const sight: Sight = facilityId === undefined ? 'masked' : 'open'
      return answerReplayed(reply, await replay(asked, ports.replays), sight)
    },
  )
}

function answerReplayed(reply: FastifyReply, replayed: Replayed, sight: Sight): FastifyReply {
  switch (replayed.kind) {
    case 'missing':
      return notFound(reply)
    case 'impossible':
      return answerError(reply, 409, { code: 'REPLAY_IMPOSSIBLE', ...OBSTACLE_WORDS[replayed.obstacle] })
    case 'unconfirmed':
      return answerError(reply, 409, {
        code: 'REPLAY_UNCONFIRMED',
        message: 'This token confirms nothing: it is unknown, over, or of another exchange or another person',
        hint: 'Ask for a dry run (without a token) and send the token that it answers, within ten minutes, as the same person',
        ja: '確認トークンが無効です（不明、期限切れ、または別の交換・別の操作者のもの）。もう一度ドライランを行い、10分以内に同じ操作者が確定してください。',
      })
    case 'dry run':
      return reply.send({ outcome: 'dry run', ...reported(replayed.report, sight), ...confirmed(replayed.confirmable) })
    case 'changed':
      return reply.code(409).send({
        code: 'REPLAY_CHANGED',
        message: 'It would not do any more what the dry run showed; nothing was done',
        hint: 'Read what it would do now, and confirm with the token of this answer',
        ja: 'ドライランの後に状態が変わったため、実行しませんでした。新しい結果を確認し、この応答のトークンで確定してください。',
        ...reported(replayed.report, sight),
        ...confirmed(replayed.confirmable),
      })
    case 'done':
      return reply.send({ outcome: 'done', ...reported(replayed.report, sight) })
    case 'done before':
      return reply.send({ outcome: 'done before', journalId: replayed.replayedAs })
  }
  return replayed satisfies never
}

function confirmed(confirmable: Confirmable | undefined) {
  return confirmable === undefined ? {} : { confirmation: confirmable }
}

function reported({ former, now, effect, found, changes, isNamed, tables }: Report, sight: Sight) {
  const named = new Set([...former.patients, ...now.patients])
  return {
    transaction: now.transaction,
    systemId: former.systemId,
    facilityId: former.facilityId,
    former: ended(former, sight),
    now: ended(now, sight),
    effect,
    ...(found === undefined ? {} : { found }),
    changes: changes.map((change) => shown(change, named)),
    isNamed,
    tables,
  }
}

/** How many documents are concerned is told; what they say is not. */
function ended({ exchangeId, at, result, errors, documents }: Exchanged, sight: Sight) {
  return {
    journalId: exchangeId,
    at,
    result,
    errors: errors.map((error) => explained(error, sight)),
    documents: documents.length,
  }
}

/** Without the value: it is the sender's. Places and rules may name what the message holds: the facility that sent it sees them whole (docs/adr/0039). */
function explained({ code, at, rule, blame, retry }: JournalError, sight: Sight) {
  const row = errorRow(code)
  const isOpen = sight === 'open'
  return {
    code,
    at: at === undefined || isOpen ? at : shownAt(at),
    rule: rule === undefined || isOpen ? rule : shownRule(code, rule),
    blame,
    retry,
    message: row?.message,
    hint: row?.hint,
    ja: row?.ja,
  }
}

/** A number that the message does not name may be another facility's: only its domain is told. */
function shown(change: NamedChange, named: ReadonlySet<string>): NamedChange | Omit<NamedChange, 'value'> {
  if (change.about === 'document') return change
  const { value, ...rest } = change
  const authority = parseOid(change.domain)
  return authority !== undefined && named.has(formatCx({ value, authority })) ? change : rest
}
