// An audit record that no repository would take is sent without the query in it: behind it all others would wait (RFC 5425, 4.3.1).

import { createHash } from 'node:crypto'
import type { AuditMessage } from '../model/audit-message.ts'

/** The same message with size and digest of each query in its place; the query itself stays in the audit of this network. */
export function withoutQueries(message: AuditMessage): AuditMessage {
  return {
    ...message,
    objects: message.objects.map(({ query, ...object }) => {
      if (query === undefined) return object
      const bytes = Buffer.from(query)
      const digest = createHash('sha256').update(bytes).digest('hex')
      const value = `${bytes.length} bytes, SHA-256 ${digest}`
      return { ...object, details: [...object.details, { type: 'Query left out', value }] }
    }),
  }
}
