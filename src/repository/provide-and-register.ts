// ITI-41 Provide and Register Document Set-b: match documents and metadata, check and complete, register (ITI TF-2 3.41.4.1.3).

import { createHash } from 'node:crypto'
import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import { type RegistryObject, type Slot, type SubmitObjects, slotValues } from '../model/ebrim.ts'
import { IheError } from '../model/error.ts'
import { NO_EVIDENCE, type Outcome } from '../model/evidence.ts'
import type { StagedContent } from '../model/staged-document.ts'
import type { RepositoryPorts } from './ports.ts'
import { uniqueIdOf } from './submitted.ts'

export interface ProvidedContent {
  /** xds:Document/@id, equal to the id of its ExtrinsicObject as sent. */
  readonly id: string
  /** Undefined when the part its xop:Include names is not in the message. */
  readonly staged: StagedContent | undefined
}

export interface ProvideAndRegisterRequest {
  readonly submission: SubmitObjects
  readonly documents: readonly ProvidedContent[]
  /** MTOM parts that no xop:Include names. */
  readonly unreferenced: readonly { readonly contentId: string; readonly staged: StagedContent }[]
}

/** As many as a person can read; a message may break a rule tens of thousands of times. */
const MAX_FINDINGS = 100

/**
 * Nothing is kept when anything is refused, and of what is stored already no second file: whatever no row names is removed at
 * once. Only when it cannot be known whether the commit happened the files stay for the sweeper to judge.
 */
export async function provideAndRegister(
  request: ProvideAndRegisterRequest,
  caller: Caller,
  ports: RepositoryPorts,
): Promise<Outcome<void>> {
  try {
    const outcome = await attempt(request, caller, ports)
    await discardUnnamed(request, ports)
    return outcome
  } catch (error) {
    if (!isInDoubt(error)) await discardUnnamed(request, ports)
    throw error
  }
}

function isInDoubt(error: unknown): boolean {
  return error instanceof IheError && error.row.code === 'OUTCOME_UNKNOWN'
}

async function attempt(
  request: ProvideAndRegisterRequest,
  caller: Caller,
  ports: RepositoryPorts,
): Promise<Outcome<void>> {
  const entries = request.submission.objects.filter((object) => object.kind === 'ExtrinsicObject')
  const findings = [
    ...matchFindings(request, entries),
    ...contentFindings(request, entries),
    ...repeatedIdFindings(request.submission),
  ]
  if (findings.length > 0) return refused(findings)
  const staged = new Map(
    request.documents.flatMap((document) => (document.staged === undefined ? [] : [[document.id, document.staged]])),
  )
  return ports.register(
    {
      submission: completed(request.submission, { staged, repositoryUniqueId: ports.repositoryUniqueId }),
      documents: [...staged].map(([entryId, content]) => ({ entryId, staged: content })),
      digest: digestOf(request),
      objections: () => storedFindings(entries, staged, ports),
    },
    caller,
  )
}

function refused(findings: readonly IheError[]): Outcome<void> {
  return {
    answer: undefined,
    result: 'failure',
    errors: findings.slice(0, MAX_FINDINGS),
    evidence: NO_EVIDENCE,
    recorded: false,
  }
}

function matchFindings(request: ProvideAndRegisterRequest, entries: readonly RegistryObject[]): IheError[] {
  const documents = new Map(request.documents.map((document) => [document.id, document]))
  const ids = new Set(entries.map((entry) => entry.id))
  // Of two with one id only the last is matched; the bytes of the other would be kept under no name.
  const repeated = request.documents.filter((document) => documents.get(document.id) !== document)
  return [
    ...repeated.map((document) =>
      iheError('MISSING_DOCUMENT_METADATA', {
        at: `Document(${document.id})`,
        value: document.id,
        rule: 'ITI TF-2 3.41.4.1.3 one Document an ExtrinsicObject',
      }),
    ),
    ...entries
      .filter((entry) => documents.get(entry.id)?.staged === undefined)
      .map((entry) =>
        iheError('MISSING_DOCUMENT', {
          at: `ExtrinsicObject(${entry.id})`,
          value: entry.id,
          rule: 'ITI TF-2 3.41.4.1.3',
        }),
      ),
    ...request.documents
      .filter((document) => !ids.has(document.id))
      .map((document) =>
        iheError('MISSING_DOCUMENT_METADATA', {
          at: `Document(${document.id})`,
          value: document.id,
          rule: 'ITI TF-2 3.41.4.1.3',
        }),
      ),
    ...request.unreferenced.map((part) =>
      iheError('MISSING_DOCUMENT_METADATA', {
        at: `part <${part.contentId}>`,
        value: part.contentId,
        rule: 'ITI TF-2 3.41.4.1.3',
      }),
    ),
  ]
}

/** A hash or size that was sent must be that of the bytes received; hex digits compare without regard to case. */
function contentFindings(request: ProvideAndRegisterRequest, entries: readonly RegistryObject[]): IheError[] {
  const documents = new Map(request.documents.map((document) => [document.id, document.staged]))
  return entries.flatMap((entry) => {
    const staged = documents.get(entry.id)
    if (staged === undefined) return []
    const [hash] = slotValues(entry, 'hash')
    const [size] = slotValues(entry, 'size')
    const at = `ExtrinsicObject(${entry.id})`
    return [
      ...(hash === undefined || hash.toLowerCase() === staged.sha1
        ? []
        : [
            iheError('REPOSITORY_METADATA', {
              at: `${at}.hash`,
              value: `${hash}, computed ${staged.sha1}`,
              rule: 'ITI TF-2 3.41.4.1.3',
            }),
          ]),
      ...(size === undefined || Number(size) === staged.sizeBytes
        ? []
        : [
            iheError('REPOSITORY_METADATA', {
              at: `${at}.size`,
              value: `${size}, received ${staged.sizeBytes}`,
              rule: 'ITI TF-2 3.41.4.1.3',
            }),
          ]),
    ]
  })
}

/** The same uniqueId on two objects of the message, whatever they are (ITI TF-3 Table 4.2.4.1-2). */
function repeatedIdFindings({ objects }: SubmitObjects): IheError[] {
  const seen = new Set<string>()
  return objects.flatMap((object) => {
    const uniqueId = uniqueIdOf(object)
    if (uniqueId === undefined || !seen.has(uniqueId)) {
      if (uniqueId !== undefined) seen.add(uniqueId)
      return []
    }
    const at = `${object.kind}(${object.id}).uniqueId`
    return [iheError('REPOSITORY_DUPLICATE_IN_MESSAGE', { at, value: uniqueId, rule: 'ITI TF-2 3.41.4.1.3' })]
  })
}

/** What is stored under a uniqueId never becomes something else, even when its metadata was removed. */
async function storedFindings(
  entries: readonly RegistryObject[],
  staged: ReadonlyMap<string, StagedContent>,
  ports: RepositoryPorts,
): Promise<IheError[]> {
  const sent = entries.flatMap((entry) => {
    const [uniqueId, content] = [uniqueIdOf(entry), staged.get(entry.id)]
    return uniqueId === undefined || content === undefined ? [] : [{ entry, uniqueId, content }]
  })
  const stored = await ports.stored(sent.map(({ uniqueId }) => uniqueId))
  const byId = new Map(stored.map((document) => [document.uniqueId, document]))
  return sent.flatMap(({ entry, uniqueId, content }) => {
    const former = byId.get(uniqueId)
    if (former === undefined) return []
    const details = { at: `ExtrinsicObject(${entry.id}).uniqueId`, value: uniqueId, rule: 'ITI TF-2 3.41.4.1.3' }
    if (former.sha1 !== content.sha1) return [iheError('NON_IDENTICAL_HASH', details)]
    if (former.sizeBytes !== content.sizeBytes) return [iheError('NON_IDENTICAL_SIZE', details)]
    // Other bytes can be made for a SHA-1; whoever sends them must not hear Success, for they are not kept.
    return former.sha256 === content.sha256 ? [] : [iheError('NON_IDENTICAL_HASH', details)]
  })
}

/** repositoryUniqueId is ours whatever was sent; hash and size are filled where absent; everything else stays as it is. */
function completed(
  submission: SubmitObjects,
  given: { staged: ReadonlyMap<string, StagedContent>; repositoryUniqueId: string },
): SubmitObjects {
  return {
    ...submission,
    objects: submission.objects.map((object) => {
      const staged = given.staged.get(object.id)
      if (object.kind !== 'ExtrinsicObject' || staged === undefined) return object
      const kept = object.slots.filter((slot) => slot.name !== 'repositoryUniqueId')
      const added: Slot[] = [{ name: 'repositoryUniqueId', values: [given.repositoryUniqueId] }]
      if (slotValues(object, 'hash').length === 0) added.push({ name: 'hash', values: [staged.sha1] })
      if (slotValues(object, 'size').length === 0) added.push({ name: 'size', values: [String(staged.sizeBytes)] })
      const filled = new Set(added.map((slot) => slot.name))
      return { ...object, slots: [...kept.filter((slot) => !filled.has(slot.name)), ...added] }
    }),
  }
}

/** Content of the request without packaging: the same submission resent in other MIME boundaries has the same digest. */
function digestOf(request: ProvideAndRegisterRequest): string {
  const hashes = request.documents.map((document) => `${document.id} ${document.staged?.sha256 ?? ''}`)
  return createHash('sha256')
    .update(JSON.stringify([request.submission, hashes]))
    .digest('hex')
}

/** A file is named by a row of its own commit or never: what is not named now will not be. */
async function discardUnnamed(request: ProvideAndRegisterRequest, ports: RepositoryPorts): Promise<void> {
  const files = [...request.documents, ...request.unreferenced].flatMap(({ staged }) =>
    staged?.content.kind === 'file' ? [{ staged, key: staged.content.key }] : [],
  )
  if (files.length === 0) return
  // When the database or the disk fails now the answer stands all the same, and the sweep comes later.
  const named = await ports.named(files.map(({ key }) => key)).catch(() => undefined)
  if (named === undefined) return
  for (const { staged, key } of files) if (!named.has(key)) await ports.blobs.discard(staged).catch(() => undefined)
}
