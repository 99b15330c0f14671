// Writes the schemas of a WSDL from their tables (XML Schema 1.0).

import type { QName } from '../../../profiles/transactions/index.ts'
import { el, type Markup } from '../xml/write.ts'
import { type ComplexType, type Occurs, type Particle, SCHEMA_PREFIXES, SCHEMAS, type Schema } from './schema-tables.ts'

const NOTHING: Schema = { imports: [], types: [], elements: {} }

/**
 * The schemas of these message elements and of what they contain, imported ones first. An element that none describes (an HL7
 * interaction, whose schemas are HL7's to publish) has open content.
 */
export function writeSchemas(roots: readonly QName[]): readonly Markup[] {
  const namespaces = new Set<string>()
  const add = (ns: string): void => {
    for (const imported of SCHEMAS[ns]?.imports ?? []) add(imported)
    namespaces.add(ns)
  }
  for (const { ns } of roots) add(ns)
  return [...namespaces].map((ns) =>
    writeSchema(
      ns,
      roots.filter((root) => root.ns === ns),
    ),
  )
}

function writeSchema(ns: string, roots: readonly QName[]): Markup {
  const { imports, types, elements } = SCHEMAS[ns] ?? NOTHING
  const prefix = SCHEMA_PREFIXES[ns]
  const open = [...new Set(roots.map(({ name }) => name))].filter((name) => !Object.hasOwn(elements, name))
  const typed = (type: string): string => (type.includes(':') ? type : `${prefix}:${type}`)
  return el(
    'xsd:schema',
    { targetNamespace: ns, elementFormDefault: 'qualified' },
    ...imports.map((namespace) => el('xsd:import', { namespace })),
    ...Object.entries(elements).map(([name, type]) => el('xsd:element', { name, type: typed(type) })),
    ...open.map((name) => el('xsd:element', { name, type: 'xsd:anyType' })),
    ...types.map(writeType),
  )
}

function writeType({ name, content, attributes, takesLanguage }: ComplexType): Markup {
  const declared = [
    ...attributes.map(({ name: attribute, type, use }) => el('xsd:attribute', { name: attribute, type, use })),
    ...(takesLanguage === true
      ? [el('xsd:anyAttribute', { namespace: 'http://www.w3.org/XML/1998/namespace', processContents: 'lax' })]
      : []),
  ]
  if (content.kind === 'text')
    return el(
      'xsd:complexType',
      { name },
      el('xsd:simpleContent', {}, el('xsd:extension', { base: content.type }, ...declared)),
    )
  const particles = content.particles.map(writeParticle)
  const group =
    content.kind === 'mixture'
      ? el('xsd:choice', OCCURS['any number'], ...particles)
      : el('xsd:sequence', {}, ...particles)
  return el('xsd:complexType', { name }, group, ...declared)
}

const OCCURS: Readonly<Record<Occurs, Readonly<Record<string, string>>>> = {
  once: {},
  optional: { minOccurs: '0' },
  'any number': { minOccurs: '0', maxOccurs: 'unbounded' },
  'at least once': { maxOccurs: 'unbounded' },
}

function writeParticle({ name, type, occurs }: Particle): Markup {
  return el('xsd:element', { ...(type === undefined ? { ref: name } : { name, type }), ...OCCURS[occurs] })
}
