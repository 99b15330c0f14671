// Every message of the fixtures is taken apart, masked, without a word of what it says of a person (docs/adr/0039; security e.34).

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { inspect } from '../../../src/codec/inspect/inspect.ts'
import { readXml, type XmlElement } from '../../../src/codec/xml/read.ts'
import { serialize } from '../../../src/codec/xml/write.ts'
import type { Inspection } from '../../../src/model/inspection.ts'

const ROOT = fileURLToPath(new URL('../../../fixtures', import.meta.url))
const MESSAGE = /^request.*\.(xml|hl7|mime|txt|bin)$/

function messagesIn(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return messagesIn(path)
    return MESSAGE.test(entry.name) ? [path] : []
  })
}

const files = messagesIn(ROOT)

/** All that is shown of the message itself; labels of ours are left out. */
function shownOf({ title, facts, tables, text }: Inspection): string {
  return [
    title,
    text,
    ...facts.map(({ value }) => value),
    ...tables.flatMap(({ rows, columns }) =>
      rows.map((row) => row.filter((_, index) => !LABELS.has(columns[index] ?? '')).join(' ')),
    ),
  ].join('\n')
}

/** Columns in which our own words stand. */
const LABELS: ReadonlySet<string> = new Set(['name', 'segment'])

const PERSONS =
  /架空|太郎|見本|花子|仮名|次郎|カクウ|タロウ|ミホン|ハナコ|カメイ|ジロウ|Kakuu|Mihon|Kamei|(?<![\d.])(00000123\d\d|19[3-8]\d[01]\d[0-3]\d)(?![\d.])/
/** Dots between values, and what stands for what is not shown, are ours. */
const FOREIGN = /[^\0-\x7f•…·]/u

t.test('nothing that is known of a person is shown, of whatever form the message is', async (t) => {
  t.ok(files.length > 300, `${files.length} messages`)
  for (const file of files) {
    const bytes = readFileSync(file)
    const seen = shownOf(inspect({ bytes, isWhole: true }, 'masked'))
    const found = PERSONS.exec(seen)?.[0] ?? FOREIGN.exec(seen)?.[0]
    if (found !== undefined) t.fail(`${file.slice(ROOT.length)} shows ${found}`)
  }
})

/** The document with every text and every value saying the same. */
function saying(words: string, element: XmlElement): XmlElement {
  return {
    ...element,
    attributes: new Map([...element.attributes].map(([name, value]) => [name, KEPT.test(value) ? value : words])),
    children: element.children.map((child) => {
      if (typeof child === 'string') return child.trim() === '' ? child : words
      return saying(words, child)
    }),
  }
}

/** What tells which part it is, so that every branch is met. */
const KEPT = /^(urn:|\$|\d\.)/

t.test('words are shown nowhere in XML, whatever element or attribute has them', async (t) => {
  let read = 0
  for (const file of files.filter((name) => name.endsWith('.xml'))) {
    const document = parsed(readFileSync(file))
    if (document === undefined) continue
    read += 1
    const bytes = Buffer.from(serialize(saying('Zebra Quagga', document)))
    const seen = JSON.stringify(inspect({ bytes, isWhole: true }, 'masked'))
    if (/Zebra|Quagga/.test(seen))
      t.fail(`${file.slice(ROOT.length)} shows ${/.{80}(Zebra|Quagga).{20}/.exec(seen)?.[0]}`)
  }
  t.ok(read > 250, `${read} documents`)
})

function parsed(bytes: Buffer): XmlElement | undefined {
  try {
    return readXml(bytes)
  } catch {
    return undefined
  }
}

t.test('who sent a message sees all of it', async (t) => {
  for (const file of files.filter((name) => name.endsWith('.hl7')).slice(0, 20)) {
    const seen = inspect({ bytes: readFileSync(file), isWhole: true }, 'open')
    t.equal(seen.form === 'hl7v2' || seen.form === 'unreadable', true, file.slice(ROOT.length))
  }
})
