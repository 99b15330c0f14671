// tsunagi provide: ITI-41 Provide and Register Document Set-b with one document (ITI TF-2 3.41; ITI TF-3 4.2.3).

import { readFile } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import type { Command } from 'commander'
import { folderMembership, relationship } from '../../profiles/metadata/write.ts'
import { iti41 } from '../../profiles/transactions/index.ts'
import { readRegistryResponse } from '../codec/ebxml/registry-response.ts'
import { writeProvideAndRegister } from '../codec/ebxml/submit.ts'
import { newContentId } from '../codec/mtom/include.ts'
import type { Association } from '../model/ebrim.ts'
import { parseCx } from '../model/identifiers.ts'
import { APND, RPLC, XFRM } from '../model/xds.ts'
import { actingAs, asSystem, facilityDomain, oidOf, patientOf, type SystemOptions } from './as-system.ts'
import { type Context, contextOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { toJson } from './output.ts'
import { type DocumentDescription, describeDocument } from './provided-document.ts'
import { requireSuccess } from './registry-answer.ts'
import { entryUuidOf } from './remove.ts'

interface ProvideOptions extends SystemOptions {
  readonly patient: string
  readonly sourcePatient?: string
  readonly sourceId?: string
  readonly mime?: string
  readonly title?: string
  readonly class: string
  readonly type: string
  readonly format: string
  readonly practiceSetting: string
  readonly facilityType: string
  readonly confidentiality: string
  readonly replaces?: string
  readonly appends?: string
  readonly transforms?: string
  readonly folder?: string
  readonly raw?: true
}

const MIME_TYPES: Readonly<Record<string, string>> = {
  '.hl7': 'x-application/hl7-v2+er7',
  '.pdf': 'application/pdf',
  '.xml': 'text/xml',
  '.txt': 'text/plain',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
}

export const registerProvide: Registration = (program, terminal) => {
  actingAs(program.command('provide <file>'))
    .description('ITI-41: provide and register a document / 文書の登録')
    .requiredOption('--patient <id>', 'affinity-domain id of the patient, a bare value or id^^^&OID&ISO')
    .option('--source-patient <cx>', 'id^^^&OID&ISO at the source; default that of --patient')
    .option('--source-id <oid>', 'sourceId of the submission; default the domain of the system’s facility')
    .option('--mime <type>', 'MIME type; default by the file name')
    .option('--title <text>', 'title; default the file name')
    .option('--class <code>', 'classCode', 'DOCUMENT')
    .option('--type <code>', 'typeCode', 'DOC')
    .option('--format <code>', 'formatCode', 'urn:x-ssmix2:1.2:DOC')
    .option('--practice-setting <code>', 'practiceSettingCode', '99')
    .option('--facility-type <code>', 'healthcareFacilityTypeCode', 'OTHER')
    .option('--confidentiality <code>', 'confidentialityCode', 'N')
    .option('--replaces <entryUUID>', 'the registered document that this one replaces (RPLC)')
    .option('--appends <entryUUID>', 'the registered document that this one is an addendum to (APND)')
    .option('--transforms <entryUUID>', 'the registered document that this one is a transformation of (XFRM)')
    .option('--folder <entryUUID>', 'the registered folder that the document becomes a member of')
    .option('--raw', 'print the answer as received')
    .action((file: string, options: ProvideOptions, command: Command) =>
      provide(contextOf(command, terminal), file, options),
    )
}

async function provide(context: Context, file: string, options: ProvideOptions): Promise<void> {
  const { terminal } = context
  const bytes = await readFile(resolve(terminal.cwd, file)).catch((cause: unknown) => {
    throw new UsageError(`${file} cannot be read`, { cause })
  })
  await asSystem(context, options, async ({ config, client }) => {
    const patientId = patientOf(config, options.patient)
    const sourceId =
      options.sourceId === undefined
        ? await facilityDomain(config, options.as, undefined)
        : oidOf(options.sourceId, '--source-id')
    const description = { ...described(file, options), patientId, sourceId, repository: config.repository.uniqueId }
    const { submission: alone, entry, set } = describeDocument(bytes, description)
    const associations = [...alone.associations, ...related(options, { entry: entry.entryUUID, set: set.entryUUID })]
    const submission = { ...alone, associations }
    const contentId = newContentId()
    const content = { kind: 'part', contentId } as const
    const body = writeProvideAndRegister({ submission, documents: [{ id: entry.entryUUID, content }] })
    const attachments = [{ contentId, contentType: entry.mimeType, body: bytes }]
    const reply = await client.call({ transaction: iti41, body, attachments })
    if (options.raw === true) terminal.out(reply.raw)
    requireSuccess(terminal, readRegistryResponse(reply.body))
    if (options.raw === true) return
    const { uniqueId, entryUUID, hash } = entry
    if (context.format === 'json') terminal.out(toJson({ uniqueId, entryUUID, hash, size: bytes.length }))
    else terminal.out(`registered ${uniqueId}\n`)
  })
}

/** What ties the document to registered ones (ITI TF-3 4.2.2). @throws {UsageError} for an id that is no UUID. */
function related(
  { replaces, appends, transforms, folder }: ProvideOptions,
  own: { readonly entry: string; readonly set: string },
): readonly Association[] {
  const to = (type: string, target: string | undefined): readonly Association[] =>
    target === undefined ? [] : [relationship(type, { source: own.entry, target: entryUuidOf(target) })]
  return [
    ...to(RPLC, replaces),
    ...to(APND, appends),
    ...to(XFRM, transforms),
    ...(folder === undefined ? [] : folderMembership(own.set, { folder: entryUuidOf(folder), entry: own.entry })),
  ]
}

type Described = Omit<DocumentDescription, 'patientId' | 'sourceId' | 'repository'>

/** What the options say by themselves. @throws {UsageError} for an unknown file type or a source id that is no CX. */
function described(file: string, options: ProvideOptions): Described {
  const mimeType = options.mime ?? MIME_TYPES[extname(file).toLowerCase()]
  if (mimeType === undefined) throw new UsageError(`--mime is needed: the name ${file} does not tell the type`)
  if (options.sourcePatient !== undefined && parseCx(options.sourcePatient) === undefined)
    throw new UsageError('--source-patient needs id^^^&OID&ISO')
  return {
    mimeType,
    title: options.title ?? basename(file),
    ...(options.sourcePatient === undefined ? {} : { sourcePatientId: options.sourcePatient }),
    author: options.as,
    codes: {
      classCode: options.class,
      typeCode: options.type,
      formatCode: options.format,
      practiceSettingCode: options.practiceSetting,
      healthcareFacilityTypeCode: options.facilityType,
      confidentialityCode: options.confidentiality,
    },
  }
}
