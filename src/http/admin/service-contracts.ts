// Admin routes of contracts of use (利用契約): party, days, facilities; terms are computed by the terms of use (idlink ).

import type { FastifyInstance, FastifyReply } from 'fastify'
import {
  type ContractEnd,
  PARTY_KINDS,
  type ServiceContract,
  type ServiceContractRecord,
} from '../../access/administration/contract-ports.ts'
import {
  type ContractFault,
  contractState,
  endFault,
  lastNoticeDay,
  MAX_DAYS_TO_START,
  NOTICE_DAYS,
  startFault,
  termEnd,
} from '../../access/administration/contract-terms.ts'
import { isDay } from '../../access/administration/days.ts'
import { jstDay } from '../../model/jst.ts'
import { answerChanged, answerError, answerFault, answerStored, invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS } from './principal.ts'
import { changeOf, day, described, exactly, slug, words } from './schemas.ts'

const contract = exactly({
  contractId: slug,
  party: { ...words, description: 'legal body or sole proprietor (契約者)' },
  partyKind: { enum: PARTY_KINDS },
  appliedOn: day,
  startsOn: day,
})
const placing = exactly({ facilityId: slug, validFrom: day }, ['validFrom'])
const ending = exactly({ noticeOn: day, endsOn: day, reason: words }, ['noticeOn'])

interface Id {
  Params: { id: string }
}

export function registerServiceContractRoutes(app: FastifyInstance, { store }: AdminPorts): void {
  app.get(
    '/service-contracts',
    {
      schema: described('Contracts of use (利用契約) with state, end of term and last day of notice', {
        roles: NETWORK_READERS,
      }),
    },
    async () => {
      const today = jstDay(Date.now())
      return (await store.serviceContracts()).map((one) => withTerm(one, today))
    },
  )
  app.post<{ Body: ServiceContract }>(
    '/service-contracts',
    { schema: described('Record a contract of use', { body: contract }) },
    async (request, reply) => {
      const given = request.body
      const fault = startFault(given)
      if (fault !== undefined) return answerContractFault(reply, fault)
      const change = changeOf(request, `contract of use ${given.contractId} recorded`)
      return answerStored(reply, await store.addServiceContract(given, change), given)
    },
  )
  registerFacilities(app, store)
  registerEnd(app, store)
}

function registerFacilities(app: FastifyInstance, store: AdminPorts['store']): void {
  app.post<Id & { Body: { facilityId: string; validFrom?: string } }>(
    '/service-contracts/:id/facilities',
    { schema: described('Put a facility under a contract of use; it is under one at a time', { body: placing }) },
    async (request, reply) => {
      const { facilityId, validFrom = jstDay(Date.now()) } = request.body
      const given = { contractId: request.params.id, facilityId, validFrom }
      if (!isDay(validFrom)) return answerFault(reply, { fault: 'no such day', day: validFrom })
      const change = changeOf(request, `facility ${facilityId} under contract of use ${given.contractId}`)
      return answerStored(reply, await store.putUnderContract(given, change), given)
    },
  )
}

function registerEnd(app: FastifyInstance, store: AdminPorts['store']): void {
  app.post<Id & { Body: { noticeOn?: string; endsOn: string; reason: string } }>(
    '/service-contracts/:id/end',
    {
      schema: described('End a contract of use by notice; facilities are ended by themselves when the day has come', {
        body: ending,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const { noticeOn = jstDay(Date.now()), endsOn, reason } = request.body
      const found = (await store.serviceContracts()).find(({ contractId }) => contractId === id)
      if (found === undefined) return notFound(reply)
      const end: ContractEnd = { noticeOn, endsOn }
      const fault = endFault({ ...end, startsOn: found.startsOn })
      if (fault !== undefined) return answerContractFault(reply, fault)
      const change = { ...changeOf(request, `contract of use ${id} ends on ${endsOn}`), reason }
      const changed = await store.endServiceContract(id, end, change)
      return changed === 'conflict' ? hasEnd(reply, found) : answerChanged(reply, changed)
    },
  )
}

function withTerm(one: ServiceContractRecord, today: string): object {
  const end = termEnd(one, today)
  return { ...one, state: contractState(one, today), termEndsOn: end, lastNoticeOn: lastNoticeDay(end) }
}

function hasEnd(reply: FastifyReply, { contractId, endsOn }: ServiceContractRecord): FastifyReply {
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: `Contract ${contractId} ends on ${endsOn} already`,
    hint: 'What was given notice of stands; conclude a new contract to go on',
    ja: `契約「${contractId}」は${endsOn}に終了することが登録済みです。継続する場合は新しい契約を登録してください。`,
  })
}

function answerContractFault(reply: FastifyReply, given: ContractFault): FastifyReply {
  switch (given.fault) {
    case 'no such day':
      return answerFault(reply, given)
    case 'starts before the application':
      return invalid(reply, {
        message: 'startsOn is earlier than appliedOn',
        hint: 'Use starts on the day of the application or later',
        ja: '利用開始日は申込日以降の日付を指定してください。',
      })
    case 'starts too late':
      return invalid(reply, {
        message: `startsOn is more than ${MAX_DAYS_TO_START} days after appliedOn`,
        hint: `Give a day up to ${given.latest}, or have the application made again`,
        ja: `利用開始日は申込日から${MAX_DAYS_TO_START}日以内（${given.latest}まで）を指定してください。`,
      })
    case 'ends before it starts':
      return invalid(reply, {
        message: 'endsOn is earlier than the start of the contract',
        hint: 'Give a day on or after the start',
        ja: '終了日は利用開始日以降の日付を指定してください。',
      })
    case 'notice too short':
      return invalid(reply, {
        message: `endsOn is less than ${NOTICE_DAYS} days after noticeOn`,
        hint: `Give ${given.earliest} or a later day`,
        ja: `終了日は通知日から${NOTICE_DAYS}日以後（${given.earliest}以降）を指定してください。`,
      })
  }
  return given satisfies never
}
