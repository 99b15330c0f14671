// Patient Demographics Query in HL7 v2: authorities as CX.4 has them become domains, then it is the query of HL7 v3 (ITI TF-2 3.21).

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { Outcome } from '../model/evidence.ts'
import type { Oid } from '../model/identifiers.ts'
import type { PdqAnswer } from '../model/pdq.ts'
import type { PdqV2Query } from '../model/pdq-v2.ts'
import { formatAuthority } from '../model/pix.ts'
import { authoritiesOf } from './authority.ts'
import { pdqQuery, refused } from './pdq.ts'
import type { PdqPorts } from './pdq-ports.ts'
import type { IdentityPorts } from './ports.ts'

export interface PdqV2Ports extends PdqPorts {
  readonly store: IdentityPorts['store']
}

/** ITI-21 (3.21.4.1.3): the answer of ITI-47, but for persons without an id in the domains wanted, who are left out. */
export async function pdqV2Query(request: PdqV2Query, caller: Caller, ports: PdqV2Ports): Promise<Outcome<PdqAnswer>> {
  const oids = await authoritiesOf([...request.domains, ...request.ids], caller, ports)
  const domains = request.domains.map((domain, index) => ({ ...domain, domain: oids[index] }))
  const ids = request.ids.map((id, index) => ({ ...id, authority: oids[domains.length + index] }))
  const known = domains.length === 0 ? new Map() : await ports.store.domains(oids.filter(isOid))
  const errors = [
    ...domains.filter(({ domain = '' }) => !known.has(domain)),
    ...ids.filter(({ authority }) => authority === undefined),
  ].map((nobodys) => iheError('V3_UNKNOWN_KEY', { at: nobodys.at, value: formatAuthority(nobodys) }))
  if (errors.length > 0) return refused(request, errors)
  return pdqQuery(
    {
      ...request,
      domains: domains.flatMap(({ domain, at }) => (domain === undefined ? [] : { domain, at })),
      ids: ids.flatMap(({ authority, value, at }) =>
        authority === undefined ? [] : { authority, ...(value === undefined ? {} : { value }), at },
      ),
    },
    caller,
    ports,
  )
}

function isOid(oid: Oid | undefined): oid is Oid {
  return oid !== undefined
}
