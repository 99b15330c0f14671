// Foreign sample messages, when they lie beside this project: real stacks' envelopes and packages are read as announced.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { contentIdOf } from '../../../src/codec/mtom/include.ts'
import { readRelated } from '../../../src/codec/mtom/split.ts'
import { readAnswer, SoapFaultError } from '../../../src/codec/soap/answer.ts'
import { readEnvelope } from '../../../src/codec/soap/read.ts'
import { elementsOf } from '../../../src/codec/xml/navigate.ts'
import { readXml, type XmlElement } from '../../../src/codec/xml/read.ts'
import { serialize } from '../../../src/codec/xml/write.ts'
import { IheError } from '../../../src/model/error.ts'

const folder = new URL('../../../../shared/samples/', import.meta.url)
const has = existsSync(folder)

/** What a sample answers instead of being read, by a piece of its name. */
const REFUSED: readonly (readonly [string, string])[] = [
  ['envelope-fault-header-after-body', 'SOAP_STRUCTURE'],
  ['envelope-fault-no-action', 'WSA_ACTION_MISSING'],
  ['soap-envelope-empty-body', 'SOAP_STRUCTURE'],
  ['soap-fault-not-wellformed', 'XML_NOT_WELL_FORMED'],
  ['soap-fault-action-not-supported', 'fault ActionNotSupported'],
]

function samples(...names: readonly string[]): readonly URL[] {
  if (!has) return []
  return names.flatMap((name) => {
    const place = new URL(`${name}/`, folder)
    return existsSync(place) ? readdirSync(place).map((file) => new URL(file, place)) : []
  })
}

function outcome(bytes: Buffer, response: boolean): string {
  try {
    const root = readXml(bytes)
    if (root.name === 'Envelope') (response ? readAnswer : readEnvelope)(root)
    return sameAgain(root) ? 'read' : 'changed by serialize'
  } catch (error) {
    if (error instanceof IheError) return error.row.code
    if (error instanceof SoapFaultError) return `fault ${error.subcode ?? error.code}`
    throw error
  }
}

function sameAgain(root: XmlElement): boolean {
  const shape = (element: XmlElement): unknown => [
    element.ns,
    element.name,
    [...element.attributes],
    element.children.map((child) => (typeof child === 'string' ? child : shape(child))),
  ]
  return JSON.stringify(shape(readXml(Buffer.from(serialize(root))))) === JSON.stringify(shape(root))
}

t.test('ITI TF-2 Appendix V: sample envelopes and bodies', async (t) => {
  for (const file of samples('xds', 'xds/written', 'pix')) {
    const name = file.pathname.split('/').at(-1) ?? ''
    if (!name.endsWith('.xml')) continue
    const expected = REFUSED.find(([piece]) => name.includes(piece))?.[1] ?? 'read'
    t.equal(outcome(readFileSync(file), /response|ack|fault-action/.test(name)), expected, name)
  }
  t.pass('all samples present were read')
})

/** Header block and body of a whole HTTP message kept as a file. */
function httpMessage(bytes: Buffer): { readonly contentType: string; readonly body: Buffer } {
  const blank = /\r?\n\r?\n/.exec(bytes.toString('latin1'))
  const end = (blank?.index ?? 0) + (blank?.[0].length ?? 0)
  const head = bytes.subarray(0, end).toString('latin1')
  const contentType = /^content-type:((?:.*\r?\n[ \t])*.*)/im.exec(head)?.[1] ?? ''
  return { contentType: contentType.trim(), body: bytes.subarray(end) }
}

function hrefs(element: XmlElement): readonly string[] {
  const own = element.name === 'Include' ? [element.attributes.get('href') ?? ''] : []
  return [...own, ...elementsOf(element).flatMap(hrefs)]
}

t.test('ITI TF-2 Appendix V: sample MTOM packages, whole and byte by byte', async (t) => {
  for (const file of samples('xds', 'xds/written')) {
    if (!file.pathname.endsWith('.txt')) continue
    const { contentType, body } = httpMessage(readFileSync(file))
    for (const size of [body.length, 1]) {
      const source = async function* () {
        for (let from = 0; from < body.length; from += size) yield body.subarray(from, from + size)
      }
      const { root, parts } = await readRelated(source(), { contentType, sink: async (headers) => headers.contentType })
      const included = hrefs(readXml(root)).map(contentIdOf)
      const missing = included.filter((id) => !parts.has(id))
      t.equal(
        missing.length > 0,
        file.pathname.includes('missing-part'),
        `${file.pathname.split('/').at(-1)}: includes`,
      )
    }
  }
  t.pass('all samples present were read')
})
