// Any bytes that crossed a door, taken apart for people. Never throws: what cannot be read is shown as it is, or by its build (docs/journal.md).

import { build } from '../../../profiles/inspection/values.ts'
import type { Inspection, Sight } from '../../model/inspection.ts'
import { parseContentType } from '../mtom/content-type.ts'
import { SOAP12 } from '../soap/constants.ts'
import type { XmlElement } from '../xml/element.ts'
import { readXml } from '../xml/read.ts'
import { inspectHl7v2, isHl7v2 } from './hl7v2.ts'
import { layOut } from './lay-out.ts'
import { maskXml } from './mask-xml.ts'
import { takeBodyApart, takeSoapApart } from './soap.ts'

export interface Inspected {
  /** The message, or the root of its package. */
  readonly bytes: Buffer
  /** Content-Type of HTTP. */
  readonly contentType?: string
  readonly isWhole: boolean
}

export function inspect(message: Inspected, sight: Sight): Inspection {
  const { bytes } = message
  if (bytes.length === 0) return { form: 'empty', title: 'empty', facts: [], tables: [], text: '', notes: [] }
  const notes = message.isWhole ? [] : ['the message was longer than what is kept: its end is missing']
  if (isHl7v2(bytes)) {
    const seen = inspectHl7v2(bytes, sight)
    return { ...seen, notes: [...notes, ...seen.notes] }
  }
  const read = readDocument(message)
  if (!('document' in read)) return unreadable(bytes, { sight, notes: [...notes, read.because] })
  return inspectXml(sight === 'open' ? read.document : maskXml(read.document), notes)
}

function readDocument({
  bytes,
  contentType,
}: Inspected): { readonly document: XmlElement } | { readonly because: string } {
  try {
    const charset = contentType === undefined ? undefined : parseContentType(contentType).parameters.get('charset')
    return { document: readXml(bytes, charset === undefined ? {} : { charset }) }
  } catch {
    return { because: 'neither HL7 v2 nor well-formed XML as it is accepted here' }
  }
}

function inspectXml(document: XmlElement, notes: readonly string[]): Inspection {
  const isSoap = document.ns === SOAP12 && document.name === 'Envelope'
  const { title, facts, tables } = isSoap ? takeSoapApart(document) : takeBodyApart(document)
  const { text, isCut } = layOut(document)
  return {
    form: isSoap ? 'soap' : 'xml',
    title,
    facts,
    tables,
    text,
    notes: isCut ? [...notes, 'the text is cut; the bytes have all of it'] : notes,
  }
}

const SHOWN_BYTES = 4096
const LINE_BYTES = 16

/** Text as it is where it is text, and the first bytes in hexadecimal; masked, only how it is built. */
function unreadable(
  bytes: Buffer,
  { sight, notes }: { readonly sight: Sight; readonly notes: readonly string[] },
): Inspection {
  const head = bytes.subarray(0, SHOWN_BYTES)
  const text = sight === 'open' ? hex(head) : build(head.toString('utf8'))
  const cut = bytes.length > SHOWN_BYTES ? [`the first ${SHOWN_BYTES} of ${bytes.length} bytes are shown`] : []
  return {
    form: 'unreadable',
    title: `${bytes.length} bytes`,
    facts: [],
    tables: [],
    text,
    notes: [...notes, ...cut],
  }
}

function hex(bytes: Buffer): string {
  const lines: string[] = []
  for (let offset = 0; offset < bytes.length; offset += LINE_BYTES) {
    const part = bytes.subarray(offset, offset + LINE_BYTES)
    const digits = part
      .toString('hex')
      .replace(/(..)/g, '$1 ')
      .padEnd(LINE_BYTES * 3)
    const text = part.toString('latin1').replace(/[^\x20-\x7e]/g, '.')
    lines.push(`${offset.toString(16).padStart(6, '0')}  ${digits} ${text}`)
  }
  return lines.join('\n')
}
