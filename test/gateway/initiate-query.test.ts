// ITI-18 at the Initiating Gateway: who is asked, by which number, and what of an answer is passed on (ITI TF-2 3.18.4.1.3, 3.38.4.1.2).

import t from 'tap'
import { type InitiatedQuery, type InitiatingQueryPorts, initiateQuery } from '../../src/gateway/initiate-query.ts'
import type { Community, Rewriting } from '../../src/gateway/ports.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { ForeignObject } from '../../src/model/foreign-object.ts'
import { formatCx, type Oid, type PatientId } from '../../src/model/identifiers.ts'
import { nothingHere } from './nothing-here.ts'

const OURS: PatientId = { value: '0000012345', authority: '2.25.9121' as Oid }
const THEIRS: PatientId = { value: 'E-1', authority: '2.25.9122' as Oid }
const HOME = 'urn:oid:2.25.9101'
const EAST: Community = {
  facilityId: 'east',
  home: 'urn:oid:2.25.9102',
  queryUrl: 'https://east/q',
  retrieveUrl: 'https://east/r',
  queryMs: 1000,
  identity: 'none',
  isAsynchronous: false,
  retrieveMs: 1000,
}
const CALLER = { systemId: 'clinic-b', facilityId: 'clinic-b', accessMode: 'network' } as unknown as Caller

const object = (given: Partial<ForeignObject>): ForeignObject => ({
  element: 'ExtrinsicObject',
  id: 'urn:uuid:1',
  home: EAST.home,
  patientId: formatCx(THEIRS),
  uniqueId: '2.25.5',
  ends: [],
  xml: '<rim:ExtrinsicObject/>',
  ...given,
})

async function asked(
  query: object,
  given: {
    readonly home?: string
    readonly objects?: readonly ForeignObject[]
    readonly knows?: boolean
    readonly kinds?: readonly string[]
  },
) {
  const sent: Rewriting[] = []
  const whole = { returnType: 'LeafClass', ...query }
  const request = {
    home: given.home,
    query: whole,
    audit: { id: 'q', text: '' },
    rewritten: (change: Rewriting) => {
      sent.push(change)
      return '<query/>'
    },
  } as unknown as InitiatedQuery
  const ports: InitiatingQueryPorts = {
    home: HOME,
    query: nothingHere,
    directory: {
      knowing: async () => (given.knows === false ? [] : [{ ...EAST, ...kindsOf(given), patientId: THEIRS }]),
      ofHome: async (home) => (home === EAST.home ? EAST : undefined),
      mayKnow: async () => new Set([formatCx(THEIRS)]),
    },
    ask: async () => ({ kind: 'answered', result: 'success', objects: given.objects ?? [], errors: [] }),
  }
  return { sent, outcome: await initiateQuery(request, CALLER, ports) }
}

const kindsOf = ({ kinds }: { readonly kinds?: readonly string[] }) => (kinds === undefined ? {} : { kinds })

const about = { kind: 'FindDocuments', patientId: OURS }
const byIds = { kind: 'GetDocuments' }

t.test(
  'a community that is named hears of a patient by its own number, and only when it may be asked about it (3.38.4.1.2)',
  async (t) => {
    const { sent, outcome } = await asked(about, { home: EAST.home, objects: [object({})] })
    t.same(sent, [{ patientId: THEIRS, home: EAST.home }])
    t.equal(outcome.answer.foreign.length, 1)
    t.same(outcome.evidence.patients, [formatCx(OURS)])
    const hidden = await asked(about, { home: EAST.home, knows: false })
    t.same(hidden.sent, [], 'it is not asked')
    t.equal(hidden.outcome.result, 'success', 'as if nothing were there')
    const unknown = await asked(about, { home: 'urn:oid:2.25.7' })
    t.match(unknown.outcome.errors, [{ row: { code: 'HOME_UNKNOWN' } }])
  },
)

t.test(
  'what does not say of whom it is stays out: only associations and references have no patient id (3.38.4.1.3)',
  async (t) => {
    const objects = [
      object({}),
      object({ id: 'urn:uuid:2', patientId: undefined }),
      object({ id: 'urn:uuid:3', element: 'RegistryPackage', patientId: undefined }),
      object({ id: 'urn:uuid:4', element: 'Association', patientId: undefined, ends: ['urn:uuid:1'] }),
    ]
    const shown = ({ outcome }: Awaited<ReturnType<typeof asked>>) => outcome.answer.foreign.map(({ id }) => id)
    t.same(shown(await asked(byIds, { home: EAST.home, objects })), ['urn:uuid:1', 'urn:uuid:4'])
    t.same(shown(await asked(about, { objects })), ['urn:uuid:1', 'urn:uuid:4'])
  },
)

t.test(
  'where agreements cover some kinds alone objects are asked for, also where references were (idlink U-9)',
  async (t) => {
    const references = { ...about, returnType: 'ObjectRef' }
    t.same((await asked(references, { kinds: ['LAB'] })).sent, [{ patientId: THEIRS, objects: true }])
    t.same((await asked(references, {})).sent, [{ patientId: THEIRS }])
  },
)
