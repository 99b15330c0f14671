// From drafts and the stored state to the effects of a message: one decision a draft, one submission for all of them.

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { SubmissionSet } from '../model/document-entry.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence } from '../model/evidence.ts'
import { versionTime } from '../model/hl7-time.ts'
import { requireRoom } from './contract/contract.ts'
import { type Decision, decide } from './decide.ts'
import type { Draft } from './draft.ts'
import { type Header, sendingApplicationOf } from './header.ts'
import { documentIds, fileKey, partKey, seriesIdOf } from './identifiers.ts'
import { bodyHashOf, type Interpretation, type StoreClientRequest } from './interpret.ts'
import { documentEntry, fileEntry, idsOf, type SubmissionContext, submissionSet } from './metadata.ts'
import type {
  CurrentDocument,
  Effect,
  LateTakeover,
  LinkedPatient,
  SeriesState,
  Situation,
  StoreClientPorts,
  VersionRow,
} from './ports.ts'

export interface ApplyContext {
  readonly request: StoreClientRequest
  readonly caller: Caller
  readonly ports: StoreClientPorts
  readonly reading: Interpretation
  readonly header: Header
  readonly patient: LinkedPatient
  readonly drafts: readonly Draft[]
  readonly situation: Situation
}

export interface Applied {
  readonly effects: readonly Effect[]
  readonly submissionSet?: SubmissionSet
  readonly documentUniqueId: string | undefined
  readonly warnings: readonly IheError[]
  readonly evidence: Omit<Evidence, 'patients'>
}

interface Version {
  readonly time: string
  readonly bodyHash: string
  /** MSH-7 as 17 digits, `|`, SHA-256 of the document. */
  readonly text: string
}

/** Decides every draft and builds what is to be written; stages the bytes only when something is. */
export async function applyDrafts(context: ApplyContext): Promise<Applied> {
  const { request, header, drafts, situation, ports } = context
  const facility = ports.facilitySettings(context.caller)
  const time = versionTime(header.sentAt)
  const version = { time, bodyHash: bodyHashOf(request.bytes), text: `${time}|${request.sha256}` }
  const { shrinkGuard } = facility
  const decided = drafts.map((draft) => {
    const place = placeOf(draft, situation)
    const takesOver = place.takesOver !== undefined
    const { personKey } = context.patient
    // The former messages of a document are of the sender of this one.
    const decode = (bytes: Buffer) => ports.decode(bytes, { charset: request.message.charset })
    const decision = decide(draft, place.state, { ...version, personKey, takesOver, shrinkGuard, decode })
    return { draft, place, decision }
  })
  const same = decided.map(({ decision }) => decision).find((decision) => decision.kind === 'same')
  if (decided.every(({ decision }) => decision.kind === 'same')) {
    const effects = decided.flatMap((one) => confirmed(one.decision, version))
    return { effects, documentUniqueId: same?.current.uniqueId, warnings: [], evidence: { documents: [] } }
  }
  // What takes data back is taken however full it is.
  if (decided.some(({ decision }) => decision.kind === 'register'))
    await requireRoom(request.bytes.length, facility, (limit) => ports.storedBytes(context.caller.facilityId, limit))
  const metadata = await submissionContext(context)
  const effects = (await Promise.all(decided.map((one) => effectsOf(one, metadata, { version, ports })))).flat()
  const registered = effects
    .filter((effect) => effect.kind === 'register')
    .flatMap((effect) => [effect.entry, ...effect.files.map(({ entry }) => entry)])
  const first = drafts[0]
  const submission = registered.length === 0 || first === undefined ? undefined : submissionSet(metadata, first)
  return {
    effects,
    ...(submission === undefined ? {} : { submissionSet: submission }),
    documentUniqueId: registered[0]?.uniqueId ?? same?.current.uniqueId,
    warnings: decided.flatMap(warningsOf),
    evidence: {
      documents: registered.map(({ uniqueId }) => ({
        documentUniqueId: uniqueId,
        repositoryUniqueId: ports.settings.repositoryUniqueId,
      })),
      ...(submission === undefined ? {} : { submissionSetUniqueId: submission.uniqueId }),
    },
  }
}

async function submissionContext(context: ApplyContext): Promise<SubmissionContext> {
  const { request, caller, ports, header, patient, reading } = context
  return {
    message: request.message,
    caller,
    settings: ports.settings,
    facility: ports.facilitySettings(caller),
    kind: header.found.kind,
    sentAt: header.sentAt,
    patient,
    document: await ports.stage(request.bytes),
    // Two files of a storage may hold the same message, each for another of its orders.
    controlId: request.origin?.writtenAt === undefined ? reading.controlId : (request.origin.claim?.key ?? ''),
    sendingApplication: sendingApplicationOf(request.message),
    sha256: request.sha256,
    now: ports.now(),
  }
}

/** Where a draft goes: its own series or the one that took its place, and what its parent or its former day leave behind. */
interface Place {
  readonly baseSeriesId: string
  readonly state: SeriesState | undefined
  /** Documents of another series that this one replaces; RPLC as far as they are the same person's. */
  readonly former: readonly CurrentDocument[]
  readonly appendsTo: readonly CurrentDocument[]
  readonly takesOver?: string
  readonly warnings: readonly IheError[]
}

function placeOf(draft: Draft, situation: Situation): Place {
  const own = situation.series.get(draft.baseSeriesId)
  const place = {
    baseSeriesId: own?.movedTo ?? draft.baseSeriesId,
    state: own,
    former: [],
    appendsTo: [],
    warnings: [],
  }
  const { parent, parentSeriesId } = draft
  if (parent === undefined || parentSeriesId === undefined) return movedDay(draft, place, situation)
  const above = situation.series.get(parentSeriesId)
  const currents = above?.currents ?? []
  const warnings =
    currents.length > 0 ? [] : [iheError('HL7_PARENT_UNKNOWN', { at: 'TXA-13', value: parent.number.received })]
  if (parent.relation === 'appends') return { ...place, appendsTo: currents, warnings }
  const takesOver = above?.movedTo ?? parentSeriesId
  return takesOver === place.baseSeriesId
    ? place
    : { ...place, state: withDeletionOf(above, own), former: currents, takesOver, warnings }
}

/** A cancel of the former number that was written after the replacement was meant for the replacement. */
function withDeletionOf(former: SeriesState | undefined, own: SeriesState | undefined): SeriesState | undefined {
  const tombstone = [former?.tombstone ?? '', own?.tombstone ?? ''].sort().at(-1) ?? ''
  return tombstone === '' ? own : { currents: [], lastPart: 0, ...own, tombstone }
}

/** A changed order whose only document stands under another day is that document: the sender ought to have deleted it first. */
function movedDay(draft: Draft, place: Place, situation: Situation): Place {
  const { number, corrects } = draft
  if (corrects === undefined || number === undefined || (place.state?.currents.length ?? 0) > 0) return place
  const [former, ...others] = situation.ofOrders.get(number.normalised) ?? []
  if (former === undefined || others.length > 0 || former.baseSeriesId === place.baseSeriesId) return place
  const rule = 'delete the order under its former care date before it is sent under another'
  const warning = iheError('HL7_CARE_DATE_MOVED', { at: 'ORC-2', value: number.received, rule })
  return { ...place, former: [former], warnings: [warning] }
}

interface Decided {
  readonly draft: Draft
  readonly place: Place
  readonly decision: Decision
}

interface Applying {
  readonly version: Version
  readonly ports: StoreClientPorts
}

async function effectsOf(decided: Decided, context: SubmissionContext, applying: Applying): Promise<readonly Effect[]> {
  const { decision, place } = decided
  const row = (part: number) => rowOf(decided, part, { context, version: applying.version })
  switch (decision.kind) {
    case 'same':
      return confirmed(decision, applying.version)
    case 'superseded':
      return [{ kind: 'supersede', row: row(1), ...lateTakeover(place) }]
    case 'delete': {
      const deprecates = decision.deprecates.map(({ entryUUID }) => entryUUID)
      return [{ kind: 'delete', row: row(1), deprecates, tombstone: decision.tombstone }]
    }
    case 'register': {
      if (place.former.some(({ version }) => version.slice(0, 17) > applying.version.time))
        return [{ kind: 'supersede', row: row(1), ...lateTakeover(place) }]
      // RPLC demands the same patient; what was filed under a person linked before is deprecated instead (ITI TF-3 4.2.2.2.3).
      const ofPatient = (current: CurrentDocument) => current.personKey === context.patient.personKey
      const replaced = [...decision.replaces, ...(place.takesOver === undefined ? [] : place.former)]
      const foreign = replaced.filter((current) => !ofPatient(current))
      const moved = place.takesOver === undefined ? place.former : []
      return [
        {
          kind: 'register',
          row: row(decision.part),
          ...(await withFiles(decided, decision.part, { context, applying })),
          replaces: uuidsOf(replaced.filter(ofPatient)),
          deprecates: uuidsOf([...foreign, ...moved]),
          retires: [...replaced, ...moved].map(({ seriesId }) => seriesId),
          appendsTo: uuidsOf(place.appendsTo.filter(ofPatient)),
          ...(place.takesOver === undefined ? {} : { takesOver: place.takesOver }),
        },
      ]
    }
  }
  return decision satisfies never
}

function confirmed(decision: Decision, { text }: Version): readonly Effect[] {
  if (decision.kind !== 'same' || !decision.later) return []
  return [{ kind: 'confirm', seriesId: decision.current.seriesId, version: text }]
}

/** Whatever order the messages come in, the newest document of both numbers stays, under the number that came last. */
function lateTakeover(place: Place): { readonly lateTakeover?: LateTakeover } {
  const { takesOver, former } = place
  if (takesOver === undefined) return {}
  const own = place.state?.currents ?? []
  const buried = (document: CurrentDocument) => document.version.slice(0, 17) < (place.state?.tombstone ?? '')
  const [newest, ...others] = [...former, ...own].sort((a, b) => b.version.localeCompare(a.version))
  if (newest === undefined) return { lateTakeover: { takesOver, deprecates: [] } }
  if (own.includes(newest) || buried(newest)) return { lateTakeover: { takesOver, deprecates: uuidsOf(former) } }
  return { lateTakeover: { takesOver, adopts: newest, deprecates: uuidsOf(others) } }
}

function uuidsOf(documents: readonly CurrentDocument[]): readonly string[] {
  return documents.map(({ entryUUID }) => entryUUID)
}

/** The entry of the message and, staged, the files inside it. */
async function withFiles(
  { draft }: Decided,
  part: number,
  { context, applying }: { readonly context: SubmissionContext; readonly applying: Applying },
): Promise<Pick<Extract<Effect, { kind: 'register' }>, 'entry' | 'files'>> {
  const { version, ports } = applying
  const entry = documentEntry(context, draft, idsOf(context, draft, part, version.text))
  const files = await Promise.all(
    (draft.files ?? []).map(async (file) => {
      const staged = await ports.stage(file.bytes)
      const key = fileKey(partKey(draft.key, part), file)
      const ids = documentIds(context.settings.namespace, key, version.text)
      return { entry: fileEntry({ message: entry, file, staged, ids }), document: staged }
    }),
  )
  return { entry, files }
}

interface RowSource {
  readonly context: SubmissionContext
  readonly version: Version
}

function rowOf({ draft, place }: Decided, part: number, { context, version }: RowSource): VersionRow {
  return {
    baseSeriesId: place.baseSeriesId,
    seriesId: part === 1 ? place.baseSeriesId : seriesIdOf(context.settings.namespace, partKey(draft.key, part)),
    part,
    version: version.text,
    bodyHash: version.bodyHash,
    kind: context.kind.kind,
    ...(draft.careDate === undefined ? {} : { careDate: draft.careDate }),
    ...(draft.number === undefined ? {} : { number: draft.number.normalised }),
    document: context.document,
  }
}

function warningsOf({ draft, place, decision }: Decided): readonly IheError[] {
  if (decision.kind !== 'register') return []
  if (!decision.partial) return place.warnings
  const order = draft.number === undefined ? {} : { value: draft.number.received }
  return [
    ...place.warnings,
    iheError('HL7_PARTIAL', { at: 'ORC-2', ...order, rule: 'all results of an order in one message' }),
  ]
}
