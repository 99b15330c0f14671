// Messages taken apart: tables by the names of the standard, never an exception, and masks that hold for what nobody thought of (docs/adr/0039).

import { randomBytes } from 'node:crypto'
import t from 'tap'
import { inspect } from '../../../src/codec/inspect/inspect.ts'
import type { Inspection, Sight } from '../../../src/model/inspection.ts'

const SOAP = 'http://www.w3.org/2003/05/soap-envelope'
const WSA = 'http://www.w3.org/2005/08/addressing'
const RIM = 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0'
const QUERY = 'urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0'

function seen(text: string, sight: Sight, contentType?: string): Inspection {
  const given = { bytes: Buffer.from(text), isWhole: true, ...(contentType === undefined ? {} : { contentType }) }
  return inspect(given, sight)
}

function envelope(body: string): string {
  return `<e:Envelope xmlns:e="${SOAP}" xmlns:a="${WSA}"><e:Header><a:Action>urn:ihe:iti:2007:RegistryStoredQuery</a:Action>
    <a:MessageID>urn:uuid:1b1d1c1e-0000-4000-8000-000000000001</a:MessageID></e:Header><e:Body>${body}</e:Body></e:Envelope>`
}

function rows({ tables }: Inspection, title: RegExp): readonly (readonly string[])[] {
  return tables.find((table) => title.test(table.title))?.rows ?? []
}

const FIND =
  envelope(`<q:AdhocQueryRequest xmlns:q="${QUERY}" xmlns="${RIM}"><q:ResponseOption returnType="LeafClass" returnComposedObjects="true"/>
  <AdhocQuery id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d">
    <Slot name="$XDSDocumentEntryPatientId"><ValueList><Value>'4711^^^&amp;2.25.7&amp;ISO'</Value></ValueList></Slot>
    <Slot name="$XDSDocumentEntryStatus"><ValueList><Value>('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')</Value></ValueList></Slot>
    <Slot name="$XDSDocumentEntryClassCode"><ValueList><Value>('LAB^^2.25.1','X^^2.25.1')</Value></ValueList></Slot>
    <Slot name="$XDSDocumentEntryEventCodeList"><ValueList><Value>('HIV^^2.25.1')</Value></ValueList></Slot>
    <Slot name="$XDSDocumentEntryCreationTimeFrom"><ValueList><Value>20260401</Value></ValueList></Slot>
    <Slot name="$XDSDocumentEntryAuthorPerson"><ValueList><Value>('Satoh%')</Value></ValueList></Slot>
    <Slot name="$taroTanaka"><ValueList><Value>'x'</Value></ValueList></Slot>
  </AdhocQuery></q:AdhocQueryRequest>`)

t.test('a stored query is a table of its parameters under its name (ITI TF-2 3.18.4.1.2.3)', async (t) => {
  const open = seen(FIND, 'open')
  t.match(open, { form: 'soap', title: 'AdhocQueryRequest' })
  t.match(open.tables[0]?.title, /FindDocuments/)
  t.ok(
    rows(open, /stored query/).some(
      ([name, value]) => name === '$XDSDocumentEntryAuthorPerson' && value === "('Satoh%')",
    ),
  )
  t.same(rows(seen(FIND, 'masked'), /stored query/).slice(1), [
    ['$XDSDocumentEntryPatientId', "'•••^^^&2.25.7&ISO'"],
    ['$XDSDocumentEntryStatus', "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"],
    ['$XDSDocumentEntryClassCode', "('LAB^^2.25.1','X^^2.25.1')"],
    ['$XDSDocumentEntryEventCodeList', "('•••')"],
    ['$XDSDocumentEntryCreationTimeFrom', '########'],
    ['$XDSDocumentEntryAuthorPerson', "('•••')"],
    ['•••', "('•••')".slice(1, -1)],
  ])
})

t.test('registry objects are named as XDS names them (ITI TF-3 4.2.3)', async (t) => {
  const object =
    envelope(`<ExtrinsicObject xmlns="${RIM}" id="taro-doc" mimeType="text/plain" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">
    <Slot name="sourcePatientInfo"><ValueList><Value>PID-5|Tanaka^Taro</Value></ValueList></Slot>
    <Name><LocalizedString value="Pregnancy test"/></Name>
    <Classification id="c1" classificationScheme="urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a" classifiedObject="taro-doc" nodeRepresentation="LAB"/>
    <Classification id="c2" classificationScheme="urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead" classifiedObject="taro-doc" nodeRepresentation="PSYCHIATRY"/>
    <ExternalIdentifier id="x1" registryObject="taro-doc" identificationScheme="urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab" value="2.25.9"/>
    </ExtrinsicObject>`)
  const attributes = (sight: Sight) =>
    rows(seen(object, sight), /registry objects/).map(([, name, value]) => `${name}=${value}`)
  t.same(attributes('open').slice(2), [
    'sourcePatientInfo=PID-5|Tanaka^Taro',
    'title=Pregnancy test',
    'classCode=LAB',
    'practiceSettingCode=PSYCHIATRY',
    'uniqueId=2.25.9',
  ])
  t.same(attributes('masked').slice(2), [
    'sourcePatientInfo=PID-5|•••',
    'title=•••',
    'classCode=LAB',
    'practiceSettingCode=•••',
    'uniqueId=2.25.9',
  ])
  t.notMatch(JSON.stringify(seen(object, 'masked')), /taro|Tanaka|PSYCH|Pregnancy/i, 'nor in ids that the sender chose')
})

t.test('what is in no known vocabulary is masked with its names, attributes and content', async (t) => {
  const strange = envelope('<TaroTanaka xmlns="urn:vendor" born="1950-01-01"><Secret>illness</Secret>4711</TaroTanaka>')
  t.notMatch(JSON.stringify(seen(strange, 'masked')), /Taro|1950|Secret|illness|4711/)
  t.match(JSON.stringify(seen(strange, 'open')), /TaroTanaka/)
  const attribute = envelope(
    `<ObjectRef xmlns="${RIM}" id="urn:uuid:1b1d1c1e-0000-4000-8000-000000000001" note="Tanaka Taro"/>`,
  )
  t.notMatch(JSON.stringify(seen(attribute, 'masked')), /Tanaka/)
})

t.test('fields of HL7 v2 have their names in both languages; masked they keep how they are built', async (t) => {
  const text =
    'MSH|^~\\&|EHR|1399100015|GW|T|20260401||ORU^R01|9|P|2.5\rPID|||4711^^^&2.25.7&ISO^PI||Tanaka^Taro~ﾀﾅｶ||19500101\rZPI|anything^1\rOBX|1|NM|GLU^Glucose||98'
  const masked = seen(text, 'masked')
  t.match(masked, { form: 'hl7v2', title: 'ORU^R01' })
  const field = (name: string) => rows(masked, /HL7 v2/).find(([, place]) => place === name)
  t.same(field('PID-3')?.[3], '•••^^^&2.25.7&ISO^PI')
  t.same(field('PID-5')?.slice(2), ['Patient name, ideographic and phonetic / 患者氏名（漢字・カナ）', '•••^•••~•••'])
  t.same(field('PID-7')?.[3], '########')
  t.same(field('OBX-3')?.[3], '•••^•••')
  t.same(field('OBX-5')?.[3], '•••')
  t.same(field('ZPI-1')?.[3], '•••^•••')
  t.match(seen(text, 'open').text, /Tanaka\^Taro~ﾀﾅｶ/)
})

t.test('a batch is read with the delimiters of its own header', async (t) => {
  const text = 'BHS|^~\\&|EHR|F\rMSH$*~\\&$EHR$F$GW$T$20260401$$ADT*A08$9$P$2.5\rPID$$$4711\rBTS|1'
  const found = rows(seen(text, 'masked'), /HL7 v2/)
  t.ok(found.some(([, place, , value]) => place === 'MSH-9' && value === 'ADT*A08'))
  t.ok(found.some(([, place, , value]) => place === 'PID-3' && value === '•••'))
})

t.test('garbage is shown by its bytes, masked by its build only', async (t) => {
  t.match(seen('<a>Tanaka 4711', 'open'), { form: 'unreadable', text: /3c 61 3e 54/ })
  t.equal(seen('<a>Tanaka 4711', 'masked').text, '<•>•••••• ••••')
  t.equal(seen('田中 <太郎>', 'masked').text, '•• <••>')
  t.match(seen('', 'masked'), { form: 'empty' })
  t.match(inspect({ bytes: Buffer.from('<a>'), isWhole: false }, 'open').notes, [/its end is missing/])
})

t.test('never an exception, whatever the bytes', async (t) => {
  const heads = [
    '',
    '<',
    'MSH',
    'MSH|^~\\&|',
    '\x0bMSH|^~\\&|a\r',
    '<?xml version="1.0"?>',
    FIND.slice(0, 300),
    '\xef\xbb\xbf',
  ]
  for (let n = 0; n < 400; n += 1) {
    const bytes = Buffer.concat([Buffer.from(heads[n % heads.length] ?? '', 'latin1'), randomBytes(n)])
    for (const sight of ['open', 'masked'] as const)
      t.ok(inspect({ bytes, isWhole: true, contentType: n % 2 === 0 ? 'application/soap+xml; charset=x' : '' }, sight))
  }
})

t.test('elements, attributes and slots may be named as what every object of JavaScript has', async (t) => {
  for (const name of ['constructor', 'toString', 'valueOf', 'hasOwnProperty']) {
    const message = envelope(
      `<query:${name} xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" ${name}="Tanaka">Tanaka` +
        `<rim:Slot xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" name="${name}"><rim:ValueList><rim:Value>Tanaka</rim:Value>` +
        `</rim:ValueList></rim:Slot></query:${name}>`,
    )
    t.notMatch(JSON.stringify(seen(message, 'masked')), /Tanaka/, name)
  }
})

t.test('an HL7 v3 message tells its wrapper and masks its persons (ITI TF-2 3.44)', async (t) => {
  const message =
    envelope(`<PRPA_IN201301UV02 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0"><id root="2.25.5"/><creationTime value="20260401090000"/>
    <interactionId root="2.16.840.1.113883.1.6" extension="PRPA_IN201301UV02"/><processingCode code="P"/>
    <controlActProcess classCode="CACT" moodCode="EVN"><subject typeCode="SUBJ"><patient classCode="PAT"><id root="2.25.7" extension="4711"/>
    <name><family>Tanaka</family></name><administrativeGenderCode code="F"/><birthTime value="19500101"/></patient></subject></controlActProcess></PRPA_IN201301UV02>`)
  const masked = seen(message, 'masked')
  t.match(
    masked.facts.map(({ name, value }) => `${name}: ${value}`).join('\n'),
    /interaction.*extension=PRPA_IN201301UV02/,
  )
  t.same(
    rows(masked, /HL7 v3/).filter(([path]) => /patient/.test(path ?? '')),
    [
      ['controlActProcess/subject/patient/id', 'root=2.25.7 extension=•••'],
      ['controlActProcess/subject/patient/name/family', '•••'],
      ['controlActProcess/subject/patient/administrativeGenderCode', 'code=•••'],
      ['controlActProcess/subject/patient/birthTime', 'value=########'],
    ],
  )
})

t.test('of a long message so much is taken apart as a person reads: nobody waits for the rest', (t) => {
  const bytes = Buffer.from(`MSH|^~\\&|\r${'A\r'.repeat(500_000)}`)
  for (const sight of ['open', 'masked'] as const) {
    const { text, notes } = inspect({ bytes, isWhole: true }, sight)
    t.ok(text.length <= 256 * 1024)
    t.match(notes, [/the first 262144 of \d+ characters are shown/])
  }
  t.end()
})
