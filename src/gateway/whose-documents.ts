// Whose the documents are that another community is asked for: a document by itself does not tell (ITI TF-2 3.38.4.1.3; docs/adr/0040).

import { iheError, relayed } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import { type IheError, located } from '../model/error.ts'
import type { AuditedQuery, OutgoingCall } from '../model/evidence.ts'
import { locationOf } from './home.ts'
import type { AskCommunity, Community, Directory, QueryReply } from './ports.ts'
import type { CrossGatewayRetrieve } from './respond-retrieve.ts'

export interface Asking {
  readonly asked: readonly CrossGatewayRetrieve[]
  readonly caller: Caller
  readonly ports: {
    readonly directory: Pick<Directory, 'mayKnow'>
    readonly ask: AskCommunity
    /** A GetDocuments query for the community, by uniqueIds, as it is sent and audited. */
    readonly documentsQuery: (home: string, uniqueIds: readonly string[]) => AuditedQuery
  }
}

/** What came of one question. */
export type About = { readonly ids: ReadonlySet<string>; readonly call?: OutgoingCall } & (
  | {
      readonly kind: 'known'
      readonly open: ReadonlySet<string>
      readonly patients: readonly string[]
      /** What the community said of those that it did not tell of. */
      readonly errors: readonly IheError[]
    }
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** Whether there are such documents is not known. */
  | { readonly kind: 'refused'; readonly errors: readonly IheError[] }
)

/** Whose documents they are is asked first: a document by itself does not tell, and not everybody here may have it. */
export async function patientsOf(community: Community, given: Asking): Promise<readonly About[]> {
  const { asked, caller } = given
  const uniqueIds = [...new Set(asked.map(({ documentUniqueId }) => documentUniqueId))]
  const ids = new Set(uniqueIds)
  // Of which kind they are is seen of entries too.
  const isTrusted = caller.accessMode === 'affinity-domain' && community.kinds === undefined
  if (isTrusted) return [{ kind: 'known', ids, open: ids, patients: [], errors: [] }]
  return askAbout(uniqueIds, { community, given, until: performance.now() + community.queryMs })
}

const NOT_SINGLE_PATIENT = 'XDSResultNotSinglePatient'

/**
 * One answer with objects is about one patient (ITI TF-2 3.18.4.1.3); documents may be asked for of several, or of one whom the community
 * has as two. Then they are asked about in halves, one after the other: all in the time of one query.
 */
async function askAbout(
  uniqueIds: readonly string[],
  asking: { readonly community: Community; readonly given: Asking; readonly until: number },
): Promise<readonly About[]> {
  const { community, given, until } = asking
  const leftMs = Math.ceil(until - performance.now())
  if (leftMs <= 0) return [{ kind: 'unavailable', ids: new Set(uniqueIds), reason: 'no whole answer in time' }]
  const about = await aboutThese(uniqueIds, { ...community, queryMs: leftMs }, given)
  const isOfSeveral = about.kind === 'refused' && about.errors.some(({ row }) => row.ihe === NOT_SINGLE_PATIENT)
  if (!isOfSeveral || uniqueIds.length === 1) return [about]
  const half = Math.ceil(uniqueIds.length / 2)
  const rest = { ...asking, community: { ...community, isCurtailed: true } } as const
  const former = await askAbout(uniqueIds.slice(0, half), rest)
  const latter = await askAbout(uniqueIds.slice(half), rest)
  const { call } = about
  // It was asked, and answered for nothing.
  return [
    ...(call === undefined ? [] : [{ kind: 'refused', ids: new Set<string>(), errors: [], call } as const]),
    ...former,
    ...latter,
  ]
}

async function aboutThese(
  uniqueIds: readonly string[],
  community: Community,
  { caller, ports }: Asking,
): Promise<About> {
  const ids = new Set(uniqueIds)
  const query = ports.documentsQuery(community.home, uniqueIds)
  const call = { transaction: 'ITI-38', endpoint: community.queryUrl, query, patients: [] }
  const reply = await ports.ask(community, query.text, caller)
  if (reply.kind === 'unavailable') return { ...reply, ids, call: { ...call, result: 'failure', reason: reply.reason } }
  const errors = faultsOf(reply, community)
  const [first] = errors
  if (reply.result === 'failure' && first !== undefined)
    return { kind: 'refused', ids, errors, call: { ...call, result: 'failure', reason: first.row.ihe } }
  const entries = reply.objects.filter(({ element, home }) => element === 'ExtrinsicObject' && home === community.home)
  const named = [...new Set(entries.flatMap(({ patientId }) => patientId ?? []))]
  const known = await ports.directory.mayKnow(community, named, caller)
  const open = entries.filter(({ patientId }) => patientId !== undefined && known.has(patientId))
  return {
    kind: 'known',
    ids,
    call: { ...call, patients: named, result: reply.result === 'failure' ? 'failure' : 'success' },
    open: new Set(open.flatMap(({ uniqueId }) => uniqueId ?? [])),
    patients: named.filter((patient) => known.has(patient)),
    errors,
  }
}

/** As of every query: a patient whom it does not know is no error, and a refusal that does not say why is one (ITI TF-2 3.38.4.1.3). */
function faultsOf(
  { result, errors }: Extract<QueryReply, { readonly kind: 'answered' }>,
  { home }: Community,
): readonly IheError[] {
  const told = errors.map((error) => located(relayed(error), locationOf(error.location, home)))
  if (result === 'failure' && !told.some(({ row }) => row.severity === 'Error'))
    told.push(iheError('COMMUNITY_ANSWER_INVALID', { at: home, rule: 'a Failure names its errors' }))
  return told.filter(({ row }) => row.ihe !== 'XDSUnknownPatientId')
}
