// A parsed document with everything masked that may tell something of a person: what is made of it afterwards cannot show more (docs/adr/0039).

import { MASK, shown, shownQueryValue } from '../../../profiles/inspection/values.ts'
import {
  ADDRESSES,
  attributeKind,
  isSlotName,
  KNOWN_NAMESPACES,
  REFERENCES,
  type Standing,
  slotKind,
  textKind,
} from '../../../profiles/inspection/xml.ts'
import { NS } from '../../../profiles/transactions/index.ts'
import type { XmlElement } from '../xml/element.ts'

const XSI_TYPE = '{http://www.w3.org/2001/XMLSchema-instance}type'
const TYPE_NAME = /^(\w{1,20}:)?[A-Za-z_.<>]{1,60}$/
const UUID = /^(urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const BLANK = /^\s*$/

/** Ids that senders choose freely, as numbers. */
type Aliases = Map<string, string>

interface Inside {
  readonly within: readonly string[]
  readonly aliases: Aliases
  /** Name of the slot whose values these are. */
  readonly slot?: string
}

export function maskXml(root: XmlElement): XmlElement {
  return masked(root, { within: [], aliases: new Map() })
}

function masked(element: XmlElement, inside: Inside): XmlElement {
  if (!KNOWN_NAMESPACES.has(element.ns) || !/^[A-Za-z][\w.-]{0,79}$/.test(element.name)) return hidden()
  const { within, aliases } = inside
  const slot = element.name === 'Slot' ? (element.attributes.get('name') ?? '') : inside.slot
  const deeper: Inside = { within: [...within, element.name], aliases, ...(slot === undefined ? {} : { slot }) }
  return {
    ns: element.ns,
    name: element.name,
    attributes: maskedAttributes(element, inside),
    children: element.children.map((child) =>
      typeof child === 'string' ? maskedText(child, element, inside) : masked(child, deeper),
    ),
    prefixes: new Map(),
  }
}

/** What stands in a vocabulary that is not known may be anything, its names too. */
function hidden(): XmlElement {
  return { ns: '', name: 'masked', attributes: new Map(), children: [MASK], prefixes: new Map() }
}

function standing(element: XmlElement, within: readonly string[]): Standing {
  return { ns: element.ns, name: element.name, within, attribute: (name) => element.attributes.get(name) }
}

function maskedAttributes(element: XmlElement, { within, aliases }: Inside): ReadonlyMap<string, string> {
  const at = standing(element, within)
  const kept = new Map<string, string>()
  for (const [key, value] of element.attributes) {
    const name = key.slice(key.indexOf('}') + 1)
    if (!/^[A-Za-z][\w.-]{0,39}$/.test(name)) continue
    kept.set(name, maskedAttribute(at, { key, name, value, aliases }))
  }
  return kept
}

function maskedAttribute(
  at: Standing,
  given: { readonly key: string; readonly name: string; readonly value: string; readonly aliases: Aliases },
): string {
  const { key, name, value, aliases } = given
  if (key === XSI_TYPE) return TYPE_NAME.test(value) ? value : MASK
  if (at.name === 'Slot' && name === 'name') return isSlotName(value) ? value : MASK
  if (at.ns === NS.query && at.name === 'AdhocQuery' && name === 'id') return shown('id', value)
  if (at.ns !== NS.hl7 && REFERENCES.has(name)) return alias(value, aliases)
  if (at.name === 'LocalizedString' && name === 'value') return value === '' ? '' : MASK
  return shown(attributeKind(at, name), value)
}

/** `cid:` and `#` stand before what they refer to. */
function alias(value: string, aliases: Aliases): string {
  if (value === '' || UUID.test(value)) return value
  const [, lead = '', id = ''] = /^(cid:|#)?(.*)$/s.exec(value) ?? []
  const known = aliases.get(id) ?? `id-${aliases.size + 1}`
  aliases.set(id, known)
  return `${lead}${known}`
}

function maskedText(text: string, element: XmlElement, { within, slot }: Inside): string {
  if (BLANK.test(text)) return text
  const value = text.trim()
  const { name } = element
  if (element.ns === NS.rim && name === 'Value' && slot !== undefined) {
    const kind = slotKind(slot)
    return slot.startsWith('$') ? shownQueryValue(kind, value) : shown(kind, value)
  }
  if (ADDRESSES.has(value) && (name === 'Address' || name === 'To')) return value
  return shown(textKind(standing(element, within)), value)
}
