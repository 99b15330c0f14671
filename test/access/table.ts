// Reads test/access/decision-table.txt: words of a row become viewer, facts and document, its verdict a decision.

import { readFileSync } from 'node:fs'
import type { Viewer } from '../../src/access/viewer.ts'
import type { AccessFacts, Consent, Decision, DocumentTraits, EmergencyAccess } from '../../src/model/access.ts'
import type { Confidentiality, Level } from '../../src/model/confidentiality.ts'
import { CONFIDENTIALITY_SCHEME } from '../../src/model/confidentiality.ts'
import type { AccessRight, Audience, RightHolder } from '../../src/model/rights.ts'
import type { Job, Purpose } from '../../src/model/user.ts'

export interface TableRow {
  readonly name: string
  readonly viewer: Viewer
  readonly facts: AccessFacts
  readonly document: DocumentTraits
  readonly expected: Decision
}

const yes = (reason: Decision['reason']): Decision => ({ allowed: true, reason })
const no = (reason: Decision['reason']): Decision => ({ allowed: false, reason })

const VERDICTS: Readonly<Record<string, Decision>> = {
  seen: yes('union, consent and link stand'),
  own: yes('own document'),
  affinity: yes('affinity-domain mode'),
  emergency: yes('emergency access stands'),
  stopped: no('support was stopped'),
  purpose: no('the purpose of use opens nothing'),
  'no consent': no('no consent stands'),
  'excludes viewer': no('consent excludes the facility'),
  'excludes publisher': no('consent excludes the publishing facility'),
  'excludes kind': no('consent excludes the kind of document'),
  'no link': no('the facility has no linked patient number'),
  'in no union': no('facility is in no union'),
  'no union': no('no union with the publishing facility'),
  'other kinds': no('emergency access is for other kinds of document'),
  ceiling: no('confidentiality above the system’s ceiling'),
  job: no('confidentiality above the right of the job'),
  person: no('confidentiality above the right of the person'),
  narrowed: no('the viewing facility narrowed the right'),
  unpublished: no('the facility does not publish the kind to the job'),
}

/** What the words of a row change, step by step. */
interface Draft {
  mode: 'consent' | 'affinity-domain'
  ceiling: Confidentiality
  job?: Job
  purpose: Purpose
  unions: Readonly<Record<string, readonly string[]>>
  opensV: string[]
  consents: readonly Consent[]
  linked: boolean
  stopped: boolean
  emergency: EmergencyAccess[]
  rights: AccessRight[]
  audiences: Audience[]
  publisher: string
  kind: string
  codes: readonly string[]
}

const ME = 'clinic-b'
const EAST = [ME, 'hospital-a', 'pharmacy-c']
const UNIONS: Readonly<Record<string, Draft['unions']>> = {
  none: {},
  west: { west: [ME, 'stranger'] },
  two: { east: EAST, west: [ME, 'stranger'] },
  both: { east: EAST, west: [ME, 'hospital-a'] },
}

const COMPREHENSIVE: Consent = { kind: 'comprehensive', facilities: [], excludedFacilities: [], excludedKinds: [] }
const naming = (...facilities: string[]): Consent => ({ ...COMPREHENSIVE, kind: 'individual', facilities })
const excluding = (what: string, consent = COMPREHENSIVE): Consent =>
  what.includes('-') ? { ...consent, excludedFacilities: [what] } : { ...consent, excludedKinds: [what] }

const NAMED: Readonly<Record<string, Consent>> = {
  both: naming(ME, 'hospital-a'),
  'all three': naming(ME, 'hospital-a', 'pharmacy-c'),
}

/** One phrase of a consent: `names both`, `is comprehensive`, `excludes LAB`, or a naming that excludes as well. */
function consentOf(phrase: string): Consent {
  const [, named, excluded] = /^names (.+?)(?: and excludes (\S+))?$/.exec(phrase) ?? []
  if (named !== undefined) {
    const consent = NAMED[named] ?? naming(named)
    return excluded === undefined ? consent : excluding(excluded, consent)
  }
  return phrase.startsWith('excludes ') ? excluding(phrase.slice('excludes '.length)) : COMPREHENSIVE
}

const any = <T extends string>(word: string | undefined): T | undefined =>
  word === undefined || word === '*' ? undefined : (word as T)

function right(holder: RightHolder, [job, kind, ceiling]: readonly string[]): AccessRight {
  const [named, of] = [any<Job>(job), any(kind)]
  return {
    holder,
    ceiling: ceiling as Level,
    ...(named === undefined ? {} : { job: named }),
    ...(of === undefined ? {} : { kind: of }),
  }
}

const personal = (staffId: string, [ceiling = '', , kind = '*']: readonly string[]): AccessRight =>
  right({ of: 'person', staffId }, ['*', kind, ceiling])

function codesOf(words: readonly string[]): readonly string[] {
  if (words.join(' ') === 'N of another scheme') return ['N^^1.2.3']
  return words.filter((word) => word !== 'none').map((code) => `${code}^^${CONFIDENTIALITY_SCHEME}`)
}

function audienceOf([facilityId = '', kind, ...jobs]: readonly string[]): Audience {
  const of = any(kind)
  const to = jobs[0] === 'all' ? 'all' : jobs[0] === 'nobody' ? [] : (jobs as Job[])
  return { facilityId, jobs: to, ...(of === undefined ? {} : { kind: of }) }
}

/** Words of the table, each with what it does. */
const WORDS: Readonly<Record<string, (draft: Draft, words: readonly string[]) => void>> = {
  usual: () => {},
  mode: (draft) => {
    draft.mode = 'affinity-domain'
  },
  ceiling: (draft, [ceiling]) => {
    draft.ceiling = ceiling as Confidentiality
  },
  job: (draft, [job]) => {
    draft.job = job as Job
  },
  purpose: (draft, [purpose]) => {
    draft.purpose = purpose as Purpose
  },
  union: (draft, [which = '']) => {
    draft.unions = UNIONS[which] ?? {}
  },
  link: (draft) => {
    draft.linked = false
  },
  stopped: (draft) => {
    draft.stopped = true
  },
  consent: (draft, words) => {
    const phrases = words.join(' ').split(/ and another /)
    draft.consents = phrases[0] === 'none' ? [] : phrases.map(consentOf)
  },
  emergency: (draft, words) => {
    const kinds = words.join(' ') === 'two grants' ? [['LAB'], ['REPORT']] : [words[0] === 'all' ? null : words]
    draft.emergency.push(...kinds.map((of) => ({ kinds: of })))
  },
  publisher: (draft, [publisher = '']) => {
    draft.publisher = publisher === 'own' ? ME : publisher
  },
  kind: (draft, [kind = '']) => {
    draft.kind = kind
  },
  code: (draft, words) => {
    draft.codes = codesOf(words)
  },
  codes: (draft, words) => {
    draft.codes = codesOf(words)
  },
  network: (draft, words) => draft.rights.push(right({ of: 'network' }, words)),
  east: (draft, words) => ofUnion(draft, 'east', words),
  west: (draft, words) => ofUnion(draft, 'west', words),
  facility: (draft, words) => draft.rights.push(right({ of: 'facility', facilityId: ME }, words)),
  elsewhere: (draft, words) => draft.rights.push(right({ of: 'facility', facilityId: 'pharmacy-c' }, words)),
  person: (draft, words) => {
    draft.job ??= 'doctor'
    draft.rights.push(personal('me', words))
  },
  colleague: (draft, words) => draft.rights.push(personal('colleague', words)),
  audience: (draft, words) => draft.audiences.push(audienceOf(words)),
}

function ofUnion(draft: Draft, unionId: string, words: readonly string[]): void {
  if (words[0] === 'opens') draft.opensV.push(unionId)
  else draft.rights.push(right({ of: 'union', unionId }, words))
}

function rowOf(line: string): TableRow {
  const [situation = '', verdict = ''] = line.split('->').map((part) => part.trim())
  const draft: Draft = {
    mode: 'consent',
    ceiling: 'N',
    purpose: 'treatment',
    unions: { east: EAST },
    opensV: [],
    consents: [COMPREHENSIVE],
    linked: true,
    stopped: false,
    emergency: [],
    rights: [],
    audiences: [],
    publisher: 'hospital-a',
    kind: 'LAB',
    codes: codesOf(['N']),
  }
  for (const phrase of situation.split(';')) {
    const [word = '', ...more] = phrase.trim().split(' ')
    const apply = WORDS[word]
    if (apply === undefined) throw new Error(`the table says "${word}", which nobody understands: ${line}`)
    apply(draft, more)
  }
  const expected = VERDICTS[verdict]
  if (expected === undefined) throw new Error(`no verdict is called "${verdict}": ${line}`)
  return { name: line, ...situationOf(draft), expected }
}

function situationOf(draft: Draft): Pick<TableRow, 'viewer' | 'facts' | 'document'> {
  const { job, purpose, consents, linked, emergency, stopped, rights, audiences } = draft
  const unions = Object.entries(draft.unions).map(([unionId, facilities]) => ({
    unionId,
    facilities,
    emergencyOpensV: draft.opensV.includes(unionId),
  }))
  const user = { name: 'me', origin: 'session', staffId: 'me', roles: [], purpose } as const
  return {
    viewer: {
      facilityId: ME,
      accessMode: draft.mode,
      confidentialityCeiling: draft.ceiling,
      unionFacilities: [...new Set(unions.flatMap(({ facilities }) => facilities))],
      rules: { unions, rights, audiences },
      ...(job === undefined ? {} : { user: { ...user, job } }),
    },
    facts: { linked, consents, emergency, stopped },
    document: { publisher: draft.publisher, kind: draft.kind, confidentiality: draft.codes },
  }
}

export const rows: readonly TableRow[] = readFileSync(new URL('decision-table.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map(rowOf)
