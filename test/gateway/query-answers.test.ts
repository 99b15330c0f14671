// What an Initiating Gateway makes of the answers of communities to one query (ITI TF-2 3.18.4.1.3, 3.38.4.1.3).

import t from 'tap'
import { initiateQuery } from '../../src/gateway/initiate-query.ts'
import type { QueryReply } from '../../src/gateway/ports.ts'
import type { Caller } from '../../src/model/caller.ts'
import { type PatientId, parseCx } from '../../src/model/identifiers.ts'
import type { StoredQuery } from '../../src/model/stored-query.ts'
import { nothingHere } from './nothing-here.ts'

const home = 'urn:oid:2.25.2'
const caller = { systemId: 'clinic-b', facilityId: 'clinic-b' } as Caller
const patientId = parseCx('1^^^&2.25.9&ISO')
const theirId = parseCx('E77^^^&2.25.90&ISO') as PatientId
const query = { kind: 'FindDocuments', patientId, returnType: 'LeafClass' } as unknown as Extract<
  StoredQuery,
  { readonly patientId: unknown }
>

function ask(reply: QueryReply) {
  const audit = { id: 'urn:uuid:14d4debf', text: '<own/>' }
  return initiateQuery({ home: undefined, query, audit, rewritten: () => '<theirs/>' }, caller, {
    home: 'urn:oid:2.25.1',
    query: nothingHere,
    directory: {
      knowing: async () => [
        {
          facilityId: 'east',
          home,
          queryUrl: 'https://east/q',
          retrieveUrl: 'https://east/r',
          queryMs: 1000,
          identity: 'none',
          isAsynchronous: false,
          retrieveMs: 1000,
          patientId: theirId,
        },
      ],
      ofHome: async () => undefined,
      mayKnow: async () => new Set(),
    },
    ask: async () => reply,
  })
}

t.test('a Failure that names no error is no success without results (3.18.4.1.3)', async (t) => {
  const outcome = await ask({ kind: 'answered', result: 'failure', objects: [], errors: [] })
  t.equal(outcome.result, 'partial')
  t.match(outcome.errors, [{ location: home }])
})

t.test('the call tells what was asked there, with the number that the patient has there (3.38.6)', async (t) => {
  const outcome = await ask({ kind: 'answered', result: 'success', objects: [], errors: [] })
  t.equal(outcome.result, 'success')
  t.match(outcome.evidence.calls, [
    { patients: ['E77^^^&2.25.90&ISO'], query: { id: 'urn:uuid:14d4debf', text: '<theirs/>', home } },
  ])
})
