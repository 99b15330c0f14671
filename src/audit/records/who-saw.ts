// Who saw a patient's record, in sentences that can be read to the patient: who of which facility, when, what of whom, why (idlink L-3).

import { type Look, lookOf } from '../../../profiles/audit/looks.ts'
import { emergencyWords, jobWords, openedBecause, type Words } from '../../../profiles/audit/words.ts'
import type { DocumentReference } from '../../model/evidence.ts'
import { jstDay, jstIso } from '../../model/jst.ts'
import type { LoggedEvent, RecordPorts } from './ports.ts'

/** Documents of one facility and one kind. */
export interface SeenDocuments {
  readonly owner?: string
  readonly ownerName: string
  readonly kind: string
  readonly kindName: Words
  readonly documents: number
}

/** What one person, or one system, did in one way on one day in Japan. */
export interface PatientLook extends Words {
  readonly first: Date
  readonly last: Date
  readonly times: number
  readonly facilityId?: string
  readonly facilityName: string
  /** Absent where a system asked in nobody's name. */
  readonly person?: string
  readonly job?: string
  readonly systemId?: string
  readonly accessType: Look['accessType'] | 'EMS'
  readonly saw: Look['saw']
  readonly seen: readonly SeenDocuments[]
  readonly why: Words
}

interface Given {
  /** Staff of this facility ask: of others' looks they hear what was done with their own content. */
  readonly askedFor?: string
  /** Ids of the patient, in CX form. */
  readonly patients: readonly string[]
}

/** Looks of one person on one day for one reason are one: people ask who and when, not how many messages it took. */
export function patientLooks(
  events: readonly LoggedEvent[],
  given: Given,
  { kindName }: Pick<RecordPorts, 'kindName'>,
): readonly PatientLook[] {
  const groups = new Map<string, LoggedEvent[]>()
  for (const logged of events) {
    if (!concerns(logged, given)) continue
    const key = JSON.stringify(alike(logged))
    groups.set(key, [...(groups.get(key) ?? []), logged])
  }
  return [...groups.values()].flatMap((group) => {
    const [newest] = group
    const look = newest === undefined ? undefined : lookOf(newest.event)
    return newest === undefined || look === undefined ? [] : [put({ group, newest, look, ...given }, kindName)]
  })
}

/** An event of several patients may have handed out nothing of this one. */
function concerns(logged: LoggedEvent, given: Given): boolean {
  const { documents = [] } = logged.event.objects
  return documents.length === 0 || ownDocuments(logged, given).length > 0
}

function alike({ event, emergency }: LoggedEvent): readonly unknown[] {
  const { user, by } = event.objects
  const look = lookOf(event)
  const who = [event.facilityId, event.systemId, user?.staffId ?? user?.name ?? by]
  return [jstDay(event.at.getTime()), ...who, look?.typeCode, look?.endpoint, event.reason, emergency]
}

interface Putting extends Given {
  readonly group: readonly LoggedEvent[]
  readonly newest: LoggedEvent
  readonly look: Look
}

function put(putting: Putting, kindName: RecordPorts['kindName']): PatientLook {
  const { group, newest, look } = putting
  const { event, facilityName, personName, emergency } = newest
  const { user, by } = event.objects
  const times = group.map((one) => one.event.at).sort((one, other) => one.getTime() - other.getTime())
  const [first = event.at] = times
  const person = user?.displayName ?? personName ?? user?.name ?? by
  const job = user?.job ?? newest.job
  const why = emergency === undefined ? openedBecause(event.reason) : emergencyWords(emergency)
  const seen = look.saw === 'content' || look.saw === 'list' ? seenDocuments(putting, kindName) : []
  const told = {
    first,
    last: times.at(-1) ?? event.at,
    times: group.length,
    facilityName: facilityName ?? event.facilityId ?? '',
    ...(event.facilityId === undefined ? {} : { facilityId: event.facilityId }),
    ...(person === undefined ? {} : { person }),
    ...(job === undefined ? {} : { job }),
    ...(event.systemId === undefined ? {} : { systemId: event.systemId }),
    accessType: emergency === undefined ? look.accessType : ('EMS' as const),
    saw: look.saw,
    seen,
    why,
  }
  return { ...told, ...sentences(told, look) }
}

/** Each document once, however often it was opened. */
function seenDocuments(putting: Putting, kindName: RecordPorts['kindName']): readonly SeenDocuments[] {
  const byUniqueId = new Map<string, { readonly document: DocumentReference; readonly logged: LoggedEvent }>()
  for (const logged of putting.group)
    for (const document of ownDocuments(logged, putting))
      byUniqueId.set(document.documentUniqueId, { document, logged })
  const groups = new Map<string, SeenDocuments>()
  for (const { document, logged } of byUniqueId.values()) {
    const { publisher = '', kind = '' } = document
    const key = `${publisher}\n${kind}`
    const known = groups.get(key)
    groups.set(key, {
      ...(publisher === '' ? {} : { owner: publisher }),
      ownerName: logged.publishers[publisher] ?? publisher,
      kind,
      kindName: kind === '' ? { ja: '文書', en: 'document' } : kindName(kind),
      documents: (known?.documents ?? 0) + 1,
    })
  }
  return [...groups.values()]
}

function ownDocuments({ event }: LoggedEvent, { askedFor, patients }: Given): readonly DocumentReference[] {
  const isOwner = askedFor !== undefined && event.facilityId !== askedFor
  return (event.objects.documents ?? []).filter(
    ({ publisher, patient }) =>
      (!isOwner || publisher === undefined || publisher === askedFor) &&
      (patient === undefined || patients.includes(patient)),
  )
}

type Told = Omit<PatientLook, 'ja' | 'en'>

/** Staff of no facility, and the host. */
const NETWORK: Words = { ja: '地域連携ネットワーク', en: 'the network' }

function sentences(told: Told, { words }: Look): Words {
  const { person, job, systemId, why, times } = told
  const of = told.facilityName === '' ? NETWORK : { ja: told.facilityName, en: told.facilityName }
  const trade = jobWords(job ?? '')
  const whoJa =
    person === undefined
      ? `システム「${systemId ?? ''}」`
      : `${person}さん${trade === undefined ? '' : `（${trade.ja}）`}`
  const whoEn =
    person === undefined ? `system "${systemId ?? ''}"` : `${person}${trade === undefined ? '' : ` (${trade.en})`}`
  const what = byOwner(told.seen)
  return {
    ja: `${period(told)}　${of.ja}の${whoJa}が${what.ja === '' ? '' : `${what.ja}を`}${words.ja}${times > 1 ? `（${times}回）` : ''}。理由: ${why.ja}`,
    en: `${period(told)}  ${whoEn} of ${of.en} ${words.en}${what.en === '' ? '' : ` ${what.en}`}${times > 1 ? ` (${times} times)` : ''}; why: ${why.en}`,
  }
}

/** Kinds and numbers, each facility named once. */
function byOwner(seen: readonly SeenDocuments[]): Words {
  const owners = [...new Set(seen.map(({ ownerName }) => ownerName))]
  const told = owners.map((owner) => {
    const own = seen.filter(({ ownerName }) => ownerName === owner)
    const ja = own.map(({ kindName, documents }) => `${kindName.ja} ${documents}件`).join('・')
    const en = own.map(({ kindName, documents }) => `${documents} × ${kindName.en}`).join(', ')
    return owner === '' ? { ja, en } : { ja: `${owner}の${ja}`, en: `${en} of ${owner}` }
  })
  return { ja: told.map(({ ja }) => ja).join('、'), en: told.map(({ en }) => en).join('; ') }
}

/** A day, with the time or both times of it. */
function period({ first, last }: Pick<Told, 'first' | 'last'>): string {
  const minute = (at: Date): string => jstIso(at.getTime()).slice(0, 16).replace('T', ' ')
  const end = minute(last).slice(11)
  return minute(first).slice(11) === end ? minute(first) : `${minute(first)}–${end}`
}
