// Requests of other stacks, when they lie beside this project: answered as their table says (ITI TF-2 3.18, 3.38, 3.39, 3.41, 3.42, 3.43).

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { Test } from 'tap'
import {
  ENDPOINTS,
  iti18,
  iti38,
  iti39,
  iti42,
  type Transaction,
  transactions,
} from '../../profiles/transactions/index.ts'
import { OBJECT_ON_DEMAND } from '../../src/model/xds.ts'
import type { HttpAnswer, Scenario } from './harness.ts'
import { ENTRY, FOLDER, knowPatient, ON_DEMAND, presume, presumeDocuments } from './presumed.ts'
import { type Emitted, envelopeOf } from './validate.ts'

const folder = new URL('../../../shared/samples/xds/', import.meta.url)

/** The patient that the samples presume. */
const PRESUMED = { value: '4711', domain: '1.3.6.1.4.1.21367.13.20.1000' }

/**
 * What a request gets, by its name: `Success`, the RegistryError codes, or the code of a fault. Documents and repositories of other
 * networks are not known; what else a request presumes is made before it.
 */
const EXPECTED: Readonly<Record<string, string>> = {
  'iti18-request-FindDocuments-valid.xml': 'Success',
  'iti18-request-envelope-FindDocuments-valid.xml': 'Success',
  'iti18-request-invalid-code-without-scheme.xml': 'XDSRegistryError',
  'iti18-request-invalid-unterminated-quote-sql-injection.xml': 'XDSRegistryError',
  'iti18-request-missing-status.xml': 'XDSStoredQueryMissingParam',
  'iti18-request-status-without-parentheses.xml': 'XDSRegistryError',
  'iti18-request-status-without-quotes.xml': 'Success',
  'iti18-request-unquoted-patientid.xml': 'Success',
  'iti38-request-body-home-attribute.xml': 'XDSUnknownCommunity',
  'iti38-request-envelope-FindDocuments.xml': 'Success',
  'iti39-request-envelope-two-docs.xml': 'XDSUnknownCommunity',
  'iti41-http-mtom-request-valid.txt': 'XDSUnknownPatientId',
  'iti41-request-body-invalid-association-to-self.xml': 'XDSRegistryMetadataError',
  'iti41-request-body-invalid-classifiedObject-mismatch.xml': 'XDSRegistryMetadataError',
  'iti41-request-body-limited-metadata-xdr.xml': 'XDSRegistryMetadataError',
  'iti41-request-body-metadata-valid-but-no-Document.xml': 'XDSMissingDocument',
  'iti41-request-body-schema-invalid-element-order.xml': 'XDSRepositoryMetadataError',
  'iti41-request-envelope-fault-header-after-body.xml': 'SOAP_STRUCTURE',
  'iti41-request-envelope-fault-no-action.xml': 'WSA_ACTION_MISSING',
  'iti41-request-envelope-schema-invalid-element-order.xml': 'XDSRepositoryMetadataError',
  'iti41-request-envelope-valid-headers-but-no-Document.xml': 'XDSMissingDocument',
  'iti43-request-body-home-without-urn-prefix.xml': 'XDSUnknownRepositoryId',
  'iti43-request-envelope-schema-invalid-order.xml': 'XDSRepositoryError',
  'iti43-request-envelope-valid-two-docs.xml': 'XDSUnknownRepositoryId',
  'iti51-request-FindDocumentsForMultiplePatients.xml': 'Success',
  'soap-envelope-empty-body.xml': 'SOAP_STRUCTURE',
  'soap-fault-not-wellformed.xml': 'XML_NOT_WELL_FORMED',
  'submission-body-extra-metadata.xml': 'XDSRegistryMetadataError',
  'submission-body-full-attributes.xml': 'XDSRegistryMetadataError',
  'written/iti18-request-FindDocuments-and-or-ondemand.xml': 'Success',
  'written/iti18-request-GetAll.xml': 'Success',
  'written/iti18-request-GetDocuments-home-objectref.xml': 'Success',
  'written/iti18-request-GetRelatedDocuments.xml': 'Success',
  'written/iti18-request-GetSubmissionSetAndContents.xml': 'Success',
  'written/iti18-request-invalid-both-uuid-and-uniqueid.xml': 'XDSStoredQueryParamNumber',
  'written/iti18-request-invalid-unknown-query.xml': 'XDSUnknownStoredQuery',
  'written/iti38-request-envelope-invalid-getdocuments-without-home.xml': 'XDSMissingHomeCommunityId',
  // Nobody agreed that answers go to this address; those that do: async-answers.test.ts.
  'written/iti39-request-envelope-async-replyto.xml': 'WSA_REPLY_TO',
  'written/iti39-request-invalid-no-home.xml': 'XDSMissingHomeCommunityId',
  'written/iti41-http-mtom-request-invalid-missing-part.txt': 'XDSMissingDocument',
  'written/iti41-http-mtom-request-valid-inline.txt': 'Success',
  'written/iti41-http-mtom-request-valid-xop.txt': 'Success',
  'written/iti41-request-envelope-invalid-document-without-metadata.xml':
    'XDSMissingDocument XDSMissingDocumentMetadata',
  'written/iti41-request-envelope-invalid-wrong-hash.xml': 'XDSRepositoryMetadataError',
  'written/iti42-request-envelope-valid-1doc.xml': 'Success',
  'written/iti42-request-envelope-valid-doc-in-new-folder.xml': 'Success',
  'written/iti42-request-envelope-valid-reference-existing-doc.xml': 'Success',
  'written/iti42-request-envelope-valid-replace.xml': 'Success',
  'written/iti42-request-envelope-valid-two-docs-addendum-in-message.xml': 'Success',
  'written/iti42-request-invalid-duplicate-uniqueId-in-message.xml': 'XDSRegistryDuplicateUniqueIdInMessage',
  'written/iti42-request-invalid-missing-classCode.xml': 'XDSRegistryMetadataError',
  'written/iti42-request-invalid-no-hash-size.xml': 'XDSRegistryMetadataError',
  'written/iti42-request-invalid-original-target-outside.xml': 'XDSRegistryMetadataError',
  'written/iti42-request-invalid-pid-format.xml': 'XDSRegistryMetadataError',
  'written/iti42-request-invalid-pid-mismatch.xml': 'XDSPatientIdDoesNotMatch',
  'written/iti42-request-invalid-replace-source-not-in-message.xml': 'UnresolvedReferenceException',
  'written/iti42-request-invalid-time-format-and-order.xml': 'XDSRegistryMetadataError',
  'written/iti42-request-invalid-update-trigger-in-register.xml': 'XDSRegistryMetadataError',
  'written/iti42-request-invalid-uppercase-uuid.xml': 'XDSRegistryMetadataError',
  'written/iti42-request-valid-snapshot-of-ondemand.xml': 'Success',
  'written/iti51-request-invalid-no-selective-parameter.xml': 'XDSStoredQueryMissingParam',
  'iti57-request-invalid-same-logicalId-twice.xml': 'XDSMetadataUpdateOperationError',
  'iti57-request-update-documententry-and-status.xml': 'Success',
  'written/iti57-request-invalid-status-without-OriginalStatus.xml': 'XDSMetadataUpdateOperationError',
  'written/iti57-request-valid-submit-association.xml': 'Success',
  'written/iti57-request-valid-update-documententry.xml': 'Success',
  'written/iti57-request-valid-update-status.xml': 'Success',
  'written/iti61-request-envelope-valid-ondemand.xml': 'Success',
  'written/iti61-request-invalid-with-hash-and-size.xml': 'XDSRegistryMetadataError',
  'written/iti62-request-invalid-empty-list.xml': 'UnresolvedReferenceException',
  'written/iti62-request-valid-remove-metadata.xml': 'Success',
  'written/iti86-request-valid-remove-two-documents.xml': 'Success',
  'written/iti86-request-wrong-repository.xml': 'XDSUnknownRepositoryId',
}

interface Request {
  readonly transaction: Transaction
  readonly type: string
  readonly body: Buffer
}

function requestOf(name: string, bytes: Buffer): Request | undefined {
  const transaction = transactionOf(name)
  if (transaction === undefined) return undefined
  if (name.endsWith('.txt')) return { transaction, ...httpMessage(bytes) }
  const text = withDocument(name, bytes.toString('utf8'))
  const type = 'application/soap+xml; charset=UTF-8'
  if (/:Envelope[\s>]/.test(text) || name.startsWith('soap-')) return { transaction, type, body: bytes }
  return { transaction, type, body: Buffer.from(enveloped(transaction, text)) }
}

/** Metadata errors can show only when the submission has the document that these lack. */
const WITHOUT_DOCUMENT = /association-to-self|classifiedObject-mismatch|limited-metadata/

function withDocument(name: string, text: string): string {
  if (!WITHOUT_DOCUMENT.test(name)) return text
  const documents = [...text.matchAll(/ExtrinsicObject[^>]*\sid="([^"]+)"/g)]
    .map(([, id]) => `<Document xmlns="urn:ihe:iti:xds-b:2007" id="${id}">AA==</Document>`)
    .join('')
  return text.replace(/<\/(\w+:)?ProvideAndRegisterDocumentSetRequest>/, (end) => documents + end)
}

function transactionOf(name: string): Transaction | undefined {
  if (/^submission-body/.test(name)) return iti42
  if (/^soap-(envelope|fault-not)/.test(name)) return iti18
  const number = /^iti(18|38|39|41|42|43|51|57|61|62|86)-.*request/.exec(name)?.[1]
  return number === undefined ? undefined : transactions.find(({ id }) => id === `ITI-${number}`)
}

function enveloped({ action }: Transaction, xml: string): string {
  const body = xml.replace(/^\s*<\?xml.*?\?>/, '')
  return `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header><a:Action
    xmlns:a="http://www.w3.org/2005/08/addressing">${action}</a:Action></e:Header><e:Body>${body}</e:Body></e:Envelope>`
}

/** A whole HTTP message kept as a file; its line ends are made those of HTTP. */
function httpMessage(bytes: Buffer): { readonly type: string; readonly body: Buffer } {
  const text = bytes.toString('latin1')
  const blank = /\r?\n\r?\n/.exec(text)
  const end = (blank?.index ?? 0) + (blank?.[0].length ?? 0)
  const type = /^content-type:((?:.*\r?\n[ \t])*.*)/im.exec(text.slice(0, end))?.[1] ?? ''
  return { type: type.replaceAll(/\s+/g, ' ').trim(), body: bytes.subarray(end) }
}

async function outcomeOf(answer: HttpAnswer): Promise<string> {
  const text = (await envelopeOf(answer))?.toString('utf8') ?? ''
  const fault = /<error:Error[^>]* code="([A-Z0-9_]+)"/.exec(text)?.[1]
  if (fault !== undefined) return fault
  const errors = [...text.matchAll(/errorCode="(\w+)"/g)].map(([, code]) => code ?? '')
  return errors.length > 0 ? [...new Set(errors)].sort().join(' ') : (/ResponseStatusType:(\w+)/.exec(text)?.[1] ?? '')
}

/** Patient and document of the two samples of Update Document Set that come from another stack. */
const UPDATED = {
  patient: { value: '714f4004f80540c', domain: '1.3.6.1.4.1.21367.2005.3.7' },
  entryUUID: 'urn:uuid:20744602-ba65-44e9-87ee-a52303a5183e',
  deprecated: 'urn:uuid:e0985823-dc50-45a5-a6c8-a11a829893bd',
}
const patient = PRESUMED
const entry = { entryUUID: ENTRY }

/** What is made before a request that presumes it. */
const BEFORE: Readonly<Record<string, (scenario: Scenario, text: string) => Promise<void>>> = {
  'iti57-request-update-documententry-and-status.xml': async (scenario, text) => {
    const described = { ...describedBy(text), entryUUID: UPDATED.entryUUID }
    await presume(scenario, { patient: UPDATED.patient, entry: { entryUUID: UPDATED.deprecated } })
    await presume(scenario, { patient: UPDATED.patient, entry: described })
  },
  'written/iti42-request-envelope-valid-reference-existing-doc.xml': (scenario) =>
    presume(scenario, { patient, entry }),
  'written/iti42-request-envelope-valid-replace.xml': (scenario) => presume(scenario, { patient, entry }),
  'written/iti42-request-valid-snapshot-of-ondemand.xml': (scenario) =>
    presume(scenario, { patient, entry: { entryUUID: ON_DEMAND, objectType: OBJECT_ON_DEMAND } }),
  'written/iti57-request-valid-submit-association.xml': (scenario) =>
    presume(scenario, { patient, entry, folder: { entryUUID: FOLDER } }),
  'written/iti57-request-valid-update-documententry.xml': (scenario, text) =>
    presume(scenario, { patient, entry: { ...describedBy(text), ...entry } }),
  'written/iti57-request-valid-update-status.xml': (scenario) => presume(scenario, { patient, entry }),
  'written/iti62-request-valid-remove-metadata.xml': (scenario) => presume(scenario, { patient, entry }),
  'written/iti86-request-valid-remove-two-documents.xml': (scenario, text) =>
    presumeDocuments(
      scenario,
      patient,
      [...text.matchAll(/DocumentUniqueId>([\d.]+)</g)].flatMap(([, id]) => id ?? []),
    ),
}

/** What an update may not change, as the update says it. */
function describedBy(text: string) {
  const slot = (name: string): string =>
    new RegExp(`name="${name}">\\s*<[^>]*ValueList>\\s*<[^>]*Value>([^<]*)<`).exec(text)?.[1] ?? ''
  const [, uniqueId = ''] = /urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"[^>]*\svalue="([^"]*)"/.exec(text) ?? []
  return { uniqueId, hash: slot('hash'), size: slot('size'), repositoryUniqueId: slot('repositoryUniqueId') }
}

/** The samples name a repository of theirs; what they say of it is asked of ours. */
function ofOurRepository(name: string, body: Buffer, { server }: Scenario): Buffer {
  if (!name.includes('iti86-request-valid')) return body
  const ours = server.config.repository.uniqueId
  return Buffer.from(body.toString('utf8').replaceAll(/(RepositoryUniqueId>)[\d.]+</g, `$1${ours}<`))
}

/** Homes of the samples; asked for as ours, all that is left to say is that the documents are not here. */
const HOMES = /urn:oid:1\.3\.6\.1\.4\.1\.21367\.2010\.1\.2\.2045|urn:oid:1\.2\.3\.5/g

/** What a gateway says of the home that a request names, and what of the rest when the home is ours (ITI TF-2 3.38.4.1.2, 3.39.4.1.2). */
const AT_GATEWAY = [
  { name: 'iti38-request-body-home-attribute.xml', transaction: iti38, isOurs: true, outcome: 'Success' },
  {
    name: 'iti39-request-envelope-two-docs.xml',
    transaction: iti39,
    isOurs: true,
    outcome: 'XDSUnknownRepositoryId',
  },
  {
    name: 'iti43-request-body-home-without-urn-prefix.xml',
    transaction: iti39,
    isOurs: false,
    outcome: 'XDSUnknownCommunity',
  },
] as const

async function runAtGateway(t: Test, scenario: Scenario, emitted: Emitted[]): Promise<void> {
  const { homeCommunityId } = scenario.server.config.community
  for (const { name, transaction, isOurs, outcome } of AT_GATEWAY) {
    const text = readFileSync(new URL(name, folder), 'utf8')
    const asked = isOurs ? text.replaceAll(HOMES, homeCommunityId) : text
    const body = Buffer.from(/:Envelope[\s>]/.test(asked) ? asked : enveloped(transaction, asked))
    const type = 'application/soap+xml; charset=UTF-8'
    const answer = await scenario.httpsPost('tester', ENDPOINTS[transaction.actor], { type, body })
    const envelope = await envelopeOf(answer)
    if (envelope !== undefined) emitted.push({ name: `sample at the gateway ${name}`, envelope })
    t.equal(await outcomeOf(answer), outcome, `${transaction.id} ${name}`)
  }
}

export async function runForeignSamples(t: Test, scenario: Scenario, emitted: Emitted[]): Promise<void> {
  if (!existsSync(folder)) return void t.pass('there are none')
  await knowPatient(scenario, PRESUMED)
  await knowPatient(scenario, UPDATED.patient)
  const files = ['', 'written/'].flatMap((place) =>
    readdirSync(new URL(place, folder)).map((name) => ({ place, name })),
  )
  for (const { place, name } of files) {
    const path = new URL(`${place}${name}`, folder)
    const request = /\.(xml|txt)$/.test(name) ? requestOf(name, readFileSync(path)) : undefined
    if (request === undefined) continue
    const { transaction, type } = request
    await BEFORE[`${place}${name}`]?.(scenario, request.body.toString('utf8'))
    const body = ofOurRepository(name, request.body, scenario)
    const answer = await scenario.httpsPost('tester', ENDPOINTS[transaction.actor], { type, body })
    const envelope = await envelopeOf(answer)
    if (envelope !== undefined) emitted.push({ name: `sample ${name}`, envelope })
    const outcome = await outcomeOf(answer)
    t.equal(outcome, EXPECTED[`${place}${name}`], `${place}${name}: ${outcome}`)
  }
  await runAtGateway(t, scenario, emitted)
}
