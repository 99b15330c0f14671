// Whether an answer of a neighbouring community is one to our message, and what of it is taken though it is not to the letter (ITI TF-2 3.38, 3.39).

import { iheError } from '../../profiles/errors/index.ts'
import type { ToleranceCode } from '../../profiles/partners/tolerances.ts'
import { iti18, iti38, iti39, iti43, type Transaction } from '../../profiles/transactions/index.ts'
import { ofAgreedKinds } from '../codec/ebxml/agreed-kinds.ts'
import { mendHomes } from '../codec/ebxml/mend-home.ts'
import type { XmlElement } from '../codec/xml/read.ts'
import type { Community } from '../gateway/ports.ts'
import type { Packaging } from './soap-message.ts'

/** Of the same body, inside an affinity domain. */
const OF_REGISTRY: Readonly<Record<string, string>> = {
  [iti38.id]: iti18.responseAction,
  [iti39.id]: iti43.responseAction,
}

const NOT_OURS = 'the answer is not one to this message'

export interface ComingAnswer {
  readonly action: string
  readonly relatesTo?: string
  readonly body: XmlElement
  readonly packaging: Packaging
}

export interface Expected {
  readonly transaction: Transaction
  readonly messageId: string
  readonly community: Pick<Community, 'home' | 'tolerances' | 'kinds'>
}

export interface TakenAnswer {
  /** Its homes as they should stand, without documents of kinds that are not agreed. */
  readonly body: XmlElement
  /** Tolerances without which it would have been refused. */
  readonly waived: readonly ToleranceCode[]
  /** Kinds of documents that were left out, one for each. */
  readonly leftOut: readonly string[]
}

/** @throws {IheError} COMMUNITY_ANSWER_INVALID */
export function takeAnswer(answer: ComingAnswer, { transaction, messageId, community }: Expected): TakenAnswer {
  const agreed: ReadonlySet<ToleranceCode> = new Set(community.tolerances ?? [])
  const waived = new Set<ToleranceCode>()
  const need = (isGood: boolean, code: ToleranceCode, rule: string): void => {
    if (isGood) return
    if (!agreed.has(code)) throw iheError('COMMUNITY_ANSWER_INVALID', { rule })
    waived.add(code)
  }
  const { action, relatesTo = messageId } = answer
  const isOurs = [transaction.responseAction, OF_REGISTRY[transaction.id]].includes(action) && relatesTo === messageId
  if (!isOurs) throw iheError('COMMUNITY_ANSWER_INVALID', { rule: NOT_OURS })
  need(action === transaction.responseAction, 'action-of-registry', NOT_OURS)
  need(answer.relatesTo !== undefined, 'without-relates-to', NOT_OURS)
  const isPackedWell = transaction.mtom !== 'required' || answer.packaging === 'mtom'
  need(isPackedWell, 'documents-without-mtom', 'documents come as MTOM')
  const mended = mendHomes(answer.body, community.home, {
    bare: agreed.has('home-without-urn'),
    absent: agreed.has('objects-without-home'),
  })
  if (mended.bare) waived.add('home-without-urn')
  if (mended.absent) waived.add('objects-without-home')
  const { body, leftOut } =
    community.kinds === undefined ? { body: mended.body, leftOut: [] } : ofAgreedKinds(mended.body, community.kinds)
  return { body, waived: [...waived], leftOut }
}
