// The access decision, factor by factor (design §4: union, consent, link, kind and confidentiality; own documents always).

import t from 'tap'
import { admits, mayPublish, scopeOf } from '../../src/access/decide.ts'
import type { AccessFacts, Consent, DocumentTraits } from '../../src/model/access.ts'
import { CONFIDENTIALITY_SCHEME } from '../../src/model/confidentiality.ts'

const comprehensive: Consent = { kind: 'comprehensive', facilities: [], excludedFacilities: [], excludedKinds: [] }
const viewer = {
  facilityId: 'clinic-b',
  accessMode: 'consent',
  confidentialityCeiling: 'N',
  unionFacilities: ['hospital-a', 'clinic-b'],
} as const
const facts: AccessFacts = { linked: true, consents: [comprehensive], emergency: [], stopped: false }
const normal = [`N^^${CONFIDENTIALITY_SCHEME}`]
const document: DocumentTraits = { publisher: 'hospital-a', kind: 'LAB', confidentiality: normal }

/** What the viewer is told of the document, with some facts changed. */
function decision(
  change: {
    readonly viewer?: Partial<Parameters<typeof scopeOf>[0]>
    readonly facts?: Partial<AccessFacts>
    readonly document?: Partial<DocumentTraits>
  } = {},
) {
  const scope = scopeOf({ ...viewer, ...change.viewer }, { ...facts, ...change.facts })
  return admits(scope, { ...document, ...change.document })
}

t.test('union, consent and link together open a document of another facility', async (t) => {
  t.strictSame(decision(), { allowed: true, reason: 'union, consent and link stand' })
})

t.test('each missing factor closes it, with its own reason', async (t) => {
  const excluding = (part: Partial<Consent>) => ({ facts: { consents: [{ ...comprehensive, ...part }] } })
  const cases = [
    [{ facts: { consents: [] } }, 'no consent stands'],
    [{ facts: { linked: false } }, 'the facility has no linked patient number'],
    [excluding({ excludedFacilities: ['clinic-b'] }), 'consent excludes the facility'],
    [excluding({ excludedFacilities: ['hospital-a'] }), 'consent excludes the publishing facility'],
    [excluding({ excludedKinds: ['LAB'] }), 'consent excludes the kind of document'],
    [excluding({ kind: 'individual', facilities: ['hospital-a'] }), 'consent excludes the facility'],
    [excluding({ kind: 'individual', facilities: ['clinic-b'] }), 'consent excludes the publishing facility'],
    [{ viewer: { unionFacilities: [] } }, 'facility is in no union'],
    [{ document: { publisher: 'pharmacy-c' } }, 'no union with the publishing facility'],
    [{ document: { confidentiality: [`R^^${CONFIDENTIALITY_SCHEME}`] } }, 'confidentiality above the system’s ceiling'],
    [{ document: { confidentiality: ['X^^1.2.3'] } }, 'confidentiality above the system’s ceiling'],
  ] as const
  for (const [change, reason] of cases) t.strictSame(decision(change), { allowed: false, reason }, reason)
})

t.test('an exclusion counts in whichever consent it stands', async (t) => {
  const other: Consent = { ...comprehensive, excludedFacilities: ['clinic-b'] }
  t.notOk(decision({ facts: { consents: [comprehensive, other] } }).allowed)
  const kinds: Consent = { ...comprehensive, excludedKinds: ['LAB'] }
  t.notOk(decision({ facts: { consents: [kinds, comprehensive] } }).allowed)
})

t.test('a facility always sees what it published itself', async (t) => {
  const own = { document: { publisher: 'clinic-b', confidentiality: [`V^^${CONFIDENTIALITY_SCHEME}`] } }
  t.strictSame(decision({ ...own, facts: { linked: false, consents: [] } }), { allowed: true, reason: 'own document' })
})

t.test('access mode affinity-domain trusts every registered system', async (t) => {
  const trusted = { viewer: { accessMode: 'affinity-domain', unionFacilities: [] } } as const
  t.strictSame(decision({ ...trusted, facts: { linked: false, consents: [] } }), {
    allowed: true,
    reason: 'affinity-domain mode',
  })
  t.ok(
    mayPublish({ facilityId: 'clinic-b', accessMode: 'affinity-domain' }, { ...facts, linked: false, consents: [] })
      .allowed,
  )
})

t.test('publishing needs a consent that covers the publisher', async (t) => {
  const publisher = { facilityId: 'hospital-a', accessMode: 'consent' } as const
  const reasonOf = (consents: readonly Consent[]) => mayPublish(publisher, { ...facts, consents }).reason
  t.equal(reasonOf([comprehensive]), 'union, consent and link stand')
  t.equal(reasonOf([]), 'no consent stands')
  t.equal(reasonOf([{ ...comprehensive, excludedFacilities: ['hospital-a'] }]), 'consent excludes the facility')
  t.equal(
    reasonOf([{ ...comprehensive, kind: 'individual', facilities: ['clinic-b'] }]),
    'consent excludes the facility',
  )
})

t.test('the ceiling opens what is up to it', async (t) => {
  const restricted = { document: { confidentiality: [`R^^${CONFIDENTIALITY_SCHEME}`] } }
  t.ok(decision({ ...restricted, viewer: { confidentialityCeiling: 'R' } }).allowed)
  t.notOk(decision({ ...restricted, viewer: { confidentialityCeiling: 'U' } }).allowed)
})

t.test('emergency access stands for the link and for being named, and for nothing else (docs/adr/0024)', async (t) => {
  const running = { emergency: [{ kinds: null }] }
  const of = (change: Partial<AccessFacts>) => decision({ facts: { ...running, linked: false, ...change } })
  const opens = { allowed: true, reason: 'emergency access stands' }
  t.strictSame(of({}), opens)
  t.strictSame(of({ consents: [{ ...comprehensive, kind: 'individual', facilities: ['hospital-a'] }] }), opens)
  const closed = (reason: string) => ({ allowed: false, reason })
  t.strictSame(of({ consents: [] }), closed('no consent stands'))
  t.strictSame(of({ stopped: true }), closed('support was stopped'))
  const excluding = (part: Partial<Consent>) => of({ consents: [{ ...comprehensive, ...part }] })
  t.strictSame(excluding({ excludedFacilities: ['clinic-b'] }), closed('consent excludes the facility'))
  t.strictSame(excluding({ excludedFacilities: ['hospital-a'] }), closed('consent excludes the publishing facility'))
  t.strictSame(excluding({ excludedKinds: ['LAB'] }), closed('consent excludes the kind of document'))
  t.strictSame(
    excluding({ kind: 'individual', facilities: ['clinic-b'] }),
    closed('consent excludes the publishing facility'),
  )
  const alone = { ...running, linked: false }
  t.strictSame(decision({ facts: alone, viewer: { unionFacilities: [] } }), closed('facility is in no union'))
  const strict = { confidentiality: [`V^^${CONFIDENTIALITY_SCHEME}`] }
  t.notOk(decision({ facts: alone, document: strict }).allowed, 'what is very restricted stays closed')
})

t.test('emergency access for some kinds opens these, and takes nothing from a link (docs/adr/0024)', async (t) => {
  const facts = { linked: false, emergency: [{ kinds: ['LAB'] }, { kinds: ['MEDICATION'] }] }
  const other = { allowed: false, reason: 'emergency access is for other kinds of document' }
  for (const kind of ['LAB', 'MEDICATION']) t.ok(decision({ facts, document: { kind } }).allowed, kind)
  t.strictSame(decision({ facts, document: { kind: 'REPORT' } }), other)
  t.strictSame(decision({ facts: { ...facts, linked: true }, document: { kind: 'REPORT' } }), {
    allowed: true,
    reason: 'union, consent and link stand',
  })
})

t.test('of a patient whose support was stopped nobody sees or publishes anything, the publisher neither', async (t) => {
  const stopped = { facts: { stopped: true } }
  const answer = { allowed: false, reason: 'support was stopped' }
  t.strictSame(decision(stopped), answer)
  t.strictSame(decision({ ...stopped, document: { publisher: 'clinic-b' } }), answer)
  t.strictSame(decision({ ...stopped, viewer: { accessMode: 'affinity-domain' } }), answer)
  for (const accessMode of ['consent', 'affinity-domain'] as const)
    t.strictSame(mayPublish({ facilityId: 'hospital-a', accessMode }, { ...facts, stopped: true }), answer)
})

const MODES = ['consent', 'affinity-domain'] as const
const CONSENTS: Readonly<Record<string, readonly Consent[]>> = {
  none: [],
  comprehensive: [comprehensive],
  'comprehensive without the viewer': [{ ...comprehensive, excludedFacilities: ['clinic-b'] }],
  'comprehensive without the publisher': [{ ...comprehensive, excludedFacilities: ['hospital-a'] }],
  'comprehensive without laboratory': [{ ...comprehensive, excludedKinds: ['LAB'] }],
  'individual for both': [{ ...comprehensive, kind: 'individual', facilities: ['clinic-b', 'hospital-a'] }],
  'individual for the viewer': [{ ...comprehensive, kind: 'individual', facilities: ['clinic-b'] }],
  'individual for the publisher': [{ ...comprehensive, kind: 'individual', facilities: ['hospital-a'] }],
}
/** In words of the rule: which consents let clinic-b see a laboratory document of hospital-a. */
const OPENING = new Set(['comprehensive', 'individual for both'])

interface Row {
  readonly mode: (typeof MODES)[number]
  readonly consent: string
  readonly linked: boolean
  readonly united: boolean
  readonly publisher: string
  readonly level: string
}

const rows: readonly Row[] = MODES.flatMap((mode) =>
  Object.keys(CONSENTS).flatMap((consent) =>
    [true, false].flatMap((linked) =>
      [true, false].flatMap((united) =>
        ['hospital-a', 'clinic-b'].flatMap((publisher) =>
          ['N', 'R'].map((level) => ({ mode, consent, linked, united, publisher, level })),
        ),
      ),
    ),
  ),
)

function expected({ mode, consent, linked, united, publisher, level }: Row): boolean {
  if (mode === 'affinity-domain' || publisher === 'clinic-b') return true
  return OPENING.has(consent) && linked && united && level === 'N'
}

t.test('every combination of mode, consent, link, union, publisher and confidentiality', async (t) => {
  t.equal(rows.length, 256)
  for (const row of rows) {
    const answer = decision({
      viewer: { accessMode: row.mode, unionFacilities: row.united ? ['clinic-b', 'hospital-a'] : ['clinic-b'] },
      facts: { linked: row.linked, consents: CONSENTS[row.consent] ?? [] },
      document: { publisher: row.publisher, confidentiality: [`${row.level}^^${CONFIDENTIALITY_SCHEME}`] },
    })
    t.equal(answer.allowed, expected(row), JSON.stringify(row))
  }
})

t.test('one restricted code among several closes the document', async (t) => {
  const mixed = { document: { confidentiality: [...normal, `R^^${CONFIDENTIALITY_SCHEME}`] } }
  t.notOk(decision(mixed).allowed)
  t.notOk(decision({ document: { confidentiality: ['N^^1.2.3'] } }).allowed, 'a code of another scheme is unknown')
})
