// Nothing of a patient stands in logs, metrics, health or files (security: e.34, f): planted names are pushed through every door and many errors.

import { readdir, readFile, stat } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type pg from 'pg'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { readCredentials } from '../../src/cli/credentials.ts'
import { loadDemo } from '../../src/cli/demo/load.ts'
import { main } from '../../src/cli/main.ts'
import { connect } from '../../src/cli/push.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { createPool } from '../../src/db/pool.ts'
import { type Child, eventually, networkOf, startChild, temporaryDirectory } from '../faults/support.ts'
import { networkValues } from './network.ts'
import { findPlanted, iso2022jp, look, shiftJis } from './planted/forms.ts'
import { PLANTED, plantedRequests, type Request } from './planted/requests.ts'

t.setTimeout(180_000)

const AT_ONCE = 6
const ER7 = 'x-application/hl7-v2+er7'
const SOAP = 'application/soap+xml; charset=UTF-8'
const { kanji, text, number, romaji } = PLANTED
/** What is sealed or is the database itself: sealed files are searched like all others. */
const NOT_SEARCHED = ['documents', join('postgres', 'cluster')]

interface Subject {
  readonly child: Child
  readonly network: ReturnType<typeof networkOf>
  readonly baseUrl: string
  /** Where audit records of other systems are taken. */
  readonly auditPort: number
}

function subjectOf(child: Child, auditPort: number): Subject {
  return { child, network: networkOf(child.server), baseUrl: localAddresses(child.server).httpsUrl, auditPort }
}

async function post(
  subject: Subject,
  system: string,
  call: { path: string; type: string; body: Buffer; headers?: Record<string, string> },
) {
  const response = await request(`${subject.baseUrl}${call.path}`, {
    method: 'POST',
    dispatcher: await subject.network.agentOf(system),
    headers: { 'content-type': call.type, ...call.headers },
    body: call.body,
  })
  return response.body.text()
}

async function overMllp(
  { child, baseUrl }: Subject,
  system: string,
  given: { port: number; bytes: Buffer },
): Promise<void> {
  const { config } = child.server
  const connection = await connect(config, await readCredentials(config, system), { url: baseUrl, port: given.port })
  try {
    await connection.send(given.bytes)
  } finally {
    await connection.close()
  }
}

async function send(subject: Subject, { one, bytes }: Request): Promise<void> {
  const { system, door, endpoint, contentType, headers } = one.expected
  const { mllpPort, pixPort } = subject.child.server
  const as = system === 'nobody' ? 'tester' : system
  if (door === 'mllp' || door === 'mllp-pix')
    await overMllp(subject, as, { port: door === 'mllp' ? mllpPort : pixPort, bytes })
  else if (door === 'syslog') await bringRecord(subject, as, bytes)
  else
    await post(subject, as, {
      path: endpoint ?? '/storeclient',
      type: contentType ?? (bytes.subarray(0, 3).toString() === 'MSH' ? ER7 : SOAP),
      body: bytes,
      headers: { ...headers },
    })
}

/** A connection that brings audit records (ITI-20). */
async function bringRecord({ child, auditPort }: Subject, system: string, bytes: Buffer): Promise<void> {
  const { ca, cert, key } = await readCredentials(child.server.config, system)
  const socket = connectTls({ host: 'localhost', port: auditPort, ca, cert, key })
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.resume().end(bytes)
  await closed
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A few at a time; what the server cuts off is one of its answers. */
async function sendAll(subject: Subject, requests: readonly Request[]): Promise<void> {
  const waiting = [...requests]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await send(subject, next).catch(() => {})
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** What no fixture is: garbage at every door, and planted text where HTTP, XML and MLLP keep their own. */
async function sendGarbage(subject: Subject): Promise<void> {
  const utf16 = Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?><a ${text}="${kanji}">`, 'utf16le')
  const bodies = [
    Buffer.from(`<?xml version="1.0"?><${text} ${romaji}="${kanji}">${number}</b>`),
    Buffer.from(`<!DOCTYPE ${text} [<!ENTITY x "${kanji}">]><${text}>&x;</${text}>`),
    Buffer.from(`<a xmlns="${text}">${'<b>'.repeat(200)}${kanji}`),
    Buffer.concat([Buffer.from(`<a>${text}`), shiftJis(kanji), iso2022jp(kanji), Buffer.from([0xff, 0x00])]),
    utf16,
  ]
  const types = [
    SOAP,
    `text/${text}; charset=${romaji}`,
    `application/soap+xml; action="${text}"`,
    'multipart/related; boundary=x',
  ]
  for (const path of ['/xds/registry', '/xds/repository', '/pix/manager', '/storeclient'])
    for (const [index, body] of bodies.entries())
      await post(subject, 'clinic-b', {
        path,
        type: types[index % types.length] ?? SOAP,
        body,
        headers: { 'user-agent': text },
      }).catch(() => {})
  await post(subject, 'clinic-b', {
    path: `/${text}/${number}?name=${encodeURIComponent(kanji)}`,
    type: SOAP,
    body: Buffer.from(''),
  })
  for (const path of [`/journal?patient=${number}&code=${text}`, `/journal/${text}`])
    await request(`${subject.baseUrl}${path}`, { dispatcher: await subject.network.agentOf('clinic-b') }).then(
      ({ body }) => body.dump(),
    )
  const v2 = [
    `MSH|^~\\&|${text}|${romaji}|||20260101||ADT^${text}|${number}|P|2.5\r`,
    `MSH|^~\\&|A|B|||20260101||ADT^A08|1|${text}|9.9\rPID|||${number}||${kanji}\r`,
    `PID|||${number}||${kanji}^${romaji}\r`,
    `${text}\r${kanji}`,
  ]
  for (const port of [subject.child.server.mllpPort, subject.child.server.pixPort])
    for (const message of v2)
      await overMllp(subject, 'hospital-a', { port, bytes: Buffer.from(message) }).catch(() => {})
  for (const frame of [
    `99 <85>1 ${text} ${kanji}`,
    `${text} ${number}`,
    `<85>1 - ${text} - - - - <AuditMessage>${kanji}`,
  ])
    await bringRecord(subject, 'tester', Buffer.from(frame))
  await knock(subject)
}

/** Bytes that are no TLS, and a connection that shows no certificate. */
async function knock({ child, baseUrl }: Subject): Promise<void> {
  for (const port of [child.server.mllpPort, child.server.pixPort]) {
    const socket = connectTls({ host: 'localhost', port, rejectUnauthorized: false })
    socket.on('error', () => {})
    await new Promise((resolve) => {
      socket.once('secureConnect', () => socket.write(`\x0bMSH|${text}|${number}\x1c\r`))
      socket.once('close', resolve)
    })
  }
  await request(`${baseUrl}/xds/registry?${text}`, { method: 'POST', body: kanji }).catch(() => {})
}

/** The admin API by HTTP and by the command line, with planted text where it belongs and where it does not. */
async function administrate({ child }: Subject, dataDir: string): Promise<readonly number[]> {
  const codes: number[] = []
  const { managementUrl } = localAddresses(child.server)
  const authorization = `Bearer ${child.server.adminToken}`
  const call = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: string): Promise<void> => {
    const headers = { authorization, 'content-type': 'application/json' }
    const answer = await request(`${managementUrl}/admin/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    })
    await answer.body.dump()
  }
  const named = encodeURIComponent(kanji)
  await call('GET', `/patients?value=${number}&name=${named}`)
  await call('GET', `/${text}/${named}`)
  await call('GET', `/patients/search?name=${named}&birthDate=${PLANTED.birthDate}`)
  for (const body of [
    `{"${text}": "${kanji}"`,
    JSON.stringify({ [text]: kanji }),
    JSON.stringify({ name: { family: kanji }, birthDate: text }),
  ])
    for (const path of ['/patients', '/patients/link', '/patients/search', '/consents', '/staff', '/facilities'])
      await call('POST', path, body)
  await request(`${managementUrl}/admin/v1/patients/${named}`, { headers: { authorization: text } }).then(({ body }) =>
    body.dump(),
  )
  const at = ['--data-dir', dataDir, '--set', `management.port=${child.server.managementPort}`]
  const terminal = { out: () => {}, err: () => {}, env: {}, cwd: '/' }
  for (const command of [
    ['patient', 'search', '--name', kanji],
    ['patient', 'find', number],
    ['patient', 'search', '--id', number],
    ['journal', 'search', '--patient', number],
  ])
    codes.push(await main([...command, ...at], terminal))
  return codes
}

/**
 * PostgreSQL refuses values, which it would quote in its log if it were let; then it loses a process while messages are at work, and starts all
 * over (reliability: fault 5).
 */
async function hurtDatabase(
  t: Test,
  { subject, pool, requests }: { subject: Subject; pool: pg.Pool; requests: readonly Request[] },
): Promise<void> {
  await t.rejects(pool.query('select $1::text::integer', [text]), { code: '22P02' })
  await t.rejects(
    pool.query(
      `insert into identity.domain (oid, name, kind) select $1, '${romaji}', 'other' from generate_series(1, 2)`,
      [number],
    ),
    { code: /^23/ },
  )
  const { rows } = await pool.query<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = 'tsunagi' and pid <> pg_backend_pid()`,
  )
  const sending = sendAll(subject, requests)
  for (const { pid } of rows.slice(0, 1)) process.kill(pid, 'SIGKILL')
  await sending
}

/** Paths and contents of all files below the data directory but for those of the database and of documents. */
async function filesOf(dataDir: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const path of await readdir(dataDir, { recursive: true })) {
    if (NOT_SEARCHED.some((other) => path === other || path.startsWith(`${other}/`))) continue
    if ((await stat(join(dataDir, path))).isFile()) files.set(path, await readFile(join(dataDir, path)))
  }
  return files
}

function searchedIn(t: Test, given: ReadonlyMap<string, Buffer>, texts: readonly string[]): void {
  const looked = look(texts)
  for (const [name, content] of given) {
    const found = findPlanted(content, looked)
    t.same(found, [], `nothing planted in ${name}`)
    if (found.length > 0) t.comment(linesWith(content, found).join('\n'))
  }
}

function linesWith(content: Buffer, texts: readonly string[]): readonly string[] {
  const lines = content
    .toString()
    .split('\n')
    .filter((line) => texts.some((one) => line.includes(one)))
  return lines.slice(0, 20)
}

t.test('planted names, numbers and texts stand in no log, no metric, no answer of health and no file', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const auditPort = await freePort()
  const child = await startChild(dataDir, { 'log.level': 'trace', 'audit.receiver.port': String(auditPort) })
  t.teardown(child.server.stop)
  const database = await startEmbeddedPostgres({ directory: join(dataDir, 'postgres') })
  const pool = createPool(database.connection, 1)
  t.teardown(() => pool.end())
  const tour = await loadDemo(child.server, () => {})
  const values = await networkValues({ pool, tour, server: child.server })
  const subject = subjectOf(child, auditPort)
  t.teardown(subject.network.close)
  const requests = plantedRequests(values)
  await sendAll(subject, requests)
  await sendGarbage(subject)
  t.match(await administrate(subject, dataDir), [0, 0, 0, 0], 'the commands reached the server')
  const { rows: kept } = await pool.query<{ value: string }>('select distinct value from identity.identifier')
  const { rows: journal } = await pool.query<{ error_codes: string[] }>(
    'select distinct error_codes from journal.exchange',
  )
  await hurtDatabase(t, { subject, pool, requests: requests.slice(0, 60) })
  const { managementUrl } = localAddresses(child.server)
  const said = new Map<string, Buffer>()
  t.ok(await eventually(async () => (await fetch(`${managementUrl}/readyz`)).ok, 20_000), 'the database came back')
  for (const path of ['/metrics', '/readyz', '/livez', '/startupz'])
    said.set(path, Buffer.from(await (await fetch(`${managementUrl}${path}`)).text()))
  const last = sendAll(subject, requests.slice(0, 30))
  await child.kill()
  await last
  const again = await startChild(dataDir, { 'log.level': 'trace' })
  await again.server.stop()
  for (const [name, one] of Object.entries({ child, again })) {
    said.set(`standard error of ${name}`, Buffer.from(one.errors()))
    said.set(`standard output of ${name}`, Buffer.from(one.said()))
  }

  await t.test('the server was put to work: it kept what was planted, and refused much', async (t) => {
    t.ok(
      kept.some(({ value }) => value === number),
      'the planted number was registered',
    )
    t.ok(new Set(journal.flatMap(({ error_codes }) => error_codes)).size > 70, `codes: ${journal.length}`)
    t.ok(
      child
        .errors()
        .split('\n')
        .filter((line) => line.includes('"msg":"refused"')).length > 100,
      'refusals are logged',
    )
  })
  // Numbers that somebody has; short ones stand somewhere by chance.
  const numbers = kept.map(({ value }) => value).filter((value) => value.length >= 8)
  const texts = [...new Set([...Object.values(PLANTED), ...numbers])]
  await t.test('logs, metrics, health', async (t) => searchedIn(t, said, texts))
  await t.test('files', async (t) => {
    const files = await filesOf(dataDir)
    t.ok(
      files.has(join('postgres', 'postgres.log')) || [...files.keys()].some((path) => path.endsWith('.log')),
      'also the log of PostgreSQL',
    )
    searchedIn(t, files, texts)
  })
})
