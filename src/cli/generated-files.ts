// What `tsunagi generate` writes; a test holds the committed files against it.

import { errorTable } from '../../profiles/errors/index.ts'
import { ENDPOINTS, type Transaction, transactions } from '../../profiles/transactions/index.ts'
import { writeWsdl } from '../codec/soap/wsdl.ts'
import type { ErrorRow } from '../model/error.ts'

const ADDRESS = 'https://localhost:8443'

/** Path below the project and content. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ...(Object.entries(ENDPOINTS) as readonly [Transaction['actor'], string][]).map(
      ([actor, path]) =>
        [`wsdl/${actor}.wsdl`, writeWsdl({ actor, transactions, address: `${ADDRESS}${path}` })] as const,
    ),
    ['docs/errors.md', errorsPage()] as const,
  ])
}

function errorsPage(): string {
  return [
    '# Errors',
    '',
    'Every refusal and warning this server gives, from the table in `profiles/errors` (written by `npm run generate`).',
    'Each answer carries the code, where it was found, what would do, and the journal id that the operator can look up.',
    '',
    ...errorTable.map(section),
  ].join('\n')
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
