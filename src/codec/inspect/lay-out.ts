// XML line by line, for people: one element a line, indented, names without prefixes (docs/journal.md).

import type { XmlElement } from '../xml/element.ts'
import { hasElementContent } from '../xml/navigate.ts'

const MAX_CHARACTERS = 256 * 1024
/** A document as Base64 is no reading. */
const MAX_TEXT = 2000

export interface LaidOut {
  readonly text: string
  readonly isCut: boolean
}

export function layOut(root: XmlElement): LaidOut {
  const lines: string[] = []
  let length = 0
  const add = (line: string): void => {
    length += line.length + 1
    if (length <= MAX_CHARACTERS) lines.push(line)
  }
  write(root, '', add)
  return { text: lines.join('\n'), isCut: length > MAX_CHARACTERS }
}

function write(element: XmlElement, indent: string, add: (line: string) => void): void {
  const attributes = [...element.attributes].map(([name, value]) => ` ${name.replace(/^\{.*\}/, '')}="${short(value)}"`)
  const open = `${indent}<${element.name}${attributes.join('')}`
  if (element.children.length === 0) {
    add(`${open}/>`)
  } else if (hasElementContent(element) && element.children.some((child) => typeof child !== 'string')) {
    add(`${open}>`)
    for (const child of element.children) if (typeof child !== 'string') write(child, `${indent}  `, add)
    add(`${indent}</${element.name}>`)
  } else {
    const parts = element.children.map((child) => (typeof child === 'string' ? child.trim() : `<${child.name}/>`))
    add(`${open}>${short(parts.join(' ').trim())}</${element.name}>`)
  }
}

function short(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}… (${text.length} characters)`
}
