// From drafts and the stored state to the effects of a message: one decision a draft, one submission for all of them.

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { SubmissionSet } from '../model/document-entry.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence } from '../model/evidence.ts'
import { versionTime } from '../model/hl7-time.ts'
import { type Decision, decide } from './decide.ts'
import type { Draft } from './draft.ts'
import { type Header, sendingApplicationOf } from './header.ts'
import { partKey, seriesIdOf } from './identifiers.ts'
import { bodyHashOf, type Interpretation, type StoreClientRequest } from './interpret.ts'
import { documentEntry, idsOf, type SubmissionContext, submissionSet } from './metadata.ts'
import type { Effect, LinkedPatient, Situation, StoreClientPorts, VersionRow } from './ports.ts'

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
  const time = versionTime(header.sentAt)
  const version = { time, bodyHash: bodyHashOf(request.bytes), text: `${time}|${request.sha256}` }
  const { shrinkGuard } = ports.facilitySettings(context.caller)
  const decided = drafts.map((draft) => ({
    draft,
    decision: decide(draft, situation.series.get(draft.baseSeriesId), {
      ...version,
      shrinkGuard,
      decode: ports.decode,
    }),
  }))
  const same = decided.map(({ decision }) => decision).find((decision) => decision.kind === 'same')
  if (decided.every(({ decision }) => decision.kind === 'same')) {
    return { effects: [], documentUniqueId: same?.uniqueId, warnings: [], evidence: { documents: [] } }
  }
  const metadata = await submissionContext(context)
  const effects = decided.flatMap((one) => effectsOf(one, metadata, version))
  const registered = effects.filter((effect) => effect.kind === 'register').map((effect) => effect.entry)
  const first = drafts[0]
  const submission = registered.length === 0 || first === undefined ? undefined : submissionSet(metadata, first)
  return {
    effects,
    ...(submission === undefined ? {} : { submissionSet: submission }),
    documentUniqueId: registered[0]?.uniqueId ?? same?.uniqueId,
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
    controlId: reading.controlId,
    sendingApplication: sendingApplicationOf(request.message),
    sha256: request.sha256,
    now: ports.now(),
  }
}

interface Decided {
  readonly draft: Draft
  readonly decision: Decision
}

function effectsOf({ draft, decision }: Decided, context: SubmissionContext, version: Version): readonly Effect[] {
  switch (decision.kind) {
    case 'same':
      return []
    case 'superseded':
      return [{ kind: 'supersede', row: rowOf(draft, 1, { context, version }) }]
    case 'delete': {
      const deprecates = decision.deprecates.map(({ entryUUID }) => entryUUID)
      return [{ kind: 'delete', row: rowOf(draft, 1, { context, version }), deprecates, tombstone: decision.tombstone }]
    }
    case 'register': {
      // RPLC demands the same patient; what was filed under a person linked before is deprecated instead (ITI TF-3 4.2.2.2.3).
      const own = decision.replaces.filter(({ personKey }) => personKey === context.patient.personKey)
      const foreign = decision.replaces.filter(({ personKey }) => personKey !== context.patient.personKey)
      return [
        {
          kind: 'register',
          row: rowOf(draft, decision.part, { context, version }),
          entry: documentEntry(context, draft, idsOf(context, draft, decision.part, version.text)),
          replaces: own.map(({ entryUUID }) => entryUUID),
          deprecates: foreign.map(({ entryUUID }) => entryUUID),
        },
      ]
    }
  }
  return decision satisfies never
}

interface RowSource {
  readonly context: SubmissionContext
  readonly version: Version
}

function rowOf(draft: Draft, part: number, { context, version }: RowSource): VersionRow {
  return {
    baseSeriesId: draft.baseSeriesId,
    seriesId: seriesIdOf(context.settings.namespace, partKey(draft.key, part)),
    part,
    version: version.text,
    bodyHash: version.bodyHash,
    kind: context.kind.kind,
    ...(draft.careDate === undefined ? {} : { careDate: draft.careDate }),
    document: context.document,
  }
}

function warningsOf({ draft, decision }: Decided): readonly IheError[] {
  if (decision.kind !== 'register' || !decision.partial) return []
  const order = draft.orderNumber === undefined ? {} : { value: draft.orderNumber.received }
  return [iheError('HL7_PARTIAL', { at: 'ORC-2', ...order, rule: 'all results of an order in one message' })]
}
