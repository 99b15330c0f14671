// Reading of PIXv3 requests: every check of ITI TF-2 3.44.4.1 and 3.45.4.1 names the element that breaks it.

import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { readFeed, readMerge } from '../../../src/codec/hl7v3/read-feed.ts'
import { readQuery } from '../../../src/codec/hl7v3/read-query.ts'
import { writeFeed } from '../../../src/codec/hl7v3/write-feed.ts'
import { IheError } from '../../../src/model/error.ts'
import { DOMAIN_A, idIn, oid } from '../../identity/in-memory.ts'
import { ADD, bodyOf, MERGE, QUERY, REVISE, refusalOf, schemaErrors } from './messages.ts'

t.test('3.44.4.1.2: a feed is read with names in three scripts, whatever the order of their parts', async (t) => {
  t.equal(schemaErrors(ADD, 'PRPA_IN201301UV02'), '')
  const feed = readFeed(bodyOf(ADD))
  t.match(feed, {
    kind: 'add',
    transmission: { id: { extension: 'm 1' }, sender: { id: '2.25.400.1', organization: '2.25.200.1' } },
    patientIds: [{ id: { value: '0042', authority: '2.25.100.1' }, at: /patient\/id\[1\]$/ }],
    otherIds: [{ id: { value: 'B-7', authority: '2.25.100.2' }, at: /asOtherIDs\[1\]\/id\[1\]$/ }],
    custodian: { root: '2.25.400.1' },
    provider: { root: '2.25.100.1' },
    digest: /^[0-9a-f]{64}$/,
  })
  t.strictSame(feed.demographics, {
    names: [
      { representation: 'IDE', family: '水沢', given: '葉名' },
      { representation: 'SYL', family: 'ミズサワ', given: 'ハナ' },
      { representation: 'ABC', family: 'Mizusawa', given: 'Hana' },
    ],
    sex: 'F',
    birthTime: '196204',
    addresses: [{ postalCode: '999-0001', text: '架空県見本市1-2-3' }],
    telecoms: ['tel:+81-99-000-0001'],
  })
  t.strictSame(feed.warnings, [])
  t.equal(readFeed(bodyOf(feed.received)).digest, feed.digest)
})

const MOTHER =
  '<personalRelationship classCode="PRS"><code code="FTH"/><relationshipHolder1 classCode="PSN" determinerCode="INSTANCE"><name>' +
  '<family>見本</family></name></relationshipHolder1></personalRelationship><personalRelationship classCode="PRS"><code code="MTH"/>' +
  '<relationshipHolder1 classCode="PSN" determinerCode="INSTANCE"><name><family>水沢</family><given>花</given></name>' +
  '<name><family qualifier="BR">架空</family></name></relationshipHolder1></personalRelationship>'

t.test(
  '3.44.4.1.2: twins, death, the mother’s maiden name and a request for discretion are read, and written again',
  async (t) => {
    const more = ADD.replace(
      '<birthTime value="196204"/>',
      '<birthTime value="196204"/><deceasedInd value="false"/><multipleBirthInd value="true"/><multipleBirthOrderNumber value="2"/>',
    )
      .replace('</patientPerson>', `${MOTHER}</patientPerson>`)
      .replace('<patientPerson', '<veryImportantPersonCode code="VIP"/><patientPerson')
    t.equal(schemaErrors(more, 'PRPA_IN201301UV02'), '')
    const { demographics } = readFeed(bodyOf(more))
    const circumstances = {
      multipleBirth: true,
      birthOrder: 2,
      deceased: false,
      mother: [
        { representation: 'IDE', family: '架空', given: '' },
        { representation: 'IDE', family: '水沢', given: '花' },
      ],
    } as const
    t.match(demographics, { ...circumstances, restricted: true })
    const party = { id: oid('2.25.400.1') }
    const sent = { sender: party, receiver: party, patientIds: [idIn(DOMAIN_A, '1')], otherIds: [], demographics }
    const xml = writeFeed({ kind: 'add', ...sent, providerName: 'A' })
    t.equal(schemaErrors(xml, 'PRPA_IN201301UV02'), '')
    t.match(readFeed(bodyOf(xml)).demographics, circumstances)
    const late = ADD.replace('<birthTime value="196204"/>', '<birthTime value="196204"/><deceasedTime value="2026"/>')
    t.equal(readFeed(bodyOf(late)).demographics.deceased, true)
  },
)

interface Fault {
  readonly name: string
  readonly message: string
  readonly change: readonly [string | RegExp, string]
  readonly code: string
  readonly at: RegExp
}

const person = /patientPerson/
const faults: readonly Fault[] = [
  {
    name: 'no ITSVersion',
    message: ADD,
    change: [' ITSVersion="XML_1.0"', ''],
    code: 'V3_ATTRIBUTE_MISSING',
    at: /@ITSVersion$/,
  },
  { name: 'other ITSVersion', message: ADD, change: ['XML_1.0', 'XML_2.0'], code: 'V3_VERSION', at: /@ITSVersion$/ },
  {
    name: 'id after creationTime',
    message: ADD,
    change: [/(<id [^>]*>)(<creationTime [^>]*>)/, '$2$1'],
    code: 'V3_ELEMENT_MISSING',
    at: /\/id$/,
  },
  {
    name: 'text between elements',
    message: ADD,
    change: ['<processingCode', 'x<processingCode'],
    code: 'V3_STRUCTURE',
    at: /^\/PRPA_IN201301UV02\/text\(\)$/,
  },
  {
    name: 'unknown element',
    message: ADD,
    change: ['<processingCode', '<color/><processingCode'],
    code: 'V3_STRUCTURE',
    at: /\/color$/,
  },
  {
    name: 'unknown attribute',
    message: ADD,
    change: ['extension="0042"', 'extention="0042"'],
    code: 'V3_ATTRIBUTE_NOT_ALLOWED',
    at: /@extention$/,
  },
  {
    name: 'unknown nullFlavor',
    message: ADD,
    change: ['nullFlavor="NA"', 'nullFlavor="NONE"'],
    code: 'V3_DATA_TYPE',
    at: /registrationEvent\/id\[1\]\/@nullFlavor$/,
  },
  {
    name: 'interactionId of another interaction',
    message: ADD,
    change: ['extension="PRPA_IN201301UV02"', 'extension="PRPA_IN201302UV02"'],
    code: 'V3_INTERACTION',
    at: /interactionId$/,
  },
  {
    name: 'processingCode X',
    message: ADD,
    change: ['<processingCode code="P"', '<processingCode code="X"'],
    code: 'V3_PROCESSING_ID',
    at: /processingCode\/@code$/,
  },
  {
    name: 'processingModeCode I',
    message: ADD,
    change: ['<processingModeCode code="T"', '<processingModeCode code="I"'],
    code: 'V3_PROCESSING_MODE',
    at: /processingModeCode\/@code$/,
  },
  {
    name: 'acceptAckCode NE',
    message: ADD,
    change: ['code="AL"', 'code="NE"'],
    code: 'V3_VALUE',
    at: /acceptAckCode\/@code$/,
  },
  {
    name: 'two receivers',
    message: ADD,
    change: [/(<receiver.*<\/receiver>)/, '$1$1'],
    code: 'V3_TOO_MANY',
    at: /receiver\[2\]$/,
  },
  {
    name: 'device id with extension',
    message: ADD,
    change: ['root="2.25.400.2"', 'root="2.25.400.2" extension="1"'],
    code: 'V3_ATTRIBUTE_NOT_ALLOWED',
    at: /receiver\/device\/id\/@extension$/,
  },
  {
    name: 'device id that is no OID',
    message: ADD,
    change: ['root="2.25.400.2"', 'root="PIX"'],
    code: 'V3_DATA_TYPE',
    at: /receiver\/device\/id\/@root$/,
  },
  {
    name: 'trigger of another interaction',
    message: ADD,
    change: ['PRPA_TE201301UV02', 'PRPA_TE201302UV02'],
    code: 'V3_VALUE',
    at: /controlActProcess\/code\/@code$/,
  },
  {
    name: 'trigger of another code system',
    message: ADD,
    change: ['codeSystem="2.16.840.1.113883.1.6"', 'codeSystem="1.2.3"'],
    code: 'V3_CODE_SYSTEM',
    at: /@codeSystem$/,
  },
  {
    name: 'two subjects',
    message: ADD,
    change: [/(<subject .*<\/subject>)/, '$1$1'],
    code: 'V3_TOO_MANY',
    at: /subject\[2\]$/,
  },
  {
    name: 'event not active',
    message: ADD,
    change: [/<statusCode code="active"/, '<statusCode code="obsolete"'],
    code: 'V3_VALUE',
    at: /registrationEvent\/statusCode\/@code$/,
  },
  {
    name: 'replacementOf in an add',
    message: ADD,
    change: ['</custodian>', '</custodian><replacementOf typeCode="RPLC"/>'],
    code: 'V3_STRUCTURE',
    at: /replacementOf$/,
  },
  {
    name: 'no custodian',
    message: ADD,
    change: [/<custodian.*<\/custodian>/, ''],
    code: 'V3_ELEMENT_MISSING',
    at: /custodian$/,
  },
  {
    name: 'no provider in an add',
    message: ADD,
    change: [/<providerOrganization.*<\/providerOrganization>/, ''],
    code: 'V3_ELEMENT_MISSING',
    at: /providerOrganization$/,
  },
  {
    name: 'an animal',
    message: ADD,
    change: [
      /<patientPerson.*<\/patientPerson>/,
      '<patientNonPersonLivingSubject classCode="ANM" determinerCode="INSTANCE"/>',
    ],
    code: 'V3_STRUCTURE',
    at: /patientNonPersonLivingSubject$/,
  },
  {
    name: 'neither name nor id',
    message: ADD.replace(/<name.*<\/name>/, '<name nullFlavor="UNK"/>'),
    change: ['<id root="2.25.100.1" extension="0042"/>', '<id nullFlavor="UNK"/>'],
    code: 'V3_ELEMENT_MISSING',
    at: /patient\/id$/,
  },
  {
    name: 'other id of another scope',
    message: ADD,
    change: ['<id root="2.25.100.2"/>', '<id root="2.25.100.3"/>'],
    code: 'V3_VALUE',
    at: /asOtherIDs\[1\]\/id\[1\]\/@root$/,
  },
  {
    name: 'scope with extension',
    message: ADD,
    change: ['<id root="2.25.100.2"/>', '<id root="2.25.100.2" extension="x"/>'],
    code: 'V3_ATTRIBUTE_NOT_ALLOWED',
    at: /scopingOrganization\/id\/@extension$/,
  },
  {
    name: 'birth time with hyphens',
    message: ADD,
    change: ['196204', '1962-04-17'],
    code: 'V3_DATA_TYPE',
    at: /birthTime\/@value$/,
  },
  {
    name: 'birth time not in the calendar',
    message: ADD,
    change: ['196204', '19620231'],
    code: 'V3_DATA_TYPE',
    at: /birthTime\/@value$/,
  },
  {
    name: 'sex of another vocabulary',
    message: ADD,
    change: ['code="F"', 'code="1"'],
    code: 'V3_VALUE',
    at: /administrativeGenderCode\/@code$/,
  },
  {
    name: 'birth time before sex',
    message: ADD,
    change: [/(<administrativeGenderCode[^>]*>)(<birthTime[^>]*>)/, '$2$1'],
    code: 'V3_STRUCTURE',
    at: person,
  },
  {
    name: 'query with dataSource extension',
    message: QUERY,
    change: ['root="2.25.100.2"', 'root="2.25.100.2" extension="x"'],
    code: 'V3_ATTRIBUTE_NOT_ALLOWED',
    at: /dataSource\[1\]\/value\/@extension$/,
  },
  {
    name: 'query with two patientIdentifier',
    message: QUERY,
    change: [/(<patientIdentifier.*<\/patientIdentifier>)/, '$1$1'],
    code: 'V3_TOO_MANY',
    at: /patientIdentifier\[2\]$/,
  },
  {
    name: 'query with two values',
    message: QUERY,
    change: [/(<value root="2.25.100.1"[^>]*>)/, '$1$1'],
    code: 'V3_TOO_MANY',
    at: /value\[2\]$/,
  },
  {
    name: 'query without extension',
    message: QUERY,
    change: [' extension="0042"', ''],
    code: 'V3_ATTRIBUTE_MISSING',
    at: /patientIdentifier\/value\/@extension$/,
  },
  {
    name: 'query with patientIdentifier first',
    message: QUERY,
    change: [/(<dataSource.*<\/dataSource>)(<patientIdentifier.*<\/patientIdentifier>)/, '$2$1'],
    code: 'V3_STRUCTURE',
    at: /dataSource$/,
  },
  {
    name: 'query of deferred priority',
    message: QUERY,
    change: ['<responsePriorityCode code="I"', '<responsePriorityCode code="D"'],
    code: 'V3_VALUE',
    at: /responsePriorityCode\/@code$/,
  },
  {
    name: 'query with status other than new',
    message: QUERY,
    change: ['code="new"', 'code="aborted"'],
    code: 'V3_VALUE',
    at: /statusCode\/@code$/,
  },
  {
    name: 'query without parameters',
    message: QUERY,
    change: [/<queryByParameter>.*<\/queryByParameter>/, ''],
    code: 'V3_ELEMENT_MISSING',
    at: /queryByParameter$/,
  },
]

for (const fault of faults) {
  t.test(`3.44.4.1, 3.45.4.1: ${fault.name} is refused with ${fault.code}`, async (t) => {
    const xml = fault.message.replace(fault.change[0], fault.change[1])
    t.not(xml, fault.message, 'the message was changed')
    const body = bodyOf(xml)
    t.match(
      refusalOf(() => (body.name === 'PRPA_IN201309UV02' ? readQuery(body) : readFeed(body))),
      {
        row: { code: fault.code },
        at: fault.at,
      },
    )
  })
}

t.test('Appendix E: deviations that change nothing are accepted with a warning', async (t) => {
  const warned = (xml: string) => readFeed(bodyOf(xml)).warnings.map((warning) => warning.row.code)
  t.strictSame(warned(ADD.replace('asOtherIDs classCode="PAT"', 'asOtherIDs classCode="CIT"')), ['V3_TOLERATED'])
  t.strictSame(warned(ADD.replace('INSTANCE"><id root="2.25.100.1"/>', 'INSTANCE"><id root="2.25.9"/>')), [
    'V3_TOLERATED',
  ])
  t.strictSame(warned(ADD.replace('水沢', '水\ufffd')), ['V3_LOST_CHARACTER'])
  t.strictSame(warned(REVISE.replace(/<providerOrganization.*<\/providerOrganization>/, '')), ['V3_TOLERATED'])
})

t.test('3.44.4.2.3: a masked field of a revise is told apart from an absent one', async (t) => {
  const feed = readFeed(bodyOf(REVISE.replace('<birthTime value="196204"/>', '<birthTime nullFlavor="MSK"/>')))
  t.equal(feed.kind, 'revise')
  t.strictSame(feed.masked, ['birthTime'])
  t.equal(feed.demographics.birthTime, undefined)
})

t.test('3.44.4.1.2.1: a time of birth with fraction and zone is the day that is written, in digits', async (t) => {
  const birthTime = (value: string) =>
    readFeed(bodyOf(ADD.replace('<birthTime value="196204"/>', `<birthTime value="${value}"/>`))).demographics.birthTime
  t.equal(birthTime('19620417'), '19620417')
  t.equal(birthTime('196204170000+0900'), '196204170000')
  t.equal(birthTime('19620417000000.000+0900'), '19620417000000')
})

t.test('3.45.4.1.2: a query keeps its queryByParameter for the echo', async (t) => {
  t.equal(schemaErrors(QUERY, 'PRPA_IN201309UV02'), '')
  const query = readQuery(bodyOf(QUERY))
  t.match(query, {
    queryId: { root: '2.25.500', extension: 'q1' },
    patient: { value: '0042', namespace: '', universalId: '2.25.100.1' },
    domains: [{ universalId: '2.25.100.2', at: /parameterList\/dataSource\[1\]\/value$/ }],
    asked: { text: /^<queryByParameter xmlns="urn:hl7-org:v3">.*Patient\.Id/ },
  })
})

const samples = new URL('../../../../shared/samples/pix/', import.meta.url)
if (existsSync(samples)) {
  t.test('3.44, 3.45: published sample messages are accepted or refused as their table says', async (t) => {
    const table = readFileSync(new URL('expected.tsv', samples), 'utf8').trim().split('\n').slice(1)
    for (const line of table) {
      const [file = '', , root = '', , isSchemaValid, followsRules] = line.split('\t')
      if (!/^PRPA_IN20130[129]UV02$/.test(root) || !/iti4[45]/.test(file)) continue
      const body = bodyOf(readFileSync(new URL(file, samples), 'utf8'))
      const isValid = isSchemaValid === 'Y' && (followsRules === 'Y' || file === 'peer-iti44-add.xml')
      const read = () => (root === 'PRPA_IN201309UV02' ? readQuery(body) : readFeed(body))
      if (isValid) t.doesNotThrow(read, file)
      else t.throws(read, IheError, file)
    }
  })
}

t.test('3.44.4.3.2: a merge is read as the ids that may survive and the one that goes', async (t) => {
  t.equal(schemaErrors(MERGE, 'PRPA_IN201304UV02'), '')
  const merge = readMerge(bodyOf(MERGE))
  t.match(merge, {
    kind: 'merge',
    transaction: 'ITI-44',
    message: { at: '/PRPA_IN201304UV02/id' },
    survivors: [{ id: { value: '0042', authority: '2.25.100.1' }, at: /subject1\/patient\/id\[1\]$/ }],
    subsumed: { id: { value: '0099', authority: '2.25.100.1' }, at: /subject1\/priorRegisteredRole\/id\[1\]$/ },
    warnings: [],
    digest: /^[0-9a-f]{64}$/,
  })
})

const mergeFaults: readonly Omit<Fault, 'message'>[] = [
  {
    name: 'no replacementOf',
    change: [/<replacementOf.*<\/replacementOf>/, ''],
    code: 'V3_ELEMENT_MISSING',
    at: /replacementOf$/,
  },
  {
    name: 'two replacementOf',
    change: [/(<replacementOf.*<\/replacementOf>)/, '$1$1'],
    code: 'V3_TOO_MANY',
    at: /replacementOf\[2\]$/,
  },
  { name: 'prior still active', change: ['obsolete', 'active'], code: 'V3_VALUE', at: /priorRegistration\/statusCode/ },
  {
    name: 'no status',
    change: ['<statusCode code="obsolete"/>', ''],
    code: 'V3_ELEMENT_MISSING',
    at: /priorRegistration\/statusCode$/,
  },
  {
    name: 'two ids',
    change: [/(<id [^>]*0099"\/>)/, '$1$1'],
    code: 'V3_TOO_MANY',
    at: /priorRegisteredRole\/id\[2\]$/,
  },
  {
    name: 'an id without extension',
    change: [' extension="0099"', ''],
    code: 'V3_ELEMENT_MISSING',
    at: /priorRegisteredRole\/id$/,
  },
  { name: 'other relation', change: ['typeCode="RPLC"', 'typeCode="SUCC"'], code: 'V3_DATA_TYPE', at: /replacementOf/ },
  {
    name: 'survivor without id',
    change: ['extension="0042"', 'nullFlavor="UNK"'],
    code: 'V3_ELEMENT_MISSING',
    at: /patient\/id$/,
  },
  {
    name: 'survivor without name',
    change: [/<name.*<\/name>/, '<name nullFlavor="NI"/>'],
    code: 'V3_ELEMENT_MISSING',
    at: /patientPerson\/name$/,
  },
  {
    name: 'not active',
    change: ['code="active"', 'code="obsolete"'],
    code: 'V3_VALUE',
    at: /registrationEvent\/statusCode/,
  },
]

for (const { name, change, code, at } of mergeFaults)
  t.test(`3.44.4.3.2: ${name} is refused with ${code}`, async (t) => {
    const broken = MERGE.replace(...change)
    t.not(broken, MERGE)
    t.match(
      refusalOf(() => readMerge(bodyOf(broken))),
      { row: { code }, at },
    )
  })
