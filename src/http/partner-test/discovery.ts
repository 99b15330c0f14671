// A discovery of somebody who was just made up: a neighbouring community answers it without telling of anybody (ITI TF-2 3.55).

import { randomUUID } from 'node:crypto'
import { iti55 } from '../../../profiles/transactions/index.ts'
import type { Finding } from '../../access/administration/partner-test.ts'
import type { DiscoveryReply } from '../../model/discovery.ts'
import type { Demographics } from '../../model/person.ts'
import { since } from './line.ts'
import { failed, passed } from './line-words.ts'
import { type Asked, type Tried, unavailable } from './messages.ts'

const GIVEN_LENGTH = 8
/** Nobody is that old. */
const BIRTH = '18700101'

/** No id of ours is told: nothing is to be kept there. */
export async function tryDiscovery({ community, caller, client }: Asked): Promise<Tried> {
  const given = randomUUID().slice(0, GIVEN_LENGTH)
  const names = [{ representation: 'ABC', family: 'CONNECTION-TEST', given }] as const
  const demographics: Demographics = { names, birthTime: BIRTH, addresses: [], telecoms: [] }
  const started = performance.now()
  const { query, reply } = await client.discover(community, { demographics }, caller)
  const endpoint = community.discoveryUrl ?? community.queryUrl
  const place = { step: 'discovery', at: endpoint, ms: since(started) } as const
  const call = { transaction: iti55.id, endpoint, query, patients: [] }
  if (reply.kind === 'unavailable') {
    const { reason } = reply
    return { step: { ...place, ...unavailable(reason) }, call: { ...call, result: 'failure', reason } }
  }
  return { step: { ...place, ...judged(reply) }, call: { ...call, result: 'success' } }
}

function judged(reply: DiscoveryReply): Finding {
  switch (reply.kind) {
    case 'not found':
    case 'more wanted':
      return passed('it answered: nobody is found', '該当者なしの応答がありました')
    case 'found':
      return failed(
        `it found ${reply.patients.length} patients for somebody who was just made up`,
        'Tell its operator: names and birth dates have to be compared (ITI TF-2 3.55.4.2.3)',
        `架空の人物の照会に${reply.patients.length}件が返されました。氏名・生年月日の照合を相手側に確認してください。`,
      )
    case 'unable': {
      const reasons = reply.reasons.join(', ') || 'no reason'
      if (reply.reasons.includes('AnswerNotAvailable'))
        return {
          result: 'warning',
          message: `it answered that a person would have to look (${reasons})`,
          hint: 'Patients are linked by staff there: agree on linked numbers instead of discovery',
          ja: `自動では回答できないとの応答がありました（${reasons}）。相手側の照合の運用を確認してください。`,
        }
      return failed(
        `it could not answer (${reasons})`,
        'See the answer: tsunagi journal search --facility …; its detail says what the query lacks, or ask its operator',
        `照会に回答できないとの応答がありました（${reasons}）。ジャーナルの応答を確認してください。`,
      )
    }
  }
  reply satisfies never
}
