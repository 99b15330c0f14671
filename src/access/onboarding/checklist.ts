// The checklist of a vendor's first hour: which first steps a system with these roles takes, and which of them it has taken.

import { errorRow } from '../../../profiles/errors/index.ts'
import {
  auditRows,
  iti9,
  iti18,
  iti21,
  iti41,
  iti42,
  iti43,
  iti44Add,
  iti44Merge,
  iti44RegistryAdd,
  iti44RegistryMerge,
  iti44RegistryRevise,
  iti44Revise,
  iti45,
  iti47,
  iti51,
  iti61,
  storeClientDemographics,
  storeClientPush,
  type Transaction,
} from '../../../profiles/transactions/index.ts'
import { ITI8_FEEDS } from '../../../profiles/transactions/iti-8.ts'
import type { Role } from '../../model/caller.ts'
import type { First, LastRefusal, Progress } from './ports.ts'

/** The checklist itself, as the journal names it: to ask for it is a first connection too. */
export const CHECKLIST_TRANSACTION = 'Onboarding checklist'
/** What the journal calls a message that was refused before its transaction was known. */
const UNKNOWN_TRANSACTION = 'unknown'

/** Everything that a system may have begun with. */
export const WATCHED_TRANSACTIONS: readonly string[] = [...auditRows.keys(), CHECKLIST_TRANSACTION, UNKNOWN_TRANSACTION]

type Kind = Pick<Transaction, 'id' | 'roles'>

const MESSAGES: readonly Kind[] = [
  storeClientPush,
  storeClientDemographics,
  iti41,
  iti42,
  iti61,
  iti44Add,
  iti44Revise,
  iti44Merge,
  iti44RegistryAdd,
  iti44RegistryRevise,
  iti44RegistryMerge,
  ...ITI8_FEEDS,
]
const QUERIES: readonly Kind[] = [iti18, iti51, iti45, iti9, iti47, iti21]
const RETRIEVES: readonly Kind[] = [iti43]

interface Wording {
  readonly en: string
  readonly ja: string
  /** What to do next, while it is not done. */
  readonly whatNext: { readonly en: string; readonly ja: string }
}

const STEPS = {
  'certificate-issued': {
    en: 'Certificate issued',
    ja: '証明書の発行',
    whatNext: {
      en: 'Redeem the invitation: POST /onboarding/redeem',
      ja: '招待コードを引き換えてください（POST /onboarding/redeem）。',
    },
  },
  'first-connection': {
    en: 'First connection with the certificate',
    ja: '証明書による最初の接続',
    whatNext: {
      en: 'Connect with the certificate: GET /onboarding/checklist shows this list',
      ja: '証明書を提示して接続してください（GET /onboarding/checklist でこの一覧が表示されます）。',
    },
  },
  'first-message': {
    en: 'First message received',
    ja: '最初の電文の受信',
    whatNext: {
      en: 'Send one message of a test patient: docs/onboarding.md has one to paste',
      ja: 'テスト患者の電文を1件送信してください（docs/onboarding.md に例があります）。',
    },
  },
  'first-accepted': {
    en: 'First message accepted',
    ja: '最初の電文の受理',
    whatNext: {
      en: 'Mend what the last refusal names, and send the message again',
      ja: '直近の拒否理由を修正し、再送してください。',
    },
  },
  'first-query': {
    en: 'First query answered',
    ja: '最初の照会への応答',
    whatNext: {
      en: 'Ask one query about a test patient: docs/onboarding.md has one to paste',
      ja: 'テスト患者について照会を1回送信してください（docs/onboarding.md に例があります）。',
    },
  },
  'first-retrieve': {
    en: 'First document retrieved',
    ja: '最初の文書取得',
    whatNext: {
      en: 'Retrieve one document that a query found: ITI-43 at /xds/repository',
      ja: '照会で見つかった文書を1件取得してください（ITI-43、/xds/repository）。',
    },
  },
} as const satisfies Readonly<Record<string, Wording>>

export type StepName = keyof typeof STEPS

export interface Step {
  readonly step: StepName
  /** When it was taken; absent: not yet. */
  readonly at?: string
  /** Id of the exchange. */
  readonly journal?: string
  readonly en: string
  readonly ja: string
}

export interface Refusal {
  readonly at: string
  readonly transaction: string
  readonly journal: string
  readonly code: string
  /** Element and rule. Never the value: it may name a patient. */
  readonly place?: string
  readonly rule?: string
  readonly message: string
  readonly hint: string
  readonly ja: string
}

export interface Checklist {
  readonly systemId: string
  readonly facilityId: string
  readonly roles: readonly Role[]
  readonly isComplete: boolean
  readonly steps: readonly Step[]
  /** The first step that is not taken yet, and what to do about it. */
  readonly next?: { readonly step: StepName; readonly en: string; readonly ja: string }
  readonly lastRefusal?: Refusal
  /** Until when the certificate is valid that lasts longest. */
  readonly certificateValidTo?: string
}

/** What audit and journal know, as a list with the steps that apply to the roles of the system only. */
export function checklistOf(progress: Progress): Checklist {
  const { system, validTo, lastRefusal } = progress
  const steps = stepsOf(progress)
  const next = steps.find(({ at }) => at === undefined)?.step
  return {
    systemId: system.systemId,
    facilityId: system.facilityId,
    roles: system.roles,
    isComplete: next === undefined,
    steps,
    ...(next === undefined ? {} : { next: { step: next, ...STEPS[next].whatNext } }),
    ...(lastRefusal === undefined ? {} : { lastRefusal: refusalOf(lastRefusal) }),
    ...(validTo === undefined ? {} : { certificateValidTo: validTo }),
  }
}

type Taken = Pick<Step, 'at' | 'journal'>

function stepsOf({ system, certificate, firsts }: Progress): readonly Step[] {
  const answered = firsts.filter(({ result }) => result !== 'failure')
  const of = (kinds: readonly Kind[], among: readonly First[]): Taken =>
    earliest(among.filter(({ transaction }) => kinds.some(({ id }) => id === transaction)))
  const applies = (kinds: readonly Kind[]): boolean =>
    kinds.some(({ roles }) => roles.some((role) => system.roles.includes(role)))
  const sends = applies(MESSAGES)
  const taken: readonly (readonly [StepName, boolean, Taken])[] = [
    ['certificate-issued', true, certificate ?? {}],
    ['first-connection', true, earliest(firsts)],
    ['first-message', sends, of(MESSAGES, firsts)],
    ['first-accepted', sends, of(MESSAGES, answered)],
    ['first-query', applies(QUERIES), of(QUERIES, answered)],
    ['first-retrieve', applies(RETRIEVES), of(RETRIEVES, answered)],
  ]
  return taken.flatMap(([step, isDue, one]) =>
    isDue ? [{ step, ...one, en: STEPS[step].en, ja: STEPS[step].ja }] : [],
  )
}

function earliest(firsts: readonly First[]): Taken {
  const [first] = [...firsts].sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
  return first === undefined ? {} : { at: first.at, journal: first.journal }
}

/** The journal keeps codes; the words are those of the error table, or of a release that had the code. */
function refusalOf({ transaction, at, journal, errors }: LastRefusal): Refusal {
  const [error] = errors
  const row = errorRow(error?.code ?? '')
  return {
    at,
    transaction,
    journal,
    code: error?.code ?? '',
    ...(error?.at === undefined ? {} : { place: error.at }),
    ...(error?.rule === undefined ? {} : { rule: error.rule }),
    message: row?.message ?? '',
    hint: row?.hint ?? '',
    ja: row?.ja ?? '',
  }
}

/** The list as lines for a terminal, English and Japanese. */
export function writeChecklist(list: Checklist): string {
  const { next, lastRefusal: refusal } = list
  return [
    `${list.systemId} (${list.facilityId}): ${list.roles.join(', ')}`,
    ...list.steps.map(({ at, en, ja, journal }) => {
      const id = journal === undefined ? '' : `  journal ${journal}`
      return `[${at === undefined ? ' ' : 'x'}] ${en} / ${ja}${at === undefined ? '' : `  ${at}${id}`}`
    }),
    ...(next === undefined ? ['Complete / 完了'] : [`Next: ${next.en}`, `次: ${next.ja}`]),
    ...(refusal === undefined
      ? []
      : [
          `Last refusal / 直近の拒否: ${refusal.at} ${refusal.transaction} ${refusal.code}${placed(refusal)}`,
          `  ${refusal.message}. ${refusal.hint}`,
          `  ${refusal.ja}`,
          `  journal ${refusal.journal}`,
        ]),
    '',
  ].join('\n')
}

function placed({ place, rule }: Refusal): string {
  return [place === undefined ? '' : ` at ${place}`, rule === undefined ? '' : ` (${rule})`].join('')
}
