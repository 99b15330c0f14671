// Loading the demo network: through the doors, once, and complete after it was cut off anywhere (design §5).

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { iti18, iti44Add } from '../../profiles/transactions/index.ts'
import { ensureDevelopmentPki } from '../../src/certificates/pki-directory.ts'
import { loadDemo } from '../../src/cli/demo/load.ts'
import { loadDemoNetwork } from '../../src/cli/demo/network.ts'
import { loginFile } from '../../src/cli/demo/people.ts'
import { writeQueryResponse } from '../../src/codec/ebxml/query-response.ts'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { readFeed } from '../../src/codec/hl7v3/read-feed.ts'
import { writeAcknowledgement } from '../../src/codec/hl7v3/write-acknowledgement.ts'
import { readEnvelope } from '../../src/codec/soap/read.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { loadConfig } from '../../src/config/config.ts'
import { createMllpServer } from '../../src/mllp/server.ts'
import { value } from '../../src/model/hl7v2.ts'
import { type Heard, makePlace, openDoor, openManagement, type Said } from './fake-door.ts'

type Row = Readonly<Record<string, unknown>>

/** What the admin API keeps, and how many more changes it takes before the power fails. */
function fakeNetwork() {
  const state = {
    facilities: [] as Row[],
    systems: [] as Row[],
    certificates: new Map<string, Set<string>>(),
    unions: [] as { unionId: string; members: string[] }[],
    /** Number of a facility's domain → person. */
    persons: new Map<string, string>(),
    consents: new Map<string, Row[]>(),
    settings: new Map<string, unknown>(),
    staff: [] as Row[],
    pushed: [] as string[],
    changesLeft: Number.POSITIVE_INFINITY,
  }
  const change = (): void => {
    if (state.changesLeft <= 0) throw new Error('power failure')
    state.changesLeft -= 1
  }
  return { state, change }
}

type Fake = ReturnType<typeof fakeNetwork>

const json = (status: number, body: unknown): Said => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify(body),
})

function domainOf({ state }: Fake, facilityId: unknown): string {
  const facility = state.facilities.find((row) => row.facilityId === facilityId)
  return (facility?.patientDomain as { readonly oid: string } | undefined)?.oid ?? ''
}

function respond(fake: Fake, { method, path, body }: Heard): Said {
  const { state } = fake
  const url = new URL(path.replace('/admin/v1', ''), 'http://admin')
  const [, resource = '', id = '', part = ''] = url.pathname.split('/').map(decodeURIComponent)
  const given = body.length === 0 ? {} : (JSON.parse(body.toString()) as Row)
  if (method !== 'GET') fake.change()
  switch (`${method} ${resource}${part === '' ? '' : `/${part}`}`) {
    case 'GET facilities':
      return json(200, state.facilities)
    case 'GET systems':
      return json(200, state.systems)
    case 'GET unions':
      return json(200, state.unions)
    case 'GET patients': {
      const xad = state.persons.get(`${url.searchParams.get('domain')} ${url.searchParams.get('id')}`)
      return json(200, xad === undefined ? [] : [{ xad, identifiers: [] }])
    }
    case 'GET patients/consents':
      return json(200, state.consents.get(id) ?? [])
    case 'GET settings':
      return state.settings.has(id) ? json(200, { value: state.settings.get(id) }) : json(404, {})
    case 'POST facilities':
      state.facilities.push(given)
      return json(201, given)
    case 'POST systems':
      state.systems.push(given)
      return json(201, given)
    case 'POST systems/certificates':
      state.certificates.set(id, (state.certificates.get(id) ?? new Set()).add(String(given.pem)))
      return json(201, {})
    case 'POST unions':
      state.unions.push({ unionId: String(given.unionId), members: [] })
      return json(201, {})
    case 'POST unions/members':
      state.unions.find(({ unionId }) => unionId === id)?.members.push(String(given.facilityId))
      return json(201, {})
    case 'POST patients/links':
      state.persons.set(`${domainOf(fake, given.facilityId)} ${given.id}`, id)
      return json(201, {})
    case 'POST patients/consents':
      state.consents.set(id, [...(state.consents.get(id) ?? []), given])
      return json(201, {})
    case 'GET staff':
      return json(200, state.staff)
    case 'POST staff':
      state.staff.push(given)
      return json(201, given)
    case 'POST staff/access-code':
      return json(201, { accessCode: `code-of-${id}` })
    case 'POST login':
      return json(200, { session: `session-of-${given.user}` })
    case 'POST logout':
    case 'POST me':
    case 'POST me/confirm':
      return json(200, { session: 'another', secret: 'JBSWY3DPEHPK3PXP' })
    case 'PUT settings':
      state.settings.set(id, given.value)
      return json(200, {})
  }
  return json(404, {})
}

/** ITI-44 makes a person for a number that is not known; ITI-18 finds nothing. */
function soap(fake: Fake, heard: Heard): Said {
  const request = readEnvelope(readXml(heard.body))
  const relatesTo = request.messageId ?? ''
  const contentType = 'application/soap+xml; charset=UTF-8'
  if (request.action !== iti44Add.action) {
    const found = writeQueryResponse(
      { returnType: 'LeafClass', objects: [] },
      { result: 'success', errors: [], journalId: 'j' },
    )
    return { status: 200, contentType, body: writeEnvelope({ action: iti18.responseAction, relatesTo, body: found }) }
  }
  fake.change()
  const feed = readFeed(request.body)
  for (const { id } of feed.patientIds) {
    const key = `${id.authority} ${id.value}`
    if (!fake.state.persons.has(key)) fake.state.persons.set(key, `X-${fake.state.persons.size + 1}`)
  }
  const body = writeAcknowledgement(feed.transmission, { code: 'CA', details: [] })
  return { status: 200, contentType, body: writeEnvelope({ action: iti44Add.responseAction, relatesTo, body }) }
}

function orDown(answer: () => Said): Said {
  try {
    return answer()
  } catch {
    return { status: 503, contentType: 'text/plain', body: 'down' }
  }
}

async function mllpDoor(fake: Fake, pki: { readonly dataDir: string }) {
  const { ca, server } = await ensureDevelopmentPki(join(pki.dataDir, 'pki'))
  const mllp = createMllpServer({
    tls: { key: server.privateKeyPem, cert: server.certificatePem, ca },
    admit: async () => true,
    handler: async (message) => {
      const controlId = value(readEr7(message), 'MSH', 10)
      const isDown = fake.state.changesLeft <= 0
      if (!isDown) {
        fake.change()
        fake.state.pushed.push(controlId)
      }
      return ack(isDown ? 'AR' : 'AA', controlId)
    },
  })
  return { mllp, port: await mllp.listen(0, '127.0.0.1') }
}

function ack(code: string, controlId: string): Buffer {
  return Buffer.from(`MSH|^~\\&|GW|T|E|1|20260101||ACK^R22^ACK|1|P|2.5\rMSA|${code}|${controlId}\r`)
}

t.test('a load that is cut off after any number of changes is completed by the next ones', async (t) => {
  const place = await makePlace()
  const fake = fakeNetwork()
  const management = await openManagement((heard) => orDown(() => respond(fake, heard)))
  const https = await openDoor(place, (heard) => orDown(() => soap(fake, heard)))
  const { mllp, port } = await mllpDoor(fake, place)
  t.teardown(() => Promise.all([management.close(), https.close(), mllp.close(), place.remove()]))
  const server = {
    config: loadConfig({ env: {}, flags: { dataDir: place.dataDir } }),
    adminToken: 'secret-token',
    httpsPort: https.port,
    managementPort: management.port,
    mllpPort: port,
    pixPort: port,
    stop: async () => {},
  }
  let interruptions = 0
  for (let allowed = 4; ; allowed += 7) {
    fake.state.changesLeft = allowed
    const loaded = await loadDemo(server, () => {}).then(
      () => true,
      () => false,
    )
    if (loaded) break
    interruptions += 1
  }
  t.ok(interruptions > 5, `${interruptions} interruptions`)
  fake.state.changesLeft = Number.POSITIVE_INFINITY
  const { xad } = await loadDemo(server, () => {})
  const network = await loadDemoNetwork()
  const { state } = fake
  t.equal(state.facilities.length, network.facilities.length)
  t.equal(state.systems.length, network.systems.length)
  t.ok([...state.certificates.values()].every((pems) => pems.size === 1))
  t.same(
    state.unions.map(({ members }) => members),
    network.unions.map(({ members }) => members),
  )
  for (const patient of network.patients) {
    const ids = patient.numbers.map(({ facilityId, id }) => `${domainOf(fake, facilityId)} ${id}`)
    const persons = new Set(ids.map((id) => state.persons.get(id)))
    t.equal(persons.size, 1, patient.name.kanji)
    const consents = state.consents.get([...persons][0] ?? '') ?? []
    t.equal(consents.length, patient.consent === undefined ? 0 : 1)
  }
  t.same(
    state.staff.map(({ staffId }) => staffId),
    network.people.map(({ staffId }) => staffId),
  )
  for (const { staffId } of network.people) {
    const file = loginFile(server.config, staffId)
    t.equal((await stat(file)).mode & 0o777, 0o600)
    t.match(await readFile(file, 'utf8'), /^\S{13,}\n$/)
  }
  t.equal(xad, state.persons.get(`${domainOf(fake, 'clinic-b')} B-77`))
  t.ok(state.settings.has('demo'))
  t.equal(new Set(state.pushed).size, network.messages.length)
  const before = management.heard.length
  await loadDemo(server, () => {})
  const changes = management.heard
    .slice(before)
    .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/certificates'))
  t.same(changes, [], 'a further start changes nothing')
})
