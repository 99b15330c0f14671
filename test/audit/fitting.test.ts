// A query that is too long for a record leaves its digest (RFC 5425, 4.3.1; DICOM PS3.15 A.5.1).

import { createHash } from 'node:crypto'
import t from 'tap'
import { withoutQueries } from '../../src/audit/fitting.ts'
import type { AuditMessage, AuditObject } from '../../src/model/audit-message.ts'

const code = { code: '1', system: 'DCM', text: 'x' }
const patient: AuditObject = { id: 'P-1', typeCode: 1, typeCodeRole: 1, idType: code, details: [] }
const query = `<AdhocQueryRequest>${'架空'.repeat(100)}</AdhocQueryRequest>`
const message: AuditMessage = {
  uuid: '019aa3f0-7c00-7000-8000-00000000000a',
  eventId: code,
  action: 'E',
  at: new Date(0),
  outcome: 0,
  eventTypes: [],
  purposesOfUse: [],
  participants: [],
  source: { sourceId: 'x', types: [] },
  objects: [
    patient,
    {
      id: 'Q',
      typeCode: 2,
      typeCodeRole: 24,
      idType: code,
      query,
      details: [{ type: 'QueryEncoding', value: 'UTF-8' }],
    },
  ],
}

t.test('everything but the query stays; its size and digest say which one it was', async (t) => {
  const { objects, ...rest } = withoutQueries(message)
  const { objects: _, ...before } = message
  t.same(rest, before)
  t.same(objects[0], patient)
  t.notOk(objects[1]?.query)
  const digest = createHash('sha256').update(query).digest('hex')
  t.same(objects[1]?.details, [
    { type: 'QueryEncoding', value: 'UTF-8' },
    { type: 'Query left out', value: `${Buffer.byteLength(query)} bytes, SHA-256 ${digest}` },
  ])
})
