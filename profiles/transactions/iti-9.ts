// ITI-9 PIX Query over HL7 v2, and what all v2 queries of this server have in common (ITI TF-2 3.9, Appendix C).

import type { Hl7v2Query } from './define.ts'
import { iti45 } from './iti-45.ts'

export const iti9: Hl7v2Query = {
  id: 'ITI-9',
  name: 'PIX Query',
  section: 'ITI TF-2 3.9',
  roles: iti45.roles,
  trigger: 'Q23',
  queryName: 'IHE PIX Query',
  response: { trigger: 'K23', structure: 'RSP_K23' },
  audit: { ...iti45.audit, typeCode: 'ITI-9' },
}

/** HL7 versions of a query; an answer speaks the one of its query. */
export const QUERY_VERSIONS: ReadonlySet<string> = new Set(['2.5', '2.5.1'])
