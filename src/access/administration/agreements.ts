// What an agreement on use beyond the network may say (広域的利用; idlink U-9).

import { type Fault, periodFault } from '../administration.ts'
import type { AdministrationStore, Change } from '../ports.ts'
import type { AgreementStore, NewAgreement } from './agreement-ports.ts'

/** Records an agreement with one partner, for a period, about kinds that exist. */
export async function concludeAgreement(
  agreement: NewAgreement,
  change: Change,
  ports: {
    readonly store: Pick<AdministrationStore, 'addAgreement'>
    /** classCodes of the affinity domain. */
    readonly documentKinds: readonly string[]
  },
): Promise<Awaited<ReturnType<AgreementStore['addAgreement']>> | Fault> {
  const { partnerCommunity, partnerUnion, unionId, kinds = [] } = agreement
  if ((partnerCommunity === undefined) === (partnerUnion === undefined)) return { fault: 'no single partner' }
  if (partnerUnion !== undefined && partnerUnion === unionId) return { fault: 'no single partner' }
  const fault = periodFault(agreement)
  if (fault !== undefined) return fault
  const unknown = kinds.find((kind) => !ports.documentKinds.includes(kind))
  if (unknown !== undefined) return { fault: 'unknown kind', kind: unknown, known: ports.documentKinds }
  return ports.store.addAgreement(agreement, change)
}
