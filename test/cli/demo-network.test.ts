// The demo network agrees with its schema, with itself, with the messages and with the code sets (design §5).

import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { affinityDomain } from '../../profiles/affinity-domain/index.ts'
import { writeBanner } from '../../src/cli/demo/banner.ts'
import { sideOf } from '../../src/cli/demo/federation/side.ts'
import {
  type DemoNumber,
  demographicsOf,
  facilityOf,
  feederOf,
  loadDemoNeighbour,
  loadDemoNetwork,
  messagePath,
  readDemoNetwork,
} from '../../src/cli/demo/network.ts'
import { decodeEr7 } from '../../src/cli/retrieve.ts'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { loadConfig } from '../../src/config/config.ts'
import { value } from '../../src/model/hl7v2.ts'
import { readPerson } from '../../src/storeclient/demographics.ts'
import { checkIdentity } from '../../src/storeclient/identity-check.ts'

const network = await loadDemoNetwork()
const folder = new URL('../../fixtures/demo/', import.meta.url)

t.test('the systems are those of the design', async (t) => {
  t.same(
    network.systems.map(({ systemId }) => systemId),
    ['hospital-a', 'clinic-b', 'pharmacy-c', 'tester', 'network-east'],
  )
})

t.test('a file that does not fit is refused with the place', async (t) => {
  const yaml = readFileSync(new URL('network.yaml', folder), 'utf8')
  t.throws(() => readDemoNetwork(yaml.replace(/birthTime: .*/, 'birthTime: spring')), /\/patients\/0\/birthTime/)
  t.throws(() => readDemoNetwork(yaml.replace('kind: open', 'kind: ajar')), /\/unions\/0\/kind/)
})

t.test('what is referred to is there, and ids are used once', async (t) => {
  const facilities = new Set(network.facilities.map(({ facilityId }) => facilityId))
  for (const { facilityId } of network.systems) t.ok(facilities.has(facilityId))
  for (const { members } of network.unions) for (const member of members) t.ok(facilities.has(member), member)
  for (const { consent } of network.patients) {
    for (const id of [...(consent?.facilities ?? []), ...(consent?.excludedFacilities ?? [])]) t.ok(facilities.has(id))
    for (const kind of consent?.excludedKinds ?? []) t.ok(affinityDomain.classCode.some(({ code }) => code === kind))
  }
  const types = affinityDomain.healthcareFacilityTypeCode.map(({ code }) => code)
  for (const { facilityType } of network.facilities) t.ok(types.includes(facilityType), facilityType)
  const oids = network.facilities.flatMap(({ oid, patientDomain }) => [oid as string, patientDomain.oid])
  const systemOids = network.systems.flatMap(({ assigningAuthority, repositories = [] }) => [
    ...(assigningAuthority === undefined ? [] : [assigningAuthority]),
    ...repositories,
  ])
  t.equal(new Set([...oids, ...systemOids]).size, oids.length + systemOids.length)
  const numbers = network.patients.flatMap((patient) =>
    patient.numbers.map(({ facilityId, id }) => `${facilityId} ${id}`),
  )
  t.equal(new Set(numbers).size, numbers.length)
})

t.test('the first number of a person comes by a feed, and who feeds may', async (t) => {
  for (const { numbers } of network.patients) {
    t.equal(numbers[0]?.feed, 'yes')
    for (const number of numbers.filter(({ feed }) => feed === 'yes')) t.ok(feederOf(network, number.facilityId))
    t.equal(new Set(numbers.map((number: DemoNumber) => number.facilityId)).size, numbers.length)
  }
})

t.test('the cases that the demonstration needs are among the patients', async (t) => {
  const [taro] = network.patients
  t.match(taro, { name: { kanji: '架空 太郎' }, consent: { kind: 'comprehensive' } })
  t.same(
    taro?.numbers.map(({ facilityId, id }) => [facilityId, id]),
    [
      ['hospital-a', '0000012345'],
      ['clinic-b', 'B-77'],
    ],
  )
  t.ok(network.patients.some(({ consent }) => consent === undefined))
  t.ok(network.patients.some(({ consent }) => consent?.kind === 'individual'))
  t.ok(network.patients.length >= 10)
})

t.test(
  'every message is ISO-2022-JP ended by CR, of its system’s facility, about a consenting patient as described',
  async (t) => {
    const all = [network, await loadDemoNeighbour()].flatMap((network) =>
      [...network.messages, network.tour.push].map((message) => ({ ...message, network })),
    )
    t.same(readdirSync(new URL('messages/', folder)).sort(), all.map(({ file }) => file).sort())
    for (const { systemId, file, network } of all) {
      const bytes = readFileSync(messagePath(file))
      const message = readEr7(bytes)
      t.equal(message.charset, 'ISO-2022-JP', file)
      t.same(message.tolerances, [], file)
      t.notOk(bytes.includes(0x0a), `${file} has no LF`)
      const facilityId = network.systems.find((system) => system.systemId === systemId)?.facilityId ?? ''
      t.equal(value(message, 'MSH', 4), facilityOf(network, facilityId).code, file)
      const id = value(message, 'PID', 3)
      const patient = network.patients.find(({ numbers }) =>
        numbers.some((number) => number.facilityId === facilityId && number.id === id),
      )
      if (patient?.consent === undefined) throw new Error(`${file}: nobody who consents has ${id} at ${facilityId}`)
      t.same(checkIdentity(readPerson(message).demographics, demographicsOf(patient)), [], file)
      t.match(decodeEr7(bytes), patient.name.kanji.replace(' ', '^'), file)
    }
    const controlIds = all.map(({ file }) => value(readEr7(readFileSync(messagePath(file))), 'MSH', 10))
    t.equal(new Set(controlIds).size, controlIds.length)
  },
)

t.test('the neighbour knows the patient of the tour by demographics, and each has the other’s numbers', async (t) => {
  const neighbour = await loadDemoNeighbour()
  const [west, east] = (['west', 'east'] as const).map((name) => sideOf(name, { dataDir: '/srv', port: 1 }))
  t.same(neighbour.patients.map(demographicsOf), network.patients.slice(0, 1).map(demographicsOf))
  const authority = 'identity.affinityDomainAuthority'
  t.equal(facilityOf(neighbour, 'network-west').patientDomain.oid, west?.identifiers[authority])
  t.equal(facilityOf(network, 'network-east').patientDomain.oid, east?.identifiers[authority])
  const { community, repository, identity } = loadConfig({ env: {}, cwd: '/srv' })
  t.same(Object.values(west?.identifiers ?? {}), [
    community.homeCommunityId,
    repository.uniqueId,
    identity.affinityDomainAuthority,
    identity.affinityDomainName,
  ])
})

t.test('the banner names files of the effective data directory and the ports that are open', async (t) => {
  const tour = { ...network.tour, xad: 'X-1', domain: '2.25.9', documentUniqueId: '2.25.17' }
  const ports = { httpsPort: 8443, mllpPort: 2575, pixPort: 2576, managementPort: 8080 }
  const server = (dataDir: string) => ({
    config: loadConfig({ env: {}, cwd: '/srv', flags: { dataDir } }),
    adminToken: '',
    stop: async () => {},
  })
  const standard = writeBanner({ ...server('var'), ...ports }, tour, '/srv')
  t.match(standard, '--cacert var/pki/ca.crt --cert var/pki/clients/hospital-a.crt')
  t.match(standard, 'npx tsunagi retrieve --as clinic-b 2.25.17 --decode\n')
  t.match(standard, 'npx tsunagi query --as pharmacy-c --patient X-1\n')
  const other = writeBanner({ ...server('/data/x y'), ...ports, httpsPort: 1443, managementPort: 1080 }, tour, '/srv')
  t.match(other, "--cacert '/data/x y/pki/ca.crt'")
  t.match(other, "--data-dir '/data/x y' --set management.port=1080 --url https://localhost:1443\n")
})
