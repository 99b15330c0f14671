// Two servers: A, a repository, registers with B, a registry, over mutual TLS; B gone, silent, or back (ITI TF-2 3.41.4.1.3, 3.42, 3.43).

import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { type AddressInfo, createServer, connect as openSocket, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { iti43Initiating } from '../../profiles/transactions/index.ts'
import { startServer } from '../../src/app.ts'
import { issueClientInto } from '../../src/certificates/pki-directory.ts'
import { loadDemo } from '../../src/cli/demo/load.ts'
import { fetchDocuments } from '../../src/cli/retrieve.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { formatCx, newOid, type PatientId } from '../../src/model/identifiers.ts'
import { faultsOf, renderedEvents } from '../audit/rendered.ts'
import { errorCodesOf, isSuccess, submissionOf } from '../faults/messages.ts'
import { configFor, DOMAINS, demoDirectory, emptyDirectory, eventually, networkOf, SILENT } from '../faults/support.ts'

t.setTimeout(170_000)

const REPOSITORY_A = newOid()
const SYSTEM = 'repository-a'
/** Longer than a row may be, so that it is a file. */
const LARGE = 100_000
const SETTLED_WITHIN_MS = 20_000

/** More than a TLS handshake takes, less than an ITI-42 with it. */
const HANDSHAKE_BYTES = 4500

/** Stands before B: passes messages on; keeps B's answers back until `release`; loses them; or loses what is sent to B. */
async function openGate() {
  let [mode, target]: ['pass' | 'keep answers' | 'lose answers' | 'lose requests', number] = ['pass', 0]
  const sockets = new Set<Socket>()
  const kept: (() => void)[] = []
  const gate = createServer((client) => {
    sockets.add(client)
    client.on('error', () => {}).on('close', () => sockets.delete(client))
    const server = openSocket(target, 'localhost')
    server.on('error', () => client.destroy()).on('close', () => client.destroy())
    client.on('close', () => server.destroy())
    const lost = (what: typeof mode): boolean => mode === what && client.bytesRead > HANDSHAKE_BYTES
    client.on('data', (chunk: Buffer) => lost('lose requests') || server.write(chunk))
    server.on('data', (chunk: Buffer) => {
      if (lost('keep answers')) kept.push(() => client.write(chunk))
      else if (!lost('lose answers')) client.write(chunk)
    })
  })
  gate.listen(0, 'localhost')
  await once(gate, 'listening')
  return {
    port: (gate.address() as AddressInfo).port,
    to: (port: number) => {
      target = port
    },
    set: (next: typeof mode) => {
      mode = next
      // Connections that are kept alive would go on in the former way.
      for (const socket of sockets) socket.destroy()
    },
    release: () => {
      for (const write of kept.splice(0)) write()
    },
    close: () => {
      gate.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

const [directoryA, directoryB] = [await emptyDirectory(t), await demoDirectory(t)]
const gate = await openGate()
t.teardown(gate.close)

const startRegistry = (port = '0') => startServer(configFor(directoryB, { 'https.port': port }), { log: SILENT })

let registry = await startRegistry()
t.teardown(() => registry.stop())
const portB = registry.httpsPort
gate.to(portB)
const b = networkOf(registry)
t.teardown(b.close)
const hanako: PatientId = await b.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })
const { paths } = await issueClientInto(join(directoryB, 'pki'), { systemId: SYSTEM, facilityOid: newOid() })
await b.admin.post('/systems', {
  systemId: SYSTEM,
  facilityId: 'hospital-a',
  roles: ['document-repository'],
  repositories: [REPOSITORY_A],
})
await b.admin.post(`/systems/${SYSTEM}/certificates`, { pem: await readFile(paths.certificate, 'utf8') })

async function startRepository(registryPort: number) {
  const flags = {
    'repository.uniqueId': REPOSITORY_A,
    'repository.registryUrl': `https://localhost:${registryPort}/xds/registry`,
    'repository.registryTimeoutMs': '1500',
    'repository.registryCertificate': paths.certificate,
    'repository.registryKey': paths.key,
    'repository.registryCa': join(directoryB, 'pki', 'ca.crt'),
  }
  return startServer(configFor(directoryA, flags), { log: SILENT })
}

let repository = await startRepository(portB)
let a = networkOf(repository)
t.teardown(async () => {
  await a.close()
  await repository.stop()
})
await loadDemo(repository, () => {})

async function restartRepository(registryPort: number): Promise<void> {
  await a.close()
  await repository.stop()
  repository = await startRepository(registryPort)
  a = networkOf(repository)
}

/** What the repository holds. */
async function held() {
  const { rows } = await repository.pool.query<{ kept: number; documents: number; traits: number }>(
    `select (select count(*)::int from repository.submission) as kept, (select count(*)::int from repository.document) as documents,
            (select count(*)::int from repository.traits) as traits`,
  )
  const files = await readdir(join(directoryA, 'documents'), { recursive: true, withFileTypes: true })
  return { ...rows[0], files: files.filter((entry) => entry.isFile()).length }
}

const submit = (size = LARGE, patientId = hanako) =>
  submissionOf({ patientId, bytes: Buffer.alloc(size, `文書 ${newOid()} `) })

const foundAtB = async (uniqueId: string) =>
  (await b.find('clinic-b', hanako)).filter((entry) => entry.uniqueId === uniqueId)

async function fetchedFromA(systemId: string, uniqueId: string): Promise<string> {
  const { documents, response } = await a.fetch(systemId, [uniqueId])
  return documents.length === 1 ? 'fetched' : response.errors.map(({ errorCode }) => errorCode).join()
}

t.test('pushed to A, found at B, retrieved from A (ITI-41, ITI-42, ITI-18, ITI-43)', async (t) => {
  const { provide, entry } = submit()
  const answer = await a.soap('hospital-a', provide)
  t.ok(isSuccess(answer.text), answer.text)
  t.match(await foundAtB(entry.uniqueId), [{ repositoryUniqueId: REPOSITORY_A, hash: entry.hash }])
  const { documents } = await a.fetch('hospital-a', [entry.uniqueId])
  t.match(documents, [{ mimeType: 'application/pdf', repositoryUniqueId: REPOSITORY_A }])
  t.equal(documents[0]?.bytes.length, LARGE)
  const { response } = await fetchDocuments(await b.as('clinic-b'), [entry.uniqueId], {
    repositoryUniqueId: REPOSITORY_A,
  })
  t.match(response.errors, [{ errorCode: 'XDSUnknownRepositoryId', location: entry.uniqueId }])
  t.equal(await fetchedFromA('tester', entry.uniqueId), 'fetched', 'affinity-domain mode')
  t.equal(await fetchedFromA('clinic-b', entry.uniqueId), 'XDSDocumentUniqueIdError', 'A knows of no consent')
  const { rows } = await repository.pool.query(
    `select exchange_id, result, patients, request_bytes::int, response_bytes::int, timings from journal.exchange
     where transaction = 'ITI-42' and documents @> $1`,
    [[entry.uniqueId]],
  )
  t.match(
    rows,
    [{ result: 'success', patients: [formatCx(hanako)], timings: { call: Number } }],
    'the call is journalled',
  )
  const [asked, said] = await repository.kept(rows[0].exchange_id)
  t.match(asked, { direction: 'request', isWhole: true, sizeBytes: rows[0].request_bytes })
  t.ok(asked?.bytes.includes(entry.uniqueId))
  t.match(said, { direction: 'answer', isWhole: true, sizeBytes: rows[0].response_bytes })
  t.ok(isSuccess(said?.bytes.toString() ?? ''))
  const before = await held()
  t.ok(isSuccess((await a.soap('hospital-a', provide)).text), 'the same message again')
  t.strictSame(await held(), before, 'no second effect')
  t.equal((await foundAtB(entry.uniqueId)).length, 1)
})

t.test('B fetches it from A for who asks its gateway, once both know each other (ITI TF-2 3.43, 3.39)', async (t) => {
  const { provide, entry } = submit()
  t.ok(isSuccess((await a.soap('hospital-a', provide)).text))
  const pem = (directory: string, name: string) => readFile(join(directory, 'pki', name), 'utf8')
  const facilityId = 'hospital-a'
  await b.admin.post('/trust-anchors', { label: 'repository-a', pem: await pem(directoryA, 'ca.crt'), facilityId })
  const url = `https://localhost:${repository.httpsPort}/xds/repository`
  await b.admin.post('/repositories', { repositoryUniqueId: REPOSITORY_A, url, facilityId })
  const gateway = { systemId: 'gateway-b', facilityId, roles: ['document-consumer'], accessMode: 'affinity-domain' }
  await a.admin.post('/systems', gateway)
  await a.admin.post('/systems/gateway-b/certificates', { pem: await pem(directoryB, 'server.crt') })
  await a.admin.post('/trust-anchors', { label: 'network-b', pem: await pem(directoryB, 'ca.crt'), facilityId })
  const asked = [{ repositoryUniqueId: REPOSITORY_A, documentUniqueId: entry.uniqueId }]
  const fetched = async () => {
    const call = { transaction: iti43Initiating, body: writeRetrieveRequest(asked) }
    const { text } = await b.soap('clinic-b', call)
    return isSuccess(text) && text.includes(`文書 `)
  }
  t.ok(await eventually(fetched, SETTLED_WITHIN_MS))
})

t.test('several documents, and one of them again in a new submission, leave no second file', async (t) => {
  const { provide, entry } = submit()
  t.ok(isSuccess((await a.soap('hospital-a', provide)).text))
  const before = await held()
  const { bytes } = (await a.fetch('hospital-a', [entry.uniqueId])).documents[0] ?? {}
  const again = submissionOf({ patientId: hanako, bytes: bytes ?? Buffer.alloc(0), uniqueId: entry.uniqueId })
  t.ok(isSuccess((await a.soap('hospital-a', again.provide)).text))
  t.strictSame(await held(), before)
  t.equal((await foundAtB(entry.uniqueId)).length, 2, 'two entries, one document')
})

t.test('what B refuses is said in the words of B, and nothing of it stays (ITI TF-2 3.41.4.2)', async (t) => {
  const before = await held()
  const { provide, entry } = submit(LARGE, { ...hanako, value: 'nobody' })
  const { text } = await a.soap('hospital-a', provide)
  t.strictSame(errorCodesOf(text), ['XDSUnknownPatientId'])
  const [, journalOfB = ''] = /\(journal ([0-9a-f-]{36})\)/.exec(text) ?? []
  const { rows } = await registry.pool.query('select system_id from journal.exchange where exchange_id = $1', [
    journalOfB,
  ])
  t.strictSame(rows, [{ system_id: SYSTEM }])
  t.strictSame(await held(), before)
  t.equal(await fetchedFromA('hospital-a', entry.uniqueId), 'XDSDocumentUniqueIdError')
})

t.test('B stopped: XDSRegistryNotAvailable, nothing kept; the same message works when it is back', async (t) => {
  const before = await held()
  const { provide, entry } = submit()
  await registry.stop()
  const { status, text } = await a.soap('hospital-a', provide)
  t.equal(status, 200)
  t.strictSame(errorCodesOf(text), ['XDSRegistryNotAvailable'])
  t.strictSame(await held(), before)
  registry = await startRegistry(String(portB))
  t.ok(isSuccess((await a.soap('hospital-a', provide)).text))
  t.equal((await foundAtB(entry.uniqueId)).length, 1)
  t.equal(await fetchedFromA('hospital-a', entry.uniqueId), 'fetched')
})

t.test('B answers too late: not retrievable while in doubt, and the same message again registers once', async (t) => {
  await restartRepository(gate.port)
  gate.set('lose answers')
  const before = await held()
  const { provide, entry } = submit()
  t.strictSame(errorCodesOf((await a.soap('hospital-a', provide)).text), ['XDSRegistryNotAvailable'])
  t.ok(await eventually(async () => (await foundAtB(entry.uniqueId)).length === 1, SETTLED_WITHIN_MS), 'B has taken it')
  t.equal(await fetchedFromA('hospital-a', entry.uniqueId), 'XDSDocumentUniqueIdError')
  t.match(await held(), { kept: 1, documents: before.documents })
  gate.set('pass')
  t.ok(isSuccess((await a.soap('hospital-a', provide)).text))
  t.equal(await fetchedFromA('hospital-a', entry.uniqueId), 'fetched')
  t.equal((await foundAtB(entry.uniqueId)).length, 1)
})

t.test('a consumer that is faster than the answer of B to A gets the document (ITI TF-2 3.41.4.1.3)', async (t) => {
  gate.set('keep answers')
  const { provide, entry } = submit()
  const provided = a.soap('hospital-a', provide)
  t.ok(await eventually(async () => (await foundAtB(entry.uniqueId)).length === 1, SETTLED_WITHIN_MS))
  const fetched = fetchedFromA('hospital-a', entry.uniqueId)
  await a.find('hospital-a', hanako)
  gate.release()
  t.equal(await fetched, 'fetched')
  t.ok(isSuccess((await provided).text))
  gate.set('pass')
})

/** As after the time of an attempt, or a crash: the next start settles what is in doubt. */
async function settleByRestart(): Promise<void> {
  await repository.pool.query(`update repository.submission set attempted_at = now() - interval '1 hour'`)
  await restartRepository(gate.port)
  const settled = async () => (await held()).kept === 0
  if (!(await eventually(settled, SETTLED_WITHIN_MS))) throw new Error('not settled')
}

t.test(
  'nobody sends again: what B has taken becomes retrievable, once and audited, and no second file stays',
  async (t) => {
    const before = await held()
    t.equal(before.kept, 1, 'the attempt of before, in doubt')
    await settleByRestart()
    t.strictSame(await held(), { ...before, kept: 0, files: (before.files ?? 0) - 1 })
    gate.set('lose requests')
    const { provide, entry } = submit()
    t.strictSame(errorCodesOf((await a.soap('hospital-a', provide)).text), ['XDSRegistryNotAvailable'])
    t.equal((await foundAtB(entry.uniqueId)).length, 0, 'B has heard nothing')
    gate.set('pass')
    await settleByRestart()
    t.equal((await foundAtB(entry.uniqueId)).length, 1)
    t.equal(await fetchedFromA('hospital-a', entry.uniqueId), 'fetched')
    const { rows } = await repository.pool.query(
      `select outcome from audit.event where type_code = 'ITI-41' and objects::text like '%' || $1 || '%' order by event_id`,
      [entry.uniqueId],
    )
    t.strictSame(rows, [{ outcome: 8 }, { outcome: 0 }])
    t.ok(
      isSuccess((await a.soap('hospital-a', provide)).text),
      'and its source, sending again after all, hears of success',
    )
  },
)

t.test('nobody sends again: what B refuses is dropped with its files', async (t) => {
  const before = await held()
  gate.set('lose requests')
  const { provide } = submit(LARGE, { ...hanako, value: 'nobody' })
  t.strictSame(errorCodesOf((await a.soap('hospital-a', provide)).text), ['XDSRegistryNotAvailable'])
  t.match(await held(), { kept: 1, files: (before.files ?? 0) + 1 })
  gate.set('pass')
  await settleByRestart()
  t.strictSame(await held(), before)
  const { rows } = await repository.pool.query(
    `select action, outcome, endpoint from audit.event where type_code = 'ITI-42' order by event_id desc limit 2`,
  )
  const asked = { action: 'R', outcome: 8, endpoint: /^https:/ }
  t.match(rows, [asked, asked], 'asked twice, as a client, in vain (ITI TF-2 3.42.5)')
})

t.test('every audit event of this is a message by the tables of its transaction (ITI TF-2 3.20.4.1)', async (t) => {
  const rendered = await renderedEvents(repository.pool)
  t.same(faultsOf(rendered), [])
})
