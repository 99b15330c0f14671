// Bulk import of the master patient index: lines in batches, each one transaction, prepared while the one before is written.

import type { Oid } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import type { PersonRecord, RecordFault, RefusedRecord } from '../../model/person-record.ts'
import { fold } from '../match.ts'
import type { Domain } from '../ports.ts'
import { searchEntry } from '../search-keys.ts'
import { type BatchReport, type ImportCounts, importBatch } from './batch.ts'
import { breathing } from './breathe.ts'
import type { ImportContext, PreparedRecord } from './prepared.ts'

/** A line as it could be read. */
export type ImportLine =
  | { readonly line: number; readonly record: PersonRecord }
  | { readonly line: number; readonly fault: RecordFault; readonly at?: string }

/** How far an import is; all before is committed and stays, whatever happens next. */
export interface ImportProgress {
  readonly importId: string
  /** Lines so far, and what became of them. */
  readonly lines: number
  readonly counts: ImportCounts & { readonly refused: number }
  /** Since the last progress. */
  readonly refused: readonly RefusedRecord[]
}

/**
 * Takes the batches in their order. Repeated, an import finds what it did before unchanged and goes on.
 * @throws {IheError} BUSY as importBatch.
 */
export async function* importPatients(
  batches: AsyncIterable<readonly ImportLine[]>,
  context: ImportContext,
): AsyncGenerator<ImportProgress> {
  const domains = new Map<string, Domain | undefined>()
  let progress: ImportProgress = { importId: context.importId, lines: 0, counts: NOTHING, refused: [] }
  let atWork: Promise<BatchDone> | undefined
  for await (const lines of batches) {
    const prepared = await prepare(lines, { context, domains })
    if (atWork !== undefined) {
      progress = after(progress, await atWork)
      yield progress
    }
    atWork = importBatch(prepared.ready, context).then((report) => ({ report, lines, unread: prepared.refused }))
    // Looked at when its turn comes; until then a failure is nobody's.
    atWork.catch(() => {})
  }
  if (atWork !== undefined) {
    progress = after(progress, await atWork)
    yield progress
  }
  if (!context.isDryRun) await conclude(progress, context)
}

const NOTHING: ImportProgress['counts'] = { added: 0, unchanged: 0, linked: 0, reviews: 0, refused: 0 }

interface BatchDone {
  readonly report: BatchReport
  readonly lines: readonly ImportLine[]
  readonly unread: readonly RefusedRecord[]
}

function after({ importId, lines, counts }: ImportProgress, done: BatchDone): ImportProgress {
  const { report } = done
  const refused = [...done.unread, ...report.refused].sort((a, b) => a.line - b.line)
  return {
    importId,
    lines: lines + done.lines.length,
    counts: {
      added: counts.added + report.added,
      unchanged: counts.unchanged + report.unchanged,
      linked: counts.linked + report.linked,
      reviews: counts.reviews + report.reviews,
      refused: counts.refused + refused.length,
    },
    refused,
  }
}

interface Preparing {
  readonly context: ImportContext
  /** Domains asked for so far. */
  readonly domains: Map<string, Domain | undefined>
}

interface Prepared {
  readonly ready: readonly PreparedRecord[]
  readonly refused: readonly RefusedRecord[]
}

/** Folds what can be compared, outside of the transaction: others are not kept waiting for it. */
async function prepare(lines: readonly ImportLine[], given: Preparing): Promise<Prepared> {
  await learnDomains(lines, given)
  const breathe = breathing()
  const ready: PreparedRecord[] = []
  const refused: RefusedRecord[] = []
  for (const line of lines) {
    await breathe()
    const prepared = 'fault' in line ? line : preparedOf(line, given)
    if ('fault' in prepared) refused.push(prepared)
    else ready.push(prepared)
  }
  return { ready, refused }
}

async function learnDomains(lines: readonly ImportLine[], { context, domains }: Preparing): Promise<void> {
  const named = new Set(lines.flatMap((line): Oid[] => ('record' in line ? [line.record.id.authority] : [])))
  const unknown = [...named].filter((oid) => !domains.has(oid))
  if (unknown.length === 0) return
  const found = await context.ports.store.domains(unknown)
  for (const oid of unknown) domains.set(oid, found.get(oid))
}

function preparedOf(
  { line, record }: Extract<ImportLine, { readonly record: unknown }>,
  { context, domains }: Preparing,
): PreparedRecord | RefusedRecord {
  const { id, demographics, person } = record
  const kind = domains.get(id.authority)?.kind
  const isPerson = kind === 'community' && id.authority === context.ports.affinityDomain
  if (kind !== 'facility' && !isPerson) return { line, fault: 'unknown-domain', at: 'domain' }
  if (isPerson && person !== undefined) return { line, fault: 'wrong-member', at: 'person' }
  // A number without a description can only be somebody's who is named.
  if (demographics === undefined && person === undefined) return { line, fault: 'no-demographics', at: 'demographics' }
  return {
    line,
    record,
    isPerson,
    ...(demographics === undefined ? {} : { described: describe(demographics) }),
  }
}

function describe(demographics: Demographics): NonNullable<PreparedRecord['described']> {
  return { folded: fold({ demographics, identifiers: [] }), search: searchEntry(demographics) }
}

/** The whole in one audit event; each batch has its own with the numbers it added. */
async function conclude({ lines, counts }: ImportProgress, context: ImportContext): Promise<void> {
  const { importId, by, peer, ports } = context
  const said = Object.entries({ lines, ...counts }).map(([what, count]) => `${count} ${what}`)
  const operation = `patient import ${importId} done: ${said.join(', ')}`
  await ports.store.inTransaction((tx) => tx.recordStaffChange({ by, peer, operation, patients: [] }))
}
