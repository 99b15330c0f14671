// ebRIM objects: what is written is read again, what comes in goes out as it came (OASIS ebRIM 3.0; ITI TF-3 4.2.3.1).

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { SUBMISSION_SET_NODE } from '../../../profiles/metadata/attributes.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import { writeQueryResponse } from '../../../src/codec/ebxml/query-response.ts'
import {
  readAssociation,
  readRegistryObject,
  renderFragment,
  writeAssociation,
  writeRegistryObject,
} from '../../../src/codec/ebxml/registry-object.ts'
import {
  readProvideAndRegister,
  readSubmitObjects,
  writeProvideAndRegister,
  writeSubmitObjects,
} from '../../../src/codec/ebxml/submit.ts'
import { readXml } from '../../../src/codec/xml/read.ts'
import type {
  Association,
  Classification,
  ExternalIdentifier,
  InternationalString,
  RegistryObject,
  Slot,
  VersionInfo,
} from '../../../src/model/ebrim.ts'
import { plainText } from '../../../src/model/ebrim.ts'
import { STATUS_APPROVED } from '../../../src/model/xds.ts'
import { assemble } from '../../../src/registry/assemble.ts'
import { REGISTER } from '../../../src/registry/register.ts'
import { growthOf, LINEAR_AT_MOST } from '../../processor-time.ts'
import { submission } from '../../registry/submission.ts'

const declare = ` xmlns:rim="${NS.rim}" xmlns:lcm="${NS.lcm}"`
const parse = (markup: string) => readXml(Buffer.from(markup.replace(/[ />]/, (sign) => `${declare}${sign}`)))

let state = 7
const next = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
const ALPHABET = [
  'a',
  'Z',
  '0',
  '^',
  '&',
  '<',
  '>',
  '"',
  "'",
  '\u3000',
  '漢',
  '𠮷',
  'é',
  '\u00a0',
  ']]>',
  '%',
  '\\',
  '\u2028',
]
const inner = ['\n', '\r', '\t', ' ']
const word = (): string => Array.from({ length: 1 + next(6) }, () => ALPHABET[next(ALPHABET.length)]).join('')
const words = (): string => `${word()}${inner[next(4)]}${word()}`
const many = <T>(make: () => T): T[] => Array.from({ length: next(4) }, make)
const maybe = <K extends string, T>(key: K, make: () => T): { [P in K]?: T } =>
  next(3) === 0 ? ({ [key]: make() } as { [P in K]?: T }) : {}
const texts = (): InternationalString =>
  many(() => ({ value: words(), ...maybe('lang', word), ...maybe('charset', word) }))
const slot = (): Slot => ({ name: word(), values: many(words), ...maybe('slotType', word) })
const version = (): VersionInfo => ({ ...maybe('versionName', word), ...maybe('comment', words) })
const some = <T>(make: () => T): T[] => [make(), ...many(make)]
/** What XDS does not interpret, at most two levels deep. */
const uninterpreted = (depth: number) => ({
  ...maybe('name', texts),
  ...maybe('description', texts),
  ...maybe('versionInfo', version),
  ...(depth > 1 || next(6) > 0 ? {} : { classifications: some(() => classification(depth + 1)) }),
  ...(depth > 1 || next(6) > 0 ? {} : { externalIdentifiers: some(() => externalIdentifier(depth + 1)) }),
})
const classification = (depth = 0): Classification => ({
  id: word(),
  classifiedObject: word(),
  slots: many(slot),
  ...(next(4) === 0
    ? { node: word(), nodeRepresentation: '' }
    : { scheme: word(), nodeRepresentation: next(5) === 0 ? '' : words() }),
  ...uninterpreted(depth),
})
const externalIdentifier = (depth = 0): ExternalIdentifier => ({
  id: word(),
  scheme: word(),
  registryObject: word(),
  value: words(),
  ...(next(4) === 0 ? { slots: some(slot) } : {}),
  ...uninterpreted(depth),
})

function object(): RegistryObject {
  const kind = next(2) === 0 ? 'ExtrinsicObject' : 'RegistryPackage'
  return {
    kind,
    id: word(),
    slots: many(slot),
    classifications: many(() => classification()),
    externalIdentifiers: many(() => externalIdentifier()),
    objectType: word(),
    ...(kind === 'ExtrinsicObject'
      ? { mimeType: word(), ...maybe('isOpaque', () => 'false'), ...maybe('contentVersion', version) }
      : {}),
    ...maybe('lid', word),
    ...maybe('home', word),
    ...maybe('version', word),
    ...maybe('versionComment', words),
    ...maybe('name', texts),
    ...maybe('description', texts),
  }
}

const association = (): Association => ({
  id: word(),
  type: word(),
  source: word(),
  target: word(),
  slots: many(slot),
  classifications: many(() => classification()),
  ...(next(4) === 0 ? { externalIdentifiers: some(() => externalIdentifier()) } : {}),
  ...maybe('lid', word),
  ...maybe('home', word),
  ...maybe('version', word),
  ...maybe('versionComment', words),
  ...maybe('name', texts),
  ...maybe('description', texts),
})

t.test('read(write(x)) = x for five hundred random objects and associations', async (t) => {
  for (let round = 0; round < 500; round += 1) {
    const given = object()
    const read = readRegistryObject(parse(writeRegistryObject(given)))
    if (!isSame(read, given)) t.strictSame(read, given, `object of round ${round}`)
    const link = association()
    const back = readAssociation(parse(writeAssociation(link)))
    if (!isSame(back, link)) t.strictSame(back, link, `association of round ${round}`)
  }
})

t.test('a stored fragment with its status is the object that was registered', async (t) => {
  for (let round = 0; round < 100; round += 1) {
    const { home: _, ...given } = object()
    const answered = `<rim:${given.kind} status="urn:x"${renderFragment(given)}`
    const read = readRegistryObject(parse(answered))
    if (!isSame(read, { ...given, status: 'urn:x' })) t.strictSame(read, { ...given, status: 'urn:x' })
  }
})

t.test('a whole submission survives, alone and inside ITI-41', async (t) => {
  for (let round = 0; round < 50; round += 1) {
    const given = { objects: many(object), associations: many(association) }
    const read = readSubmitObjects(readXml(Buffer.from(writeSubmitObjects(given))))
    if (!isSame(read, given)) t.strictSame(read, given)
    const bytes = Buffer.from(words())
    const documents = [{ id: word(), content: { kind: 'inline' as const, bytes } }]
    const provided = readProvideAndRegister(
      readXml(Buffer.from(writeProvideAndRegister({ submission: given, documents }))),
    )
    if (!isSame(provided, { submission: given, documents })) t.strictSame(provided, { submission: given, documents })
  }
})

t.test(
  '4.2.3.1: texts in several languages, slot types, versions and opacity come back as they were submitted',
  async (t) => {
    const content = [
      '<rim:Slot name="urn:example:ward" slotType="urn:example:type"><rim:ValueList><rim:Value>3 East</rim:Value></rim:ValueList></rim:Slot>',
      '<rim:Name><rim:LocalizedString xml:lang="ja-JP" charset="UTF-8" value="紹介状"/><rim:LocalizedString xml:lang="en" value="Referral"/></rim:Name>',
      '<rim:Description><rim:LocalizedString xml:lang="ja-JP" value="至急"/></rim:Description>',
      '<rim:VersionInfo versionName="7" comment="draft"/>',
      '<rim:ContentVersionInfo versionName="2" comment="signed"/>',
    ].join('')
    const given = `<rim:ExtrinsicObject id="a" mimeType="text/plain" isOpaque="true">${content}</rim:ExtrinsicObject>`
    const read = readRegistryObject(parse(given))
    t.equal(plainText(read.name), '紹介状', 'XDS reads the first text')
    t.equal(writeRegistryObject(read), given)
  },
)

t.test('2.3: line breaks around a value go, an ideographic space is part of it', async (t) => {
  const read = readRegistryObject(
    parse(
      '<rim:RegistryPackage id="a"><rim:Slot name="s"><rim:ValueList><rim:Value>\n  \u3000x y\u3000\n</rim:Value></rim:ValueList></rim:Slot></rim:RegistryPackage>',
    ),
  )
  t.strictSame(read.slots, [{ name: 's', values: ['\u3000x y\u3000'] }])
})

t.test('a value of a million blanks is trimmed in linear time', async (t) => {
  const make = (blanks: number) =>
    `<rim:RegistryPackage id="a"><rim:Slot name="s"><rim:ValueList><rim:Value>a${' '.repeat(blanks)}b${' '.repeat(blanks)}</rim:Value></rim:ValueList></rim:Slot></rim:RegistryPackage>`
  t.ok((await growthOf(make, (markup) => readRegistryObject(parse(markup)), 250_000)) < LINEAR_AT_MOST)
})

t.test('4.2.1.4: a label beside its package counts as if inside, ObjectRefs are ignored', async (t) => {
  const label = `<rim:Classification id="c" classifiedObject="s" classificationNode="${SUBMISSION_SET_NODE}"/>`
  const beside = parse(
    `<lcm:SubmitObjectsRequest><rim:RegistryObjectList><rim:ObjectRef id="urn:uuid:x"/>${label}<rim:RegistryPackage id="s"/></rim:RegistryObjectList></lcm:SubmitObjectsRequest>`,
  )
  const inside = parse(
    `<lcm:SubmitObjectsRequest><rim:RegistryObjectList><rim:RegistryPackage id="s">${label}</rim:RegistryPackage></rim:RegistryObjectList></lcm:SubmitObjectsRequest>`,
  )
  t.strictSame(readSubmitObjects(beside), readSubmitObjects(inside))
})

t.test('children in another order than the schema, foreign children and missing attributes are refused', async (t) => {
  const bad = { message: iheError('BODY_INVALID').message }
  const refuse = (content: string, open = '<rim:ExtrinsicObject id="a"') =>
    t.throws(() => readRegistryObject(parse(`${open}>${content}</rim:ExtrinsicObject>`)), bad, content)
  refuse('<rim:Name/><rim:Slot name="s"/>')
  refuse(
    '<rim:ExternalIdentifier id="e" identificationScheme="s" registryObject="a" value="v"/><rim:Classification classifiedObject="a"/>',
  )
  refuse('<rim:ExternalLink/>')
  refuse('<other/>')
  refuse('<rim:Slot/>')
  refuse('<rim:Classification/>')
  refuse('<rim:ExternalIdentifier identificationScheme="s" registryObject="a"/>')
  refuse('', '<rim:ExtrinsicObject')
  refuse('<rim:Name/><rim:Name/>')
  refuse('<rim:VersionInfo/><rim:VersionInfo/>')
  refuse('<rim:Name><rim:LocalizedString xml:lang="ja"/></rim:Name>')
  refuse('<rim:Classification classifiedObject="a"><rim:Name/><rim:Slot name="s"/></rim:Classification>')
  refuse('<rim:Classification classifiedObject="a"><rim:ContentVersionInfo/></rim:Classification>')
})

t.test('characters that XML cannot carry are refused on the way in and replaced on the way out', async (t) => {
  for (const reference of ['&#0;', '&#xB;', '&#xD800;', '&#xFFFF;'])
    t.throws(
      () => parse(`<rim:RegistryPackage id="${reference}"/>`),
      { message: iheError('XML_NOT_WELL_FORMED').message },
      reference,
    )
  const written = writeRegistryObject({ ...object(), id: 'a\0b\ud800c' })
  t.equal(readRegistryObject(parse(written)).id, 'a\ufffdb\ufffdc')
})

const schema = new URL('../../../../shared/schemas/xds/xds-wire.xsd', import.meta.url)
const canValidate = existsSync(schema) && spawnSync('xmllint', ['--version']).error === undefined

t.test(
  'canonical fragments in an answer, and a submission, are valid against the schemas where these are at hand',
  async (t) => {
    const given = submission({
      set: { title: 'タイトル', comments: 'c', intendedRecipient: ['|^Sato'] },
      entries: [{ title: 'a & b', comments: '<c>', eventCodeList: [{ code: 'e', scheme: '1.2', display: 'e' }] }],
    })
    const assembled = assemble(given, REGISTER).submission
    const objects = [assembled?.submissionSet, ...(assembled?.entries ?? [])].flatMap((described) =>
      described === undefined ? [] : [described.object],
    )
    t.equal(objects.length, 2)
    const answer = writeQueryResponse(
      {
        returnType: 'LeafClass',
        objects: objects
          .filter(({ kind }) => kind === 'ExtrinsicObject')
          .map((found) => ({
            element: 'ExtrinsicObject',
            id: found.id,
            status: STATUS_APPROVED,
            ebrim: renderFragment(found),
          })),
      },
      { result: 'success', errors: [], journalId: 'j' },
    )
    t.match(answer, /^<query:AdhocQueryResponse/)
    if (!canValidate) return
    const provided = writeProvideAndRegister({
      submission: given,
      documents: [{ id: 'Document01', content: { kind: 'inline', bytes: Buffer.from('x') } }],
    })
    for (const xml of [answer, writeSubmitObjects(given), provided]) {
      const { status, stderr } = spawnSync('xmllint', ['--noout', '--nonet', '--schema', fileURLToPath(schema), '-'], {
        input: xml,
      })
      t.equal(status, 0, stderr.toString())
    }
  },
)

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (Buffer.isBuffer(value)) return value.toString('hex')
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sorted(entry)]),
  )
}
