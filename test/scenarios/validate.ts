// Checks emitted messages against the public XML schemas, when they lie beside this project and xmllint is installed.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRelated } from '../../src/codec/mtom/split.ts'
import { elementsOf } from '../../src/codec/xml/navigate.ts'
import { readXml, type XmlElement } from '../../src/codec/xml/read.ts'
import { serialize } from '../../src/codec/xml/write.ts'
import type { HttpAnswer } from './harness.ts'

const schemas = new URL('../../../shared/schemas/', import.meta.url)
const available = existsSync(schemas) && spawnSync('xmllint', ['--version']).error === undefined
const HL7 = 'urn:hl7-org:v3'
const WIRE = 'xds/xds-wire.xsd'
const HL7_TYPES = 'hl7v3/HL7V3/NE2008/coreschemas/datatypes.xsd'

export interface Emitted {
  readonly name: string
  readonly envelope: Buffer
}

/** The SOAP envelope of an answer: the body itself, or the root part of an MTOM package; undefined for other content. */
export async function envelopeOf({ contentType, body }: HttpAnswer): Promise<Buffer | undefined> {
  if (/^application\/soap\+xml/i.test(contentType)) return body
  if (!/^multipart\/related/i.test(contentType)) return undefined
  const source = async function* () {
    yield body
  }
  return (await readRelated(source(), { contentType })).root
}

/** Envelopes against the wire driver, HL7 v3 bodies against their interaction. @returns what xmllint complained of. */
export function schemaFaults(emitted: readonly Emitted[]): readonly string[] {
  if (!available) return []
  const groups = new Map<string, { name: string; xml: string | Buffer }[]>()
  const add = (schema: string, name: string, xml: string | Buffer) =>
    groups.set(schema, [...(groups.get(schema) ?? []), { name, xml }])
  for (const { name, envelope } of emitted) {
    const body = bodyOf(envelope)
    add(WIRE, name, body?.ns === HL7 ? emptied(envelope) : envelope)
    if (body?.ns === HL7) add(`hl7v3/HL7V3/NE2008/multicacheschemas/${body.name}.xsd`, name, serialize(body))
  }
  return [...groups].flatMap(([schema, documents]) => lint(pathOf(schema), documents))
}

function pathOf(schema: string): string {
  return fileURLToPath(new URL(schema, schemas))
}

/** The wire driver knows no type of HL7 v3 that an xsi:type could name; what is in the Body is checked against its own schema. */
function emptied(envelope: Buffer): string {
  return envelope.toString('utf8').replace(/(<(\w+):Body[^>]*>).*(<\/\2:Body>)/su, '$1$3')
}

export function bodyOf(envelope: Buffer): XmlElement | undefined {
  const body = elementsOf(readXml(envelope)).find(({ name }) => name === 'Body')
  return body === undefined ? undefined : elementsOf(body)[0]
}

/** One process a schema: compiling it costs more than checking all the documents. */
function lint(schema: string, documents: readonly { name: string; xml: string | Buffer }[]): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'tsunagi-lint-'))
  try {
    const files = documents.map(({ name, xml }, index) => {
      const file = join(directory, `${index}-${name.replaceAll(/[^A-Za-z0-9.-]/g, '_')}.xml`)
      writeFileSync(file, xml)
      return file
    })
    const known = schema === pathOf(WIRE) ? withHl7Types(schema, directory) : schema
    const run = spawnSync('xmllint', ['--noout', '--schema', known, ...files], { encoding: 'utf8' })
    const lines = run.stderr.split('\n').filter((line) => line !== '' && !line.endsWith(' validates'))
    return lines.map((line) => `${basename(schema)}: ${line.replaceAll(`${directory}/`, '')}`)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Assertions carry codes whose xsi:type is of HL7 v3 (ITI TF-2 3.40.4.1.2.1). */
function withHl7Types(schema: string, directory: string): string {
  const named = (name: string, attributes: string, content: string): string => {
    const file = join(directory, name)
    writeFileSync(file, `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" ${attributes}>${content}</xs:schema>`)
    return file
  }
  const types = `<xs:include schemaLocation="${pathOf(HL7_TYPES)}"/>`
  const typesFile = named('types.xsd', `xmlns="${HL7}" targetNamespace="${HL7}"`, types)
  const both = `<xs:import namespace="${HL7}" schemaLocation="${typesFile}"/><xs:include schemaLocation="${schema}"/>`
  return named('wire-with-types.xsd', '', both)
}
