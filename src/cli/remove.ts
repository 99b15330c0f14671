// tsunagi remove: ITI-62 Remove Metadata and ITI-86 Remove Documents (IHE ITI supplement RMD).

import type { Command } from 'commander'
import { iti62, iti86, type Transaction } from '../../profiles/transactions/index.ts'
import { readRegistryResponse } from '../codec/ebxml/registry-response.ts'
import { writeRemoveDocuments, writeRemoveObjects } from '../codec/ebxml/remove.ts'
import type { DocumentRequest } from '../codec/ebxml/retrieve.ts'
import type { Markup } from '../codec/xml/write.ts'
import { parseEntryUuid } from '../model/identifiers.ts'
import { actingAs, asSystem, type SystemOptions } from './as-system.ts'
import { contextOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { toJson } from './output.ts'
import { requireSuccess } from './registry-answer.ts'

interface RemoveOptions extends SystemOptions {
  readonly metadata?: readonly string[]
  readonly document?: readonly string[]
  readonly raw?: true
}

export const registerRemove: Registration = (program, terminal) => {
  actingAs(program.command('remove'))
    .description('ITI-62, ITI-86: remove metadata or documents / 登録情報・文書の削除')
    .option('--metadata <uuid...>', 'entryUUIDs of objects to remove from the registry, all or none of them')
    .option('--document <repositoryUniqueId/uniqueId...>', 'documents to remove from their repository')
    .option('--raw', 'print the answer as received')
    .action((options: RemoveOptions, command: Command) => {
      const context = contextOf(command, terminal)
      const { transaction, body, removed } = removalOf(options)
      return asSystem(context, options, async ({ client }) => {
        const reply = await client.call({ transaction, body })
        if (options.raw === true) terminal.out(reply.raw)
        requireSuccess(terminal, readRegistryResponse(reply.body))
        if (options.raw === true) return
        terminal.out(context.format === 'json' ? toJson({ removed }) : removed.map((id) => `removed ${id}\n`).join(''))
      })
    })
}

interface RequestedRemoval {
  readonly transaction: Transaction
  readonly body: Markup
  readonly removed: readonly string[]
}

/** The request that the options describe. @throws {UsageError} */
function removalOf({ metadata, document }: RemoveOptions): RequestedRemoval {
  if (metadata !== undefined && document === undefined) {
    const ids = metadata.map(entryUuidOf)
    return { transaction: iti62, body: writeRemoveObjects(ids), removed: ids }
  }
  if (document !== undefined && metadata === undefined)
    return { transaction: iti86, body: writeRemoveDocuments(document.map(documentOf)), removed: document }
  throw new UsageError('give one of --metadata and --document: metadata and documents are removed by different actors')
}

/** With or without `urn:uuid:`, as a person may copy it. @throws {UsageError} */
export function entryUuidOf(text: string): string {
  const id = parseEntryUuid(text.startsWith('urn:uuid:') ? text : `urn:uuid:${text}`)
  if (id === undefined) throw new UsageError(`an entryUUID is a UUID in lower case, not "${text}"`)
  return id
}

/** A uniqueId may contain anything, a repositoryUniqueId is an OID: the first slash divides. @throws {UsageError} */
export function documentOf(text: string): DocumentRequest {
  const [, repositoryUniqueId, documentUniqueId] = /^([^/]+)\/(.+)$/s.exec(text) ?? []
  if (repositoryUniqueId === undefined || documentUniqueId === undefined)
    throw new UsageError(`--document needs repositoryUniqueId/uniqueId, not "${text}"`)
  return { repositoryUniqueId, documentUniqueId }
}
