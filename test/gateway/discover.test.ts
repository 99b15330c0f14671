// ITI-55 at the Initiating Gateway: what is asked, and what of an answer is believed (ITI TF-2 3.55.4).

import t from 'tap'
import { createDiscovery } from '../../src/gateway/discover.ts'
import type { Asked, DiscoveryPorts, Finding, Question, Subject } from '../../src/gateway/discovery-ports.ts'
import { type InitiatedQuery, initiateQuery } from '../../src/gateway/initiate-query.ts'
import type { Community, Discoverable, Knowing } from '../../src/gateway/ports.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { DiscoveredPatient, DiscoveryReply } from '../../src/model/discovery.ts'
import type { Oid, PatientId } from '../../src/model/identifiers.ts'
import { nothingHere } from './nothing-here.ts'

const OURS: PatientId = { value: 'X1', authority: '2.25.9121' as Oid }
const MINUTE_MS = 60_000
const community = (facilityId: string, home: string): Community => ({
  facilityId,
  home: `urn:oid:${home}`,
  queryUrl: `https://${facilityId}/q`,
  retrieveUrl: `https://${facilityId}/r`,
  discoveryUrl: `https://${facilityId}/d`,
  queryMs: 1000,
  retrieveMs: 1000,
  identity: 'xcpd',
  isAsynchronous: false,
})
const EAST: Discoverable = { ...community('east', '2.25.9102'), personKey: '7', isTold: true }
const SOUTH = community('south', '2.25.9103')
const CALLER = { systemId: 'clinic-b', facilityId: 'clinic-b', accessMode: 'consent' } as unknown as Caller
const SUBJECT: Subject = {
  personKey: '7',
  patientId: OURS,
  state: 's',
  demographics: {
    names: [{ representation: 'IDE', family: '架空', given: '花子' }],
    birthTime: '197001020830',
    sex: 'F',
    addresses: [{ text: '架空県' }],
    telecoms: ['tel:00-0000-0000'],
  },
}

const patient = (value: string, given: Partial<DiscoveredPatient> = {}): DiscoveredPatient => ({
  id: { id: { value, authority: '2.25.9122' as Oid }, authorityName: '' },
  home: '2.25.9102' as Oid,
  otherIds: [],
  demographics: { names: [], addresses: [], telecoms: [], birthTime: '19700102', sex: 'F' },
  score: 100,
  ...given,
})
const found = (...patients: readonly DiscoveredPatient[]): DiscoveryReply => ({ kind: 'found', patients })

interface Given {
  readonly replies: readonly Asked['reply'][]
  readonly subject?: Subject
  readonly community?: Discoverable
  readonly keptForMs?: number
  readonly taken?: string
  /** Of the person, while the community was asked. */
  readonly changes?: string
}

async function discovered(given: Given) {
  const questions: Question[] = []
  const kept: Finding[] = []
  const replies = [...given.replies]
  const ports: DiscoveryPorts = {
    subjectOf: async () => {
      const subject = given.subject ?? SUBJECT
      return questions.length === 0 || given.changes === undefined ? subject : { ...subject, state: given.changes }
    },
    keep: async (finding) => {
      if (finding.found.kind === 'known' && finding.found.id.value === given.taken) return 'taken'
      kept.push(finding)
      return 'kept'
    },
    ask: async (_, question) => {
      questions.push(question)
      const reply = replies.shift() ?? { kind: 'unavailable', reason: 'nothing to answer' }
      const { keptForMs } = given
      const query = { id: 'm', text: '<queryByParameter/>' }
      if (reply.kind === 'unavailable') return { query, reply }
      return { query, reply, exchangeId: 'e', ...(keptForMs === undefined ? {} : { keptForMs }) }
    },
    ofHome: async (home) => (home === SOUTH.home ? SOUTH : undefined),
    home: '2.25.9101',
    toldForSeconds: 3600,
    budgetMs: 5000,
    keptForMs: 60 * MINUTE_MS,
    unknownForMs: 30 * MINUTE_MS,
  }
  const discover = createDiscovery(ports)
  const asked = await Promise.all([1, 2].map(() => discover(given.community ?? EAST, CALLER)))
  const [{ discovered, calls } = { discovered: undefined, calls: [] }, second] = asked
  return {
    discovered,
    calls,
    second,
    questions,
    kept: kept.map(({ facilityId, found }) => ({ facilityId, ...found })),
    findings: kept,
  }
}

t.test('3.55.4.1: one match is kept; asked are names, birth date and sex, told is our own id', async (t) => {
  const {
    discovered: what,
    questions,
    kept,
    findings,
    calls,
    second,
  } = await discovered({ replies: [found(patient('E-1'))] })
  t.same(what, { kind: 'known' })
  const { names, sex, birthTime } = SUBJECT.demographics
  const told = { id: OURS, home: '2.25.9101', forSeconds: 3600 }
  t.same(
    questions,
    [{ demographics: { names, sex, birthTime, addresses: [], telecoms: [] }, told }],
    'once for two who wait',
  )
  t.same(kept, [{ facilityId: 'east', kind: 'known', id: { value: 'E-1', authority: '2.25.9122' }, told }])
  t.equal(findings[0]?.forMs, 60 * MINUTE_MS)
  t.match(calls, [{ transaction: 'ITI-55', endpoint: 'https://east/d', result: 'success', patients: [] }], '3.55.6')
  t.same(second?.calls, [], 'and is audited once')
  const untold = await discovered({ replies: [found(patient('E-1'))], community: { ...EAST, isTold: false } })
  t.notOk('told' in (untold.questions[0] ?? {}), 'a community that may not ask us is not told our id')
})

t.test(
  '3.55.4.1.2: names are asked for without the marks of staff, which would be refused as a wish for more',
  async (t) => {
    const [own] = SUBJECT.demographics.names
    if (own === undefined) throw new Error('a name')
    const marked = { ...own, given: '花子 ＊' }
    const alone = { ...own, family: '', given: '*' }
    const mother = [{ ...own, family: '架空*', given: '' }]
    const demographics = { ...SUBJECT.demographics, names: [marked, alone], mother }
    const replies = [{ kind: 'more wanted', wanted: ['mother'] }, found(patient('E-1'))] as const
    const { questions } = await discovered({ replies, subject: { ...SUBJECT, demographics } })
    t.same(questions[0]?.demographics.names, [own])
    t.same(questions[1]?.demographics.mother, [{ ...own, given: '' }])
    const nameless = { ...SUBJECT, demographics: { ...demographics, names: [alone] } }
    t.same((await discovered({ replies: [], subject: nameless })).questions, [])
  },
)

t.test('3.55.4.1.2.1: nor notes of staff and forms of address, in whatever width', async (t) => {
  const asked = async (family: string, given: string) => {
    const names = [{ representation: 'IDE', family, given } as const]
    const subject = { ...SUBJECT, demographics: { ...SUBJECT.demographics, names } }
    const [question] = (await discovered({ replies: [{ kind: 'not found' }], subject })).questions
    return question?.demographics.names.map((name) => `${name.family}|${name.given}`)
  }
  for (const given of [
    '花子様',
    '花子 様',
    '花子（死亡）',
    '花子　（死亡） 様',
    '花子【同姓同名】',
    '花子※要確認',
    '花子 さん',
  ])
    t.same(await asked('架空', given), ['架空|花子'], given)
  t.same(await asked('架空(旧姓見本)', '花子'), ['架空|花子'])
  t.same(await asked('架空　旧姓 見本', '花子'), ['架空|花子'])
  t.same(await asked('ｶｸｳ', 'ﾊﾅｺ ｻﾏ'), ['ｶｸｳ|ﾊﾅｺ'])
  t.same(await asked('KAKUU', 'Hanako Ms'), ['KAKUU|Hanako'])
  t.same(await asked('架空 花子 さん', ''), ['架空 花子|'])
  t.same(await asked('Kakuu San', ''), ['Kakuu San|'], 'two words of one field are family and given name')
  t.same(await asked('カクウ', 'ケイサン'), ['カクウ|ケイサン'], 'what stands for itself is a name')
  t.same(await asked('(死亡)', ''), undefined, 'without a name nobody is asked for')
})

t.test('3.55.4.1.2.3: an id is kept as long as the community says, within what is sensible', async (t) => {
  const lives = await Promise.all(
    [0, 40 * MINUTE_MS, 400 * 24 * 60 * MINUTE_MS].map(async (keptForMs) => {
      const { findings } = await discovered({ replies: [found(patient('E-1'))], keptForMs })
      return (findings[0]?.forMs ?? 0) / MINUTE_MS
    }),
  )
  t.same(lives, [15, 40, 90 * 24 * 60])
})

t.test('3.55.4.2.2.1: nobody there, several, somebody else: nobody is guessed', async (t) => {
  const of = async (reply: DiscoveryReply, given: Partial<Given> = {}) =>
    (await discovered({ replies: [reply], ...given })).kept
  t.same(await of({ kind: 'not found' }), [{ facilityId: 'east', kind: 'unknown' }])
  const cx = (value: string) => `${value}^^^&2.25.9122&ISO`
  const open = (reason: string, ...told: readonly string[]) => [{ facilityId: 'east', kind: 'open', reason, told }]
  t.same(await of(found(patient('E-1'), patient('E-2'))), open('several', cx('E-1'), cx('E-2')))
  t.match(await of(found(patient('E-1'), patient('E-1'))), [{ kind: 'known' }], 'the same one twice is one')
  const described = { ...patient('E-1').demographics, birthTime: '19710102' }
  t.same(await of(found(patient('E-1', { demographics: described }))), open('contradiction', cx('E-1')))
  const vague = { ...described, birthTime: '1970', sex: 'UN' } as const
  t.match(await of(found(patient('E-1', { demographics: vague }))), [{ kind: 'known' }], 'less is no contradiction')
  t.same(await of(found(patient('E-1')), { taken: 'E-1' }), open('another person', cx('E-1')))
  const unable = { kind: 'unable', reasons: ['AnswerNotAvailable'], details: [] } as const
  t.same(await of(unable), open('not answered', 'AnswerNotAvailable'))
})

t.test('3.55.4.2.2.1 case 3: more data is given once, as far as there is any', async (t) => {
  const wanted = { kind: 'more wanted', wanted: ['telecom', 'mother'] } as const
  const again = await discovered({ replies: [wanted, found(patient('E-1'))] })
  t.same(again.discovered, { kind: 'known' })
  t.match(
    again.questions[1]?.demographics,
    { telecoms: ['tel:00-0000-0000'], addresses: [] },
    'what is not wanted is not told',
  )
  t.equal(again.calls.length, 2)
  const vain = await discovered({ replies: [wanted, wanted, found(patient('E-1'))] })
  t.equal(vain.questions.length, 2)
  t.match(vain.kept, [{ kind: 'open', reason: 'more wanted', told: ['telecom', 'mother'] }])
  const nothing = await discovered({ replies: [{ kind: 'more wanted', wanted: ['mother'] }] })
  t.equal(nothing.questions.length, 1)
  const withdrawn = await discovered({ replies: [wanted, found(patient('E-1'))], changes: 'a consent less' })
  t.same([withdrawn.discovered, withdrawn.kept], [{ kind: 'changed' }, []])
  t.equal(
    withdrawn.questions.length,
    1,
    'who changed, or withdrew the consent, while it was asked is not described further',
  )
})

t.test('3.55.4.2.2.4: the home of an answer is followed when it is known here', async (t) => {
  const there = patient('S-1', { home: '2.25.9103' as Oid })
  t.match((await discovered({ replies: [found(there)] })).kept, [
    { facilityId: 'south', kind: 'known', id: { value: 'S-1' } },
    { facilityId: 'east', kind: 'unknown' },
  ])
  const { findings } = await discovered({ replies: [found(there)], keptForMs: 24 * 60 * MINUTE_MS })
  t.match(findings, [{ secondHand: true, forMs: 60 * MINUTE_MS }, { facilityId: 'east' }], 'for no longer than we say')
  t.notOk('secondHand' in (findings[1] ?? {}))
  const nowhere = patient('Z-1', { home: '2.25.7' as Oid })
  t.match((await discovered({ replies: [found(nowhere)] })).kept, [
    { facilityId: 'east', kind: 'open', reason: 'unknown home', told: ['urn:oid:2.25.7'] },
  ])
  t.match((await discovered({ replies: [found(nowhere, patient('E-1'))] })).kept, [
    { facilityId: 'east', kind: 'known' },
  ])
})

t.test('who cannot be asked for, and a community that does not answer, leave nothing behind', async (t) => {
  const nameless = { ...SUBJECT, demographics: { ...SUBJECT.demographics, names: [] } }
  const unasked = await discovered({ replies: [], subject: nameless })
  t.same([unasked.discovered, unasked.questions], [{ kind: 'not asked' }, []], '3.55.4.1.2.1: name and birth date')
  const busy = await discovered({ replies: [{ kind: 'unable', reasons: ['ResponderBusy'], details: [] }] })
  t.same([busy.discovered, busy.kept], [{ kind: 'unavailable', reason: 'ResponderBusy' }, []])
  const down = await discovered({ replies: [{ kind: 'unavailable', reason: 'ECONNREFUSED' }] })
  t.same([down.discovered, down.kept], [{ kind: 'unavailable', reason: 'ECONNREFUSED' }, []])
  t.match(down.calls, [{ result: 'failure', reason: 'ECONNREFUSED' }])
})

const QUERY = {
  home: undefined,
  query: { kind: 'FindDocuments', returnType: 'LeafClass', patientId: OURS },
  audit: { id: 'q', text: '' },
  rewritten: () => '<query/>',
} as unknown as InitiatedQuery

/** One community is known from before, another is discovered. */
async function queried(reason?: string) {
  const knowing: Knowing[] = [{ ...SOUTH, patientId: { value: 'S-1', authority: '2.25.9123' as Oid } }]
  const asked: string[] = []
  const outcome = await initiateQuery(QUERY, CALLER, {
    home: 'urn:oid:2.25.9101',
    query: nothingHere,
    directory: {
      knowing: async () => [...knowing],
      ofHome: async () => undefined,
      mayKnow: async () => new Set<string>(),
    },
    ask: async ({ facilityId, queryMs }) => {
      asked.push(queryMs <= EAST.queryMs ? facilityId : `${facilityId} for too long`)
      return { kind: 'answered', result: 'success', objects: [], errors: [] }
    },
    discovery: {
      undiscovered: async () => [EAST],
      discover: async () => {
        if (reason !== undefined) return { discovered: { kind: 'unavailable', reason }, calls: [] }
        knowing.push({ ...EAST, patientId: { value: 'E-1', authority: '2.25.9122' as Oid } })
        return {
          discovered: { kind: 'known' },
          calls: [{ transaction: 'ITI-55', endpoint: 'https://east/d', result: 'success' }],
        }
      },
      budgetMs: 5000,
    },
  })
  return { asked, outcome }
}

t.test('3.18.4.1.3, 3.55: who becomes known by discovery is asked in the same query, each once', async (t) => {
  const { asked, outcome } = await queried()
  t.same(asked.toSorted(), ['east', 'south'])
  t.equal(outcome.result, 'success')
  t.same(outcome.evidence.calls?.map(({ transaction }) => transaction).toSorted(), ['ITI-38', 'ITI-38', 'ITI-55'])
  const without = await queried('no whole answer in time')
  t.same(without.asked, ['south'])
  t.equal(without.outcome.result, 'partial')
  t.match(without.outcome.errors, [{ row: { code: 'COMMUNITY_UNAVAILABLE' }, location: EAST.home }])
})

t.test('what another query learns while this one looks whom to ask is not missed (3.18.4.1.3)', async (t) => {
  const known: Knowing = { ...EAST, patientId: { value: 'E-1', authority: '2.25.9122' as Oid } }
  for (const first of ['knowing', 'undiscovered']) {
    let isLearned = false
    const asked: string[] = []
    // The other query's answer is kept after the first of the two looks, whichever that is, and before the second.
    const look = async <T>(name: string, value: () => T): Promise<T> => {
      if (name !== first) await new Promise((resolve) => setImmediate(resolve))
      const seen = value()
      isLearned = true
      return seen
    }
    await initiateQuery(QUERY, CALLER, {
      home: 'urn:oid:2.25.9101',
      query: nothingHere,
      directory: {
        knowing: () => look('knowing', () => (isLearned ? [known] : [])),
        ofHome: async () => undefined,
        mayKnow: async () => new Set<string>(),
      },
      ask: async ({ facilityId }) => {
        asked.push(facilityId)
        return { kind: 'answered', result: 'success', objects: [], errors: [] }
      },
      discovery: {
        undiscovered: () => look('undiscovered', () => (isLearned ? [] : [EAST])),
        discover: async () => ({ discovered: { kind: 'known' }, calls: [] }),
        budgetMs: 5000,
      },
    })
    t.same(asked, ['east'], `${first} is read first`)
  }
})

t.test(
  'a community that another one told of has its own time, not what that one left of its (3.55.4.2.2.4)',
  async (t) => {
    const hasty = { ...EAST, queryMs: 1000 }
    const patient = { ...SOUTH, queryMs: 600_000, patientId: { value: 'S-1', authority: '2.25.9123' as Oid } }
    const known: Knowing[] = []
    const times: number[] = []
    const curtailed: (true | undefined)[] = []
    await initiateQuery(QUERY, CALLER, {
      home: 'urn:oid:2.25.9101',
      query: nothingHere,
      directory: {
        knowing: async () => [...known],
        ofHome: async () => undefined,
        mayKnow: async () => new Set<string>(),
      },
      ask: async ({ queryMs, isCurtailed }) => {
        times.push(queryMs)
        curtailed.push(isCurtailed)
        return { kind: 'answered', result: 'success', objects: [], errors: [] }
      },
      discovery: {
        undiscovered: async () => [hasty],
        discover: async () => {
          known.push(patient)
          return { discovered: { kind: 'unknown' }, calls: [] }
        },
        budgetMs: 900_000,
      },
    })
    t.same(
      times.map((ms) => ms > hasty.queryMs && ms <= patient.queryMs),
      [true],
    )
    t.same(curtailed, [true], 'what it is told to have is less: it has not failed when that ends')
  },
)

t.test(
  'a patient who is changed while a community is asked is asked for once more, or it is named (3.18.4.1.3)',
  async (t) => {
    const known: Knowing = { ...EAST, patientId: { value: 'E-1', authority: '2.25.9122' as Oid } }
    const call = { transaction: 'ITI-55', endpoint: 'https://east/d', result: 'success' } as const
    const queriedWhile = async (changes: number, isStillAsked = true) => {
      let left = changes
      let isKnown = false
      let looks = 0
      const outcome = await initiateQuery(QUERY, CALLER, {
        home: 'urn:oid:2.25.9101',
        query: nothingHere,
        directory: {
          knowing: async () => (isKnown ? [known] : []),
          ofHome: async () => undefined,
          mayKnow: async () => new Set<string>(),
        },
        ask: async () => ({ kind: 'answered', result: 'success', objects: [], errors: [] }),
        discovery: {
          undiscovered: async () => {
            looks += 1
            return looks === 1 || isStillAsked ? [EAST] : []
          },
          discover: async () => {
            left -= 1
            isKnown = left < 0
            return { discovered: { kind: isKnown ? 'known' : 'changed' }, calls: [call] }
          },
          budgetMs: 5000,
        },
      })
      const transactions = outcome.evidence.calls?.map(({ transaction }) => transaction)
      return [outcome.result, transactions, outcome.errors.map(({ location }) => location)]
    }
    t.same(await queriedWhile(1), ['success', ['ITI-55', 'ITI-55', 'ITI-38'], []])
    t.same(await queriedWhile(2), ['partial', ['ITI-55', 'ITI-55'], [EAST.home]])
    t.same(
      await queriedWhile(1, false),
      ['success', ['ITI-55'], []],
      'of whom nobody may be told any more nothing is said',
    )
  },
)
