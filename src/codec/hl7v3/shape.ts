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
  readonly isRepeating: boolean
  readonly shape: Shape
}

export interface Shape {
  readonly attributes: ReadonlyMap<string, AttributeRule>
  readonly required: readonly string[]
  /** `any`: mixed or unread content that is not looked into. */
  readonly content: Content | 'any'
}

interface Content {
  readonly slots: ReadonlyMap<string, Slot>
  /** The slots that must be filled, in their order. */
  readonly required: readonly { readonly name: string; readonly position: number }[]
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
    content: definition.content === 'any' ? 'any' : contentOf(definition.content),
  }
}

function contentOf(rows: readonly ChildRow[]): Content {
  const isRequired = (cardinality: Cardinality): boolean => cardinality === '1' || cardinality === '+'
  const isRepeating = (cardinality: Cardinality): boolean => cardinality === '*' || cardinality === '+'
  return {
    slots: new Map(
      rows.map(([name, cardinality, child], position) => [
        name,
        { position, isRepeating: isRepeating(cardinality), shape: child },
      ]),
    ),
    required: rows.flatMap(([name, cardinality], position) => (isRequired(cardinality) ? { name, position } : [])),
  }
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
  const found = deviationOf(element, expected)
  if (found === undefined) return
  const { code, below, rule } = found
  throw iheError(code, { at: `${at}${below}`, ...(rule === undefined ? {} : { rule }) })
}

export function isShaped(element: XmlElement, expected: Shape): boolean {
  return deviationOf(element, expected) === undefined
}

/** Its place is put together on the way out, so that a message without deviations, as nearly all are, costs no text. */
interface Deviation {
  readonly code:
    | 'V3_ATTRIBUTE_MISSING'
    | 'V3_ATTRIBUTE_NOT_ALLOWED'
    | 'V3_DATA_TYPE'
    | 'V3_STRUCTURE'
    | 'V3_TOO_MANY'
    | 'V3_ELEMENT_MISSING'
  /** XPath from the element that was looked at. */
  readonly below: string
  readonly rule?: string
}

function deviationOf(element: XmlElement, expected: Shape): Deviation | undefined {
  const { content } = expected
  const found = expected.attributes.size === 0 ? undefined : attributeDeviation(element, expected)
  if (found !== undefined || content === 'any') return found
  let last = -1
  let count = 0
  for (const child of element.children) {
    if (typeof child === 'string') {
      if (child.trim() === '') continue
      return { code: 'V3_STRUCTURE', below: '/text()', rule: 'XSD-ELEMENT-ONLY' }
    }
    const slot = child.ns === NS.hl7 ? content.slots.get(child.name) : undefined
    if (slot === undefined || slot.position < last)
      return { code: 'V3_STRUCTURE', below: `/${child.name}`, rule: 'XSD-SEQUENCE' }
    const missing = slot.position > last ? missingBetween(content, last, slot.position) : undefined
    if (missing !== undefined) return missing
    count = slot.position === last ? count + 1 : 1
    last = slot.position
    if (count > 1 && !slot.isRepeating) return { code: 'V3_TOO_MANY', below: `/${child.name}[${count}]` }
    const inside = deviationOf(child, slot.shape)
    if (inside !== undefined)
      return { ...inside, below: `/${child.name}${slot.isRepeating ? `[${count}]` : ''}${inside.below}` }
  }
  return missingBetween(content, last, content.slots.size)
}

function missingBetween({ required }: Content, after: number, before: number): Deviation | undefined {
  for (const { name, position } of required) {
    if (position > after && position < before) return { code: 'V3_ELEMENT_MISSING', below: `/${name}` }
  }
  return undefined
}

function attributeDeviation(element: XmlElement, expected: Shape): Deviation | undefined {
  for (const name of expected.required) {
    if (!element.attributes.has(name)) return { code: 'V3_ATTRIBUTE_MISSING', below: `/@${name}` }
  }
  for (const [name, value] of element.attributes) {
    const rule = expected.attributes.get(name)
    if (rule === undefined) {
      if (!isForeign(name)) return { code: 'V3_ATTRIBUTE_NOT_ALLOWED', below: `/@${name}` }
    } else if (rule !== true && !rule.test(value)) return { code: 'V3_DATA_TYPE', below: `/@${name}` }
  }
  return undefined
}

/** xsi:type, xsi:nil, xml:lang and namespace declarations are not attributes of the HL7 v3 model. */
function isForeign(attribute: string): boolean {
  return attribute.includes(':') || attribute.startsWith('{') || attribute === 'xmlns'
}
