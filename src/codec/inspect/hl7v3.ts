// HL7 v3 messages in few lines: what they are, from whom, and every value with where it stands (ITI TF-2 3.44, 3.45, 3.47 and Appendix O).

import { NS } from '../../../profiles/transactions/index.ts'
import type { Fact, InspectionTable } from '../../model/inspection.ts'
import type { XmlElement } from '../xml/element.ts'
import { attributeOf, childOf, elementsOf, textOf } from '../xml/navigate.ts'

const MAX_ROWS = 2000

/** Names of the wrapper, in the words of people who read it. */
const WRAPPER = [
  ['interactionId', 'interaction / インタラクション'],
  ['id', 'message id / メッセージID'],
  ['creationTime', 'made at / 作成日時'],
  ['processingCode', 'processing / 処理区分'],
  ['acceptAckCode', 'acknowledgement wanted / 応答条件'],
] as const

export function v3Facts(message: XmlElement): readonly Fact[] {
  const wrapper = WRAPPER.flatMap(([name, label]) => {
    const element = childOf(message, NS.hl7, name)
    return element === undefined ? [] : [{ name: label, value: written(element) }]
  })
  const acknowledgement = childOf(message, NS.hl7, 'acknowledgement')
  const answer =
    acknowledgement === undefined
      ? []
      : [{ name: 'acknowledgement / 応答', value: deepValue(acknowledgement, 'typeCode') }]
  return [...wrapper, ...answer]
}

/** typeCode stands as an attribute or as an element. */
function deepValue(element: XmlElement, name: string): string {
  const child = childOf(element, NS.hl7, name)
  return child === undefined ? (attributeOf(element, name) ?? '') : written(child)
}

/** Structure that every message has and that says nothing of its content. */
const STRUCTURE: ReadonlySet<string> = new Set(['classCode', 'moodCode', 'determinerCode', 'typeCode', 'ITSVersion'])

function written(element: XmlElement): string {
  const own = textOf(element).trim()
  const attributes = [...element.attributes].flatMap(([name, value]) =>
    STRUCTURE.has(name) ? [] : [`${name.replace(/^\{.*\}/, '')}=${value}`],
  )
  return [...attributes, ...(own === '' ? [] : [own])].join(' ')
}

/** Elements that have a value, with the path to them; names of persons in one line. */
export function v3Table(message: XmlElement): InspectionTable | undefined {
  const rows: (readonly string[])[] = []
  const walk = (element: XmlElement, path: string): void => {
    if (rows.length >= MAX_ROWS) return
    const here = path === '' ? element.name : `${path}/${element.name}`
    const value = written(element)
    if (value !== '') rows.push([here, value])
    for (const child of elementsOf(element)) walk(child, here)
  }
  for (const child of elementsOf(message)) walk(child, '')
  return rows.length === 0 ? undefined : { title: 'HL7 v3', columns: ['element', 'value'], rows }
}
