// tsunagi audit: what was recorded of who did what (docs/access-log.md).

import { registerAuditChain } from './audit-chain.ts'
import { registerAuditRecords } from './audit-records.ts'
import { registerAuditTarget } from './audit-target.ts'
import { registerAuditVerify } from './audit-verify.ts'
import type { Registration } from './context.ts'

export const registerAudit: Registration = (program, terminal) => {
  const group = program.command('audit').description('audit events and the records made of them / 監査記録')
  registerAuditRecords(group, terminal)
  registerAuditTarget(group, terminal)
  registerAuditChain(group, terminal)
  registerAuditVerify(group, terminal)
}
