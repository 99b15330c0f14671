// Checks what the HL7 v3 schemas would refuse, from tables: attributes, child order, cardinality, data types (NE2008 multicacheschemas).

import { iheError } from '../../../profiles/errors/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import type { XmlElement } from '../xml/read.ts'

/** What an attribute value must match; `true` accepts any value. */
type AttributeRule = RegExp | true

/** `?` optional, `1` required, `*` repeating, `+` required and repeating. */
type Cardinality = '?' | '1' | '*' | '+'

interface Slot {
  readonly position: number
  readonly isRequired: boolean
  readonly isRepeating: boolean
  readonly shape: Shape
}

export interface Shape {
  readonly attributes: ReadonlyMap<string, AttributeRule>
  readonly required: readonly string[]
  /** `any`: mixed or unread content that is not looked into. */
  readonly content: ReadonlyMap<string, Slot> | 'any'
}

export type ChildRow = readonly [name: string, cardinality: Cardinality, shape: Shape]

interface ShapeDefinition {
  readonly attributes?: Readonly<Record<string, AttributeRule>>
  readonly required?: Readonly<Record<string, AttributeRule>>
  readonly content: readonly ChildRow[] | 'any'
}

const NOT_EMPTY = /./su
const NULL_FLAVOR = /^(NI|NA|UNK|NAV|NASK|ASKU|MSK|OTH|NINF|PINF|UNC|QS|TRC)$/
const UID =
  /^([0-2](\.(0|[1-9][0-9]*))*|[0-9A-Za-z]{8}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{12}|[A-Za-z][A-Za-z0-9-]*)$/
const TIMESTAMP = /^([0-9]{1,8}|([0-9]{9,14}|[0-9]{14}\.[0-9]+)([+-][0-9]{1,4})?)$/

/** A shape from its definition; compiled once, when the module is loaded. */
export function shape(definition: ShapeDefinition): Shape {
  const rules = { nullFlavor: NULL_FLAVOR, ...definition.attributes, ...definition.required }
  return {
    attributes: new Map(Object.entries(rules)),
    required: Object.keys(definition.required ?? {}),
    content: definition.content === 'any' ? 'any' : slots(definition.content),
  }
}

function slots(rows: readonly ChildRow[]): ReadonlyMap<string, Slot> {
  return new Map(
    rows.map(([name, cardinality, child], position) => [
      name,
      {
        position,
        isRequired: cardinality === '1' || cardinality === '+',
        isRepeating: cardinality === '*' || cardinality === '+',
        shape: child,
      },
    ]),
  )
}

/** Content that the readers do not use and that is therefore not looked into. */
export const ANY: Shape = { attributes: new Map(), required: [], content: 'any' }

export const II = shape({
  attributes: { root: UID, extension: NOT_EMPTY, assigningAuthorityName: NOT_EMPTY, displayable: /^(true|false)$/ },
  content: [],
})
export const TS = shape({ attributes: { value: TIMESTAMP }, content: 'any' })
export const BL = shape({ attributes: { value: /^(true|false)$/ }, content: [] })
/** CS, CE and CD alike: IHE fixes no more than code and code system. */
export const CODE = shape({
  attributes: {
    code: /^[^\s]+$/,
    codeSystem: UID,
    codeSystemName: true,
    codeSystemVersion: true,
    displayName: true,
  },
  content: 'any',
})

/** The elements that may open any HL7 v3 clone (infrastructureRoot.xsd). */
export const INFRASTRUCTURE: readonly ChildRow[] = [
  ['realmCode', '*', CODE],
  ['typeId', '?', II],
  ['templateId', '*', II],
]

/**
 * Checks `element` and everything below it against `expected`.
 * @param at XPath of the element, without prefixes, indexes 1-based where the schema allows repetition.
 * @throws {IheError} V3_ATTRIBUTE_MISSING, V3_ATTRIBUTE_NOT_ALLOWED, V3_DATA_TYPE, V3_STRUCTURE, V3_TOO_MANY, V3_ELEMENT_MISSING:
 * the first deviation in document order.
 */
export function checkShape(element: XmlElement, expected: Shape, at: string): void {
  if (expected.attributes.size > 0) checkAttributes(element, expected, at)
  const { content } = expected
  if (content === 'any') return
  let last = -1
  let count = 0
  for (const child of element.children) {
    if (typeof child === 'string') {
      checkBlank(child, at)
      continue
    }
    const slot = child.ns === NS.hl7 ? content.get(child.name) : undefined
    if (slot === undefined || slot.position < last) {
      throw iheError('V3_STRUCTURE', { at: `${at}/${child.name}`, rule: 'XSD-SEQUENCE' })
    }
    if (slot.position > last) requireBetween(content, { after: last, before: slot.position, at })
    count = slot.position === last ? count + 1 : 1
    last = slot.position
    if (count > 1 && !slot.isRepeating) throw iheError('V3_TOO_MANY', { at: `${at}/${child.name}[${count}]` })
    checkShape(child, slot.shape, slot.isRepeating ? `${at}/${child.name}[${count}]` : `${at}/${child.name}`)
  }
  requireBetween(content, { after: last, before: content.size, at })
}

interface Gap {
  readonly after: number
  readonly before: number
  readonly at: string
}

function requireBetween(content: ReadonlyMap<string, Slot>, gap: Gap): void {
  for (const [name, slot] of content) {
    if (slot.isRequired && slot.position > gap.after && slot.position < gap.before) {
      throw iheError('V3_ELEMENT_MISSING', { at: `${gap.at}/${name}` })
    }
  }
}

function checkAttributes(element: XmlElement, expected: Shape, at: string): void {
  for (const name of expected.required) {
    if (!element.attributes.has(name)) throw iheError('V3_ATTRIBUTE_MISSING', { at: `${at}/@${name}` })
  }
  for (const [name, value] of element.attributes) {
    if (isForeign(name)) continue
    const rule = expected.attributes.get(name)
    if (rule === undefined) throw iheError('V3_ATTRIBUTE_NOT_ALLOWED', { at: `${at}/@${name}` })
    if (rule !== true && !rule.test(value)) throw iheError('V3_DATA_TYPE', { at: `${at}/@${name}` })
  }
}

/** xsi:type, xsi:nil, xml:lang and namespace declarations are not attributes of the HL7 v3 model. */
function isForeign(attribute: string): boolean {
  return attribute.includes(':') || attribute.startsWith('{') || attribute === 'xmlns'
}

function checkBlank(text: string, at: string): void {
  if (text.trim() !== '') throw iheError('V3_STRUCTURE', { at: `${at}/text()`, rule: 'XSD-ELEMENT-ONLY' })
}
