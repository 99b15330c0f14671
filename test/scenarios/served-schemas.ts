// Checks message bodies against the schemas that our own WSDLs carry, when xmllint is installed.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NS, transactions } from '../../profiles/transactions/index.ts'
import { writeWsdl } from '../../src/codec/soap/wsdl.ts'

export interface NamedBody {
  readonly name: string
  readonly xml: string
}

const isInstalled = spawnSync('xmllint', ['--version']).error === undefined
const SCHEMA = /<xsd:schema targetNamespace="([^"]+)".*?<\/xsd:schema>/gs

/** Every schema once, by namespace, as if one actor had all transactions: HL7 interactions are declared by the actors that have them. */
function servedSchemas(): ReadonlyMap<string, string> {
  const actor = 'DocumentRegistry'
  const all = transactions.map((transaction) => ({ ...transaction, actor }) as const)
  const wsdl = writeWsdl({ actor, transactions: all, address: 'https://localhost' })
  const [declarations = ''] = / xmlns:wsdl=[^>]*(?= targetNamespace)/.exec(wsdl) ?? []
  return new Map(
    [...wsdl.matchAll(SCHEMA)].map(([schema, ns = '']) => [
      ns,
      schema.replace('<xsd:schema', `<xsd:schema${declarations}`),
    ]),
  )
}

/** @returns what xmllint complained of. Bodies with an xop:Include are as no schema has them and do not belong here. */
export function servedSchemaFaults(bodies: readonly NamedBody[]): readonly string[] {
  if (!isInstalled) return []
  const directory = mkdtempSync(join(tmpdir(), 'tsunagi-schemas-'))
  try {
    const files = new Map([...servedSchemas().keys()].map((ns, index) => [ns, `schema-${index}.xsd`]))
    for (const [ns, schema] of servedSchemas()) {
      const located = schema.replace(
        /<xsd:import namespace="([^"]+)"/g,
        (all, other) => `${all} schemaLocation="${files.get(other)}"`,
      )
      writeFileSync(join(directory, files.get(ns) ?? ''), located)
    }
    const imports = [...files].map(
      ([namespace, file]) => `<xsd:import namespace="${namespace}" schemaLocation="${file}"/>`,
    )
    writeFileSync(
      join(directory, 'all.xsd'),
      `<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema">${imports.join('')}</xsd:schema>`,
    )
    return bodies.filter(({ xml }) => !xml.includes(NS.xop)).flatMap((body) => lint(directory, body))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** An HL7 interaction has open content there, which has no types that an xsi:type could name. */
const TYPE_OF_VALUE = / (?:\w+:)?type="(?:\w+:)?(?:PN|AD|TEL|INT|REAL|ST)"/g

function lint(directory: string, { name, xml }: NamedBody): readonly string[] {
  const { status, stderr } = spawnSync('xmllint', ['--noout', '--schema', join(directory, 'all.xsd'), '-'], {
    input: xml.replaceAll(TYPE_OF_VALUE, ''),
    encoding: 'utf8',
  })
  return status === 0 ? [] : [`${name}: ${stderr.slice(0, 500)}`]
}
