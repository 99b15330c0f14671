// The messages of ITI-55 as the Initiating Gateway sends and reads them: who is asked for, and who that is there (ITI TF-2 3.55.4).

import { iti55, NS } from '../../profiles/transactions/index.ts'
import { CORRELATION_LIFE, readCorrelationLife, writeCorrelationLife } from '../codec/hl7v3/correlation-life.ts'
import { readDiscoveryAnswer } from '../codec/hl7v3/read-discovery-answer.ts'
import { writeDiscovery } from '../codec/hl7v3/write-discovery.ts'
import { newStamp } from '../codec/hl7v3/write-transmission.ts'
import type { Answered as Answer, Asked, Question } from '../gateway/discovery-ports.ts'
import type { Community } from '../gateway/ports.ts'
import { formatIdentifier } from '../model/hl7v3.ts'
import { newOid, type Oid, parseOid } from '../model/identifiers.ts'
import type { Answered, Call } from './partner-message.ts'

const DATE_DIGITS = 8
const QUERY = /<queryByParameter[\s\S]*<\/queryByParameter>/
/** It stands alone in the audit. */
const IN_NAMESPACE = `<queryByParameter xmlns="${NS.hl7}"`

const UNDERSTOOD: ReadonlySet<string> = new Set([CORRELATION_LIFE])

/** The call, and the query as the audit keeps it. */
export function discoveryCall(
  { home, discoveryUrl, queryUrl }: Community,
  { demographics, told }: Question,
  ours: Oid,
): Omit<Call, 'withinMs'> & { readonly query: Asked['query'] } {
  const { names, birthTime, sex, addresses, telecoms, mother = [] } = demographics
  const theirs = parseOid(home.replace(/^urn:oid:/, '')) ?? ours
  const stamp = newStamp()
  const body = writeDiscovery(
    {
      sender: { id: ours, organization: ours },
      receiver: { id: theirs, organization: theirs },
      queryId: { root: newOid() },
      names,
      ...(birthTime === undefined ? {} : { birthDate: birthTime.slice(0, DATE_DIGITS) }),
      ...(sex === undefined ? {} : { sex }),
      ...(addresses[0] === undefined ? {} : { address: addresses[0] }),
      telecoms,
      ...(mother[0] === undefined ? {} : { mother: mother[0] }),
      ids: told === undefined ? [] : [told.id],
      ...(told === undefined ? {} : { reverseAuthority: told.id.authority }),
    },
    stamp,
  )
  return {
    transaction: iti55,
    url: discoveryUrl ?? queryUrl,
    body,
    blocks: told === undefined ? [] : [writeCorrelationLife(told.forSeconds)],
    understood: UNDERSTOOD,
    query: {
      id: formatIdentifier(stamp.id),
      text: (QUERY.exec(body)?.[0] ?? '').replace('<queryByParameter', IN_NAMESPACE),
    },
  }
}

/** @throws {IheError} for what is no answer of ITI-55. */
export function readDiscovered({ body, headers }: Answered): Pick<Answer, 'reply' | 'keptForMs'> {
  const keptForMs = readCorrelationLife(headers)
  return { reply: readDiscoveryAnswer(body), ...(keptForMs === undefined ? {} : { keptForMs }) }
}
