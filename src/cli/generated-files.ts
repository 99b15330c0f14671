// What `tsunagi generate` writes; a test holds the committed files against it.

import { errorTable } from '../../profiles/errors/index.ts'
import { type MetadataRule, metadataRules } from '../../profiles/metadata/rules.ts'
import { ENDPOINTS, type Transaction, transactions } from '../../profiles/transactions/index.ts'
import { writeWsdl } from '../codec/soap/wsdl.ts'
import type { ErrorRow } from '../model/error.ts'
import { storeClientErrorsPage, storeClientKindsPage } from './storeclient-pages.ts'

const ADDRESS = 'https://localhost:8443'

/** Path below the project and content. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ...(Object.entries(ENDPOINTS) as readonly [Transaction['actor'], string][]).map(
      ([actor, path]) =>
        [`wsdl/${actor}.wsdl`, writeWsdl({ actor, transactions, address: `${ADDRESS}${path}` })] as const,
    ),
    ['docs/errors.md', errorsPage()] as const,
    ['docs/rules.md', rulesPage()] as const,
    ['docs/storeclient/errors.md', storeClientErrorsPage()] as const,
    ['docs/storeclient/kinds.md', storeClientKindsPage()] as const,
  ])
}

function errorsPage(): string {
  return [
    '# Errors',
    '',
    'Every refusal and warning this server gives, from the table in `profiles/errors` (written by `npm run generate`).',
    'Each answer carries the code, where it was found, what would do, and the journal id, by which the sender looks it up itself ([the journal](journal.md)).',
    'For errors of its own a Document Repository says XDSRepositoryError, XDSRepositoryMetadataError and XDSRepositoryBusy instead of',
    'XDSRegistryError, XDSRegistryMetadataError and XDSRegistryBusy.',
    '',
    ...errorTable.map(section),
  ].join('\n')
}

function rulesPage(): string {
  return [
    '# Metadata rules',
    '',
    'Every rule that a registry submission is held to, from the tables in `profiles/metadata` (written by `npm run generate`). A refusal',
    'names the rule it comes from; XDS-DE is a DocumentEntry, XDS-SS a SubmissionSet, XDS-FD a Folder, XDS-OD an On-Demand entry.',
    '',
    'A rule that may be switched is set to `refuse` (the default), `warn` (stored, and the answer carries a warning) or `accept`',
    '(stored silently): for the network in `config/affinity-domain.json` of the data directory, as `"rules": { "<id>": "warn" }`, or for',
    'one system by `tsunagi system rules <system> <id>=warn`, which comes first. Journal and audit keep the rules that an exchange was',
    'let off. What identifies patients, documents and objects, what is searched by and what links objects cannot be switched.',
    '',
    'XDS-…-SET rules hold where `"enforcement": { "<attribute>": "closed" }` stands in the same file: then only the codes, languages or',
    'mime types that it lists are permitted.',
    '',
    '| rule | section | passes | may be switched |',
    '|---|---|---|---|',
    ...metadataRules.map(ruleRow),
    '',
  ].join('\n')
}

function ruleRow({ id, section, passes, switchable }: MetadataRule): string {
  return `| ${id} | ${section} | ${passes.replaceAll('|', '\\|')} | ${switchable} |`
}

function section(row: ErrorRow): string {
  const { soap, v2, v3 } = row
  const fault = soap.subcode === undefined ? soap.code : `${soap.code} / ${soap.subcode}`
  const application = v2.application === undefined ? '' : ` ${v2.application}`
  return [
    `## ${row.code}`,
    '',
    `${row.message}. ${row.hint}.`,
    '',
    row.ja,
    '',
    '| severity | whose fault | retry | RegistryError | SOAP fault | HL7 v2 | HL7 v3 | HTTP |',
    '|---|---|---|---|---|---|---|---|',
    `| ${row.severity} | ${row.blame} | ${row.retry} | ${row.ihe} | ${fault} | ${v2.ack} ${v2.table0357}${application} | ${v3.ack} ${v3.code} | ${row.http} |`,
    '',
  ].join('\n')
}
