// The rules of a submission, one row each (ITI TF-3 4.2.1, 4.2.2, 4.2.3; ITI TF-2 3.42.4.1.2).

import t from 'tap'
import { ASSOCIATION_DOCUMENTATION, FOLDER_NODE, LIMITED_METADATA_NODES } from '../../profiles/metadata/attributes.ts'
import type { Classification, RegistryObject, SubmitObjects } from '../../src/model/ebrim.ts'
import { parseEntryUuid } from '../../src/model/identifiers.ts'
import { APND, HAS_MEMBER, OBJECT_ON_DEMAND, OBJECT_PACKAGE, RPLC, SIGNS, XFRM } from '../../src/model/xds.ts'
import { assemble } from '../../src/registry/assemble.ts'
import { REGISTER } from '../../src/registry/register.ts'
import { growthOf, LINEAR_AT_MOST } from '../processor-time.ts'
import { association, inFolder, type Parts, submission } from './submission.ts'

const REGISTERED = 'urn:uuid:aaaaaaaa-0000-4000-8000-000000000001'
const codesOf = (given: SubmitObjects) => [
  ...new Set(assemble(given, REGISTER).findings.map((error) => error.row.code)),
]
const member = (target: string, status: string[]) =>
  association(HAS_MEMBER, 'SubmissionSet01', target, [{ name: 'SubmissionSetStatus', values: status }])

/** Changes the ExtrinsicObject only. */
const entryWith = (change: (object: RegistryObject) => Partial<RegistryObject>): Parts => ({
  bend: (object) => (object.kind === 'ExtrinsicObject' ? { ...object, ...change(object) } : object),
})
const setWith = (change: (object: RegistryObject) => Partial<RegistryObject>): Parts => ({
  bend: (object) => (object.kind === 'RegistryPackage' ? { ...object, ...change(object) } : object),
})
const slot = (name: string, ...values: string[]): Parts =>
  entryWith((object) => ({ slots: [...object.slots.filter((known) => known.name !== name), { name, values }] }))
const label = (node: string): Classification => ({
  id: 'label',
  node,
  nodeRepresentation: '',
  classifiedObject: 'SubmissionSet01',
  slots: [],
})

const accepted: readonly (readonly [string, Parts])[] = [
  ['a SubmissionSet with one entry', {}],
  ['a SubmissionSet with a registered entry only', { entries: [], associations: [member(REGISTERED, ['Reference'])] }],
  ['hash in upper case', slot('hash', 'DA39A3EE5E6B4B0D3255BFEF95601890AFD80709')],
  ['an extra slot named by a URN', slot('urn:example:ward', '3 East', '3 West')],
  ['start equal to stop', { entries: [{ serviceStartTime: '2026', serviceStopTime: '20260101' }] }],
  ['APND inside the message', { entries: two(), associations: [association(APND, 'D1', 'D2')] }],
  ['signs inside the message', { entries: two(), associations: [association(SIGNS, 'D1', 'D2')] }],
  ['RPLC of a registered entry', { associations: [association(RPLC, 'Document01', REGISTERED)] }],
  ['characters beyond the BMP', { entries: [{ title: '𠮷野家 🏥', comments: '髙﨑' }] }],
  ['a Folder without members', { folders: [{}] }],
  ['a new entry in a new Folder', { folders: [{}], associations: inFolder('Folder01', 'Document01') }],
  ['a new entry in a registered Folder', { associations: inFolder(REGISTERED, 'Document01') }],
  [
    'a registered entry in a registered Folder',
    {
      entries: [],
      associations: inFolder(REGISTERED, REGISTERED.replace(/.$/, '2')),
    },
  ],
  [
    'extra slots of a Folder and of an association',
    {
      folders: [{ extraSlots: [{ name: 'urn:example:ward', values: ['3 East'] }] }],
      associations: [association(APND, 'Document01', REGISTERED, [{ name: 'urn:example:why', values: ['x'] }])],
    },
  ],
  ['lid equal to id', entryWith((object) => ({ lid: object.id }))],
]

const refused: readonly (readonly [rule: string, code: string, parts: Parts])[] = [
  ['4.2.1.4 no SubmissionSet', 'METADATA_INVALID', setWith(() => ({ classifications: [] }))],
  [
    '4.2.1.4 SubmissionSet and Folder in one',
    'METADATA_INVALID',
    setWith((o) => ({ classifications: [...o.classifications, label(FOLDER_NODE)] })),
  ],
  ['4.2.3.4.2 Folder without codeList', 'METADATA_INVALID', { folders: [{ codeList: [] }] }],
  ['4.2.3.4.9 Folder.uniqueId is no OID', 'METADATA_INVALID', { folders: [{ uniqueId: 'pathway-1' }] }],
  ['4.2.1.4 Folder of another patient', 'PATIENT_MISMATCH', { folders: [{ patientId: other() }] }],
  ['3.42.4.1.3 uniqueId of Folder and entry', 'DUPLICATE_IN_MESSAGE', { folders: [{ uniqueId: '2.25.900.4.1' }] }],
  [
    '4.2.3.1.6 extra slot of a Folder without URN',
    'METADATA_INVALID',
    {
      folders: [{ extraSlots: [{ name: 'ward', values: ['x'] }] }],
    },
  ],
  [
    '4.2.2.1.4 FD-DE HasMember outside the SubmissionSet',
    'METADATA_INVALID',
    {
      folders: [{}],
      associations: inFolder('Folder01', 'Document01').slice(0, 1),
    },
  ],
  [
    '4.2.2.1.3 Folder in a Folder',
    'METADATA_INVALID',
    {
      folders: [{}, { entryUUID: 'Folder02', uniqueId: '2.25.900.9.2' }],
      associations: inFolder('Folder01', 'Folder02'),
    },
  ],
  ['4.2.2.1.3 symbolic Folder outside', 'METADATA_INVALID', { associations: inFolder('elsewhere', 'Document01') }],
  [
    '4.2.2.1.4 relationship as member',
    'METADATA_INVALID',
    {
      entries: two(),
      associations: [association(APND, 'D2', 'D1'), association(HAS_MEMBER, 'SubmissionSet01', 'Association-D2-D1')],
    },
  ],
  ['4.2.1.4 SubmissionSet without members', 'METADATA_INVALID', { entries: [] }],
  [
    '4.2.2.2.1 appended to a transformation',
    'METADATA_INVALID',
    {
      entries: two(),
      associations: [association(XFRM, 'D1', REGISTERED), association(APND, 'D2', 'D1')],
    },
  ],
  [
    '4.2.3.1.6 slot of an association without URN',
    'METADATA_INVALID',
    {
      associations: [association(APND, 'Document01', REGISTERED, [{ name: 'reason', values: ['x'] }])],
    },
  ],
  [
    '4.2.3.2.29 limited metadata',
    'METADATA_INVALID',
    setWith((o) => ({ classifications: [...o.classifications, label(LIMITED_METADATA_NODES[1] ?? '')] })),
  ],
  ['4.2.3.1.5 upper-case UUID', 'METADATA_INVALID', { entries: [{ entryUUID: REGISTERED.toUpperCase() }] }],
  ['4.2.3.1.5 UUID cut short', 'METADATA_INVALID', { entries: [{ entryUUID: 'urn:uuid:1' }] }],
  ['4.2.3.1.5 empty id', 'METADATA_INVALID', { entries: [{ entryUUID: '' }] }],
  ['4.2.1.4 id twice', 'METADATA_INVALID', { entries: [{}, { uniqueId: '2.25.900.4.2' }] }],
  ['3.42.4.1.2 On-Demand', 'METADATA_INVALID', { entries: [{ objectType: OBJECT_ON_DEMAND }] }],
  ['3.42.4.1.2 no objectType', 'METADATA_INVALID', { entries: [{ objectType: '' }] }],
  ['3.57 lid of another object', 'METADATA_INVALID', entryWith(() => ({ lid: REGISTERED }))],
  [
    '3.57 lid of another Folder',
    'METADATA_INVALID',
    { folders: [{}], bend: (object) => (object.id === 'Folder01' ? { ...object, lid: REGISTERED } : object) },
  ],
  [
    '4.2.3.2.19 start after stop',
    'METADATA_INVALID',
    { entries: [{ serviceStartTime: '2027', serviceStopTime: '2026' }] },
  ],
  ['4.2.1.4 two patients', 'PATIENT_MISMATCH', { set: { patientId: other() } }],
  ['3.42.4.1.3 uniqueId twice', 'DUPLICATE_IN_MESSAGE', { entries: [{ uniqueId: '2.25.900.6.1' }] }],
  ['4.2.3.1.6 slot without URN', 'METADATA_INVALID', slot('ward', '3 East')],
  ['4.2.3.1.6 slot of IHE', 'METADATA_INVALID', slot('urn:ihe:iti:made-up', 'x')],
  ['4.2.3.1.1 slot twice', 'METADATA_INVALID', entryWith((o) => ({ slots: [...o.slots, ...o.slots] }))],
  [
    '4.2.3.1.2 classifiedObject',
    'METADATA_INVALID',
    entryWith((o) => ({ classifications: o.classifications.map((c) => ({ ...c, classifiedObject: 'x' })) })),
  ],
  [
    '4.2.3.1.3 registryObject',
    'METADATA_INVALID',
    entryWith((o) => ({ externalIdentifiers: o.externalIdentifiers.map((c) => ({ ...c, registryObject: 'x' })) })),
  ],
  [
    '4.2.3.1.2 code without Name',
    'METADATA_INVALID',
    entryWith((o) => ({ classifications: o.classifications.map(({ name: _, ...c }) => c) })),
  ],
  [
    '4.2.3.1.2 code without codingScheme',
    'METADATA_INVALID',
    entryWith((o) => ({ classifications: o.classifications.map((c) => ({ ...c, slots: [] })) })),
  ],
  [
    '4.2.3.1.2 classCode twice',
    'METADATA_INVALID',
    entryWith((o) => ({ classifications: [...o.classifications, ...o.classifications] })),
  ],
  ['4.2.3.2.15 no mimeType', 'METADATA_INVALID', { entries: [{ mimeType: '' }] }],
  ['4.2.3.2.6 no creationTime', 'METADATA_INVALID', slot('creationTime')],
  ['4.2.3.2.6 two creationTimes', 'METADATA_INVALID', slot('creationTime', '2026', '2027')],
  ['4.2.3.1.7 the 30th of February', 'METADATA_INVALID', slot('creationTime', '20260230')],
  ['4.2.3.1.7 fraction of a second', 'METADATA_INVALID', slot('creationTime', '20260101000000.1')],
  ['4.2.3.1.7 time zone', 'METADATA_INVALID', slot('creationTime', '20260101000000+0900')],
  ['4.2.3.1.7 full-width digits', 'METADATA_INVALID', slot('creationTime', '２０２６')],
  ['4.2.3.2.10 hash too short', 'METADATA_INVALID', slot('hash', 'da39')],
  ['4.2.3.2.21 negative size', 'METADATA_INVALID', slot('size', '-1')],
  ['4.2.3.2.21 size beyond any disk', 'METADATA_INVALID', slot('size', '99999999999999999999')],
  ['4.2.3.2.21 size as a float', 'METADATA_INVALID', slot('size', '1e3')],
  ['4.2.3.2.18 repository as URN', 'METADATA_INVALID', slot('repositoryUniqueId', 'urn:oid:2.25.1')],
  ['4.2.3.2.18 OID with leading zero', 'METADATA_INVALID', slot('repositoryUniqueId', '2.25.01')],
  ['4.2.3.2.18 OID of 65 characters', 'METADATA_INVALID', slot('repositoryUniqueId', `2.25.${'1'.repeat(60)}`)],
  ['4.2.3.2.22 sourcePatientId without authority', 'METADATA_INVALID', slot('sourcePatientId', 'L1')],
  ['4.2.3.2.22 sourcePatientId with more', 'METADATA_INVALID', slot('sourcePatientId', 'L1^^^&2.25.1&ISO^PI')],
  ['4.2.3.2.13 language', 'METADATA_INVALID', slot('languageCode', '日本語')],
  ['4.2.3.2.14 legalAuthenticator', 'METADATA_INVALID', slot('legalAuthenticator', '^^given')],
  ['4.2.3.2.26 uniqueId of 257 characters', 'METADATA_INVALID', { entries: [{ uniqueId: 'x'.repeat(257) }] }],
  [
    '4.2.2 association to itself',
    'METADATA_INVALID',
    { associations: [association(APND, 'Document01', 'Document01')] },
  ],
  ['4.2.2 unknown type', 'METADATA_INVALID', { associations: [association('RPLC', 'Document01', REGISTERED)] }],
  [
    '4.2.2 SubmissionSet as target',
    'METADATA_INVALID',
    { associations: [association(APND, 'Document01', 'SubmissionSet01')] },
  ],
  ['4.2.2.2 source outside', 'UNRESOLVED_REFERENCE', { associations: [association(APND, REGISTERED, 'Document01')] }],
  ['4.2.2.2 dangling symbol', 'UNRESOLVED_REFERENCE', { associations: [association(XFRM, 'Document01', 'nothing')] }],
  [
    '4.2.2.2 RPLC inside the message',
    'UNRESOLVED_REFERENCE',
    { entries: two(), associations: [association(RPLC, 'D1', 'D2')] },
  ],
  [
    '3.57 PreviousVersion',
    'METADATA_INVALID',
    { associations: [association(APND, 'Document01', REGISTERED, [{ name: 'PreviousVersion', values: ['1'] }])] },
  ],
  [
    '4.2.2.1 HasMember from elsewhere',
    'METADATA_INVALID',
    { associations: [association(HAS_MEMBER, REGISTERED, 'Document01')] },
  ],
  ['4.2.1.4 HasMember twice', 'METADATA_INVALID', { associations: [member('Document01', ['Original'])] }],
  ['4.2.1.4 HasMember missing', 'METADATA_INVALID', { ...entryWith(() => ({ id: 'Document02' })) }],
  ['4.2.2.1.1 no status', 'METADATA_INVALID', { associations: [member(REGISTERED, [])] }],
  ['4.2.2.1.1 two statuses', 'METADATA_INVALID', { associations: [member(REGISTERED, ['Reference', 'Original'])] }],
  ['4.2.2.1.1 Original outside', 'METADATA_INVALID', { associations: [member(REGISTERED, ['Original'])] }],
  ['4.2.2.1.1 Reference to a symbol', 'METADATA_INVALID', { associations: [member('elsewhere', ['Reference'])] }],
  // Else no answer with the object would be valid by the schema.
  [
    'ebRIM LongName: a value of an association',
    'METADATA_INVALID',
    {
      associations: [
        association(APND, 'Document01', REGISTERED, [{ name: 'urn:example:why', values: ['x'.repeat(257)] }]),
      ],
    },
  ],
  [
    'ebRIM FreeFormText: why an association was made',
    'METADATA_INVALID',
    {
      associations: [
        {
          ...association(APND, 'Document01', REGISTERED),
          name: [{ value: '追'.repeat(1025) }],
        },
      ],
    },
  ],
  ['ebRIM LongName: mimeType', 'METADATA_INVALID', { entries: [{ mimeType: `text/${'x'.repeat(252)}` }] }],
  [
    '4.2.2.2 documentation on a membership',
    'METADATA_INVALID',
    {
      associations: [
        {
          ...member(REGISTERED, ['Reference']),
          classifications: [{ ...label(''), scheme: ASSOCIATION_DOCUMENTATION }],
        },
      ],
    },
  ],
]

function two() {
  return [{ entryUUID: 'D1' }, { entryUUID: 'D2', uniqueId: '2.25.900.4.2' }]
}

function other() {
  const [object] = submission().objects
  return { value: `other of ${object?.kind}`, authority: '2.25.900.1' as never }
}

for (const [rule, parts] of accepted)
  t.test(`accepted: ${rule}`, async (t) => {
    t.strictSame(codesOf(submission(parts)), [])
    t.ok(assemble(submission(parts), REGISTER).submission)
  })

for (const [rule, code, parts] of refused)
  t.test(`refused: ${rule}`, async (t) => {
    const { submission: value, findings } = assemble(submission(parts), REGISTER)
    t.ok(
      findings.some((error) => error.row.code === code),
      `${code} among ${findings.map((error) => `${error.row.code} ${error.rule}`)}`,
    )
    t.equal(value, undefined)
  })

t.test('4.2.1.4: two SubmissionSets in one message are refused', async (t) => {
  const one = submission()
  const both = { ...one, objects: [...one.objects, ...submission({ set: { entryUUID: 'S2' }, entries: [] }).objects] }
  t.strictSame(codesOf(both), ['METADATA_INVALID'])
})

t.test('4.2.3.1.5: a symbol becomes one UUID wherever it stands', async (t) => {
  const { submission: value } = assemble(
    submission({ associations: [association(RPLC, 'Document01', REGISTERED)] }),
    REGISTER,
  )
  const [found] = value?.entries ?? []
  const id = found?.value.entryUUID ?? ''
  t.ok(parseEntryUuid(id))
  t.equal(found?.object.id, id)
  t.equal(found?.object.lid, id)
  t.ok(found?.object.classifications.every((entry) => entry.classifiedObject === id && parseEntryUuid(entry.id)))
  t.ok(found?.object.externalIdentifiers.every((entry) => entry.registryObject === id))
  t.equal(value?.associations[0]?.target, id)
  t.equal(value?.associations[1]?.source, id)
  t.equal(value?.associations[1]?.target, REGISTERED)
  t.equal(value?.submissionSet.object.id, value?.associations[0]?.source)
})

t.test('3.18.4.1.3: the package gets its objectType when the sender left it out', async (t) => {
  const bare = setWith(({ objectType: _, ...object }) => ({ ...object }))
  const stripped = submission(bare)
  const objects = stripped.objects.map((object) => {
    if (object.kind === 'ExtrinsicObject') return object
    const { objectType: _, ...rest } = object
    return rest
  })
  t.equal(assemble({ ...stripped, objects }, REGISTER).submission?.submissionSet.object.objectType, OBJECT_PACKAGE)
})

t.test('all findings are told, not only the first', async (t) => {
  const found = assemble(submission({ entries: [{ mimeType: '', languageCode: '', hash: 'x' }] }), REGISTER).findings
  t.ok(found.length >= 3)
})

t.test('ten thousand entries and associations are judged in linear time', async (t) => {
  const make = (length: number) =>
    submission({
      entries: Array.from({ length }, (_, index) => ({ entryUUID: `D${index}`, uniqueId: `2.25.900.4.${index}` })),
    })
  t.strictSame(codesOf(make(10_000)), [])
  const growth = await growthOf(make, codesOf, 1250)
  t.ok(growth < LINEAR_AT_MOST, `${growth}`)
})

t.test(
  '4.2.3.1.3: an identifier that the sender labelled otherwise, or not at all, goes out under its own name',
  async (t) => {
    const given = submission({
      bend: (object) => ({
        ...object,
        externalIdentifiers: object.externalIdentifiers.map(({ name: _, ...entry }, index) =>
          index === 0 ? entry : { ...entry, name: [{ value: 'id', lang: 'en' }] },
        ),
      }),
    })
    const identifiers = assemble(given, REGISTER).submission?.entries[0]?.object.externalIdentifiers ?? []
    t.same(
      identifiers.map(({ name }) => name),
      [[{ value: 'XDSDocumentEntry.patientId' }], [{ value: 'XDSDocumentEntry.uniqueId' }]],
    )
  },
)

t.test('4.2.3.1.5: classifications of classifications get ids of the registry as well', async (t) => {
  const inner: Classification = {
    id: 'inner',
    scheme: 'urn:example:scheme',
    nodeRepresentation: 'x',
    classifiedObject: 'outer',
    slots: [],
  }
  const outer: Classification = { ...inner, id: 'outer', classifiedObject: 'Document01', classifications: [inner] }
  const { submission: value } = assemble(
    submission(entryWith((object) => ({ classifications: [...object.classifications, outer] }))),
    REGISTER,
  )
  const found = value?.entries[0]?.object.classifications.at(-1)
  t.ok(parseEntryUuid(found?.id ?? ''))
  t.ok(parseEntryUuid(found?.classifications?.[0]?.id ?? ''))
  t.equal(found?.classifications?.[0]?.classifiedObject, found?.id)
})
