// Messages of the journal performed again: shown without any effect, done once when confirmed (docs/adr/0038; reliability 3).

import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { iti18, iti86 } from '../../profiles/transactions/index.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import { writeRemoveDocuments } from '../../src/codec/ebxml/remove.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { newEntryUuid, newOid } from '../../src/model/identifiers.ts'
import { isSuccess, laboratory, submissionOf } from '../faults/messages.ts'
import { DOMAINS, networkOf } from '../faults/support.ts'
import { type Case, fill, readCase, requestOf, valuesOf } from './cases.ts'
import { adt, feedingOf, idIn } from './feeding.ts'
import { startScenario } from './harness.ts'
import { networkValues } from './network.ts'

t.setTimeout(120_000)

const scenario = await startScenario(t)
const { server, pool, clinicians } = scenario
const network = { ...networkOf(server), server, pool }
t.teardown(network.close)
const feeding = feedingOf(network)
const connection = await network.mllp('hospital-a')
t.teardown(() => connection.close())
const hanako = await network.xadForStaff(idIn(DOMAINS['hospital-a'], '0000012346'))

const order = () => `0000009${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`

async function exchangeOf(messageId: string): Promise<string> {
  const { rows } = await pool.query<{ exchange_id: string }>(
    `select exchange_id from journal.exchange where message_id = $1 and endpoint not like 'replay/%' order by at desc limit 1`,
    [messageId],
  )
  return rows[0]?.exchange_id ?? ''
}

interface Shown {
  readonly outcome?: string
  readonly code?: string
  readonly message?: string
  readonly effect?: string
  readonly found?: number
  readonly former?: { readonly result: string; readonly errors: readonly { readonly code: string }[] }
  readonly now?: {
    readonly journalId: string
    readonly result: string
    readonly documents: number
    readonly errors: readonly { readonly code: string }[]
  }
  readonly changes?: readonly Readonly<Record<string, string>>[]
  readonly tables?: readonly { readonly table: string; readonly inserted: number; readonly deleted: number }[]
  readonly confirmation?: { readonly token: string; readonly expiresAt: string }
  readonly journalId?: string
}

async function replay(id: string, body: object = {}, session?: string) {
  const answer = await clinicians.call('POST', `/journal/${id}/replay`, {
    body,
    ...(session === undefined ? {} : { session }),
  })
  return { status: answer.status, ...(answer.body as Shown) }
}

const commit = (id: string, { confirmation }: Shown, session?: string) =>
  replay(id, { token: confirmation?.token, reason: '契約の変更後に再実行' }, session)

const tableNames = (
  await pool.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
   where table_type = 'BASE TABLE' and table_schema in ('registry', 'repository', 'identity', 'access', 'jobs', 'journal')
     and (table_schema, table_name) not in (('jobs', 'worker'), ('journal', 'replay'), ('journal', 'kept')) and table_name not like 'kept%'`,
  )
).rows.map(({ name }) => name)

/** Rows of every table, and files of documents: what a dry run leaves as it was. */
async function everything(): Promise<Readonly<Record<string, number>>> {
  const { rows } = await pool.query<{ name: string; count: number }>(
    tableNames.map((name) => `select '${name}' as name, count(*)::int as count from ${name}`).join(' union all '),
  )
  const found = await readdir(join(server.config.dataDir, 'documents'), { recursive: true, withFileTypes: true })
  const files = found.filter((one) => one.isFile()).length
  return { ...Object.fromEntries(rows.map(({ name, count }) => [name, count])), files }
}

async function push(message: Buffer, controlId: string): Promise<{ readonly code: string; readonly id: string }> {
  const { code } = readAck(await connection.send(message))
  return { code, id: await exchangeOf(controlId) }
}

async function agree(kinds: 'all' | readonly string[]): Promise<void> {
  await network.admin.patch('/facilities/hospital-a/contract', { kinds, reason: 'test' })
}

async function isThere(orderNumber: string): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from registry.document_entry where reference_ids[1] like $1`,
    [`${orderNumber}^%`],
  )
  return rows[0]?.n ?? 0
}

/** A push of a kind that was not agreed when it came, and is now. */
async function refusedThenAgreed(result = '7.2') {
  const [controlId, orderNumber] = [randomUUID().slice(0, 20), order()]
  const message = laboratory({ order: orderNumber, controlId, result })
  await agree(['ADT-00'])
  const { code, id } = await push(message, controlId)
  await agree('all')
  return { orderNumber, code, id, message }
}

t.test(
  'a push that was refused for its contract, which was mended: shown without a trace, done once, twice is once',
  async (t) => {
    const { orderNumber, code, id } = await refusedThenAgreed()
    t.equal(code, 'AE')
    const before = await everything()
    const shown = await replay(id)
    t.match(shown, {
      status: 200,
      outcome: 'dry run',
      effect: 'changes',
      former: { result: 'failure', errors: [{ code: 'HL7_KIND' }] },
      now: { result: 'success', errors: [] },
      changes: [{ about: 'document', change: 'registered' }],
    })
    const rows = new Map(shown.tables?.map(({ table, inserted }) => [table, inserted]))
    t.equal(rows.get('registry.document_entry'), 1)
    t.equal(rows.get('repository.document'), 1)
    t.notOk(
      [...rows.keys()].some((table) => /^(audit|journal)\./.test(table)),
      'what every exchange leaves is not told',
    )
    t.same(await everything(), before, 'nothing is left of a dry run')
    const tried = await pool.query(
      `select objects->>'by' as by, reason from audit.event where exchange_id = $1 and type_code = 'journal-replay'`,
      [id],
    )
    t.match(tried.rows, [{ by: 'admin-token', reason: /tries what exchange/ }], 'but that somebody looked (security d)')

    const [one, other] = await Promise.all([commit(id, shown), commit(id, shown)])
    const outcomes = [one, other].map(({ outcome, code: refused }) => outcome ?? refused).sort()
    t.ok(['BUSY,done', 'done,done before'].includes(outcomes.join()), `at once: ${outcomes.join()}`)
    const done = one.outcome === 'done' ? one : other
    t.equal(await isThere(orderNumber), 1)
    const entry = await pool.query(
      'select system_id, door, endpoint, result from journal.exchange where exchange_id = $1',
      [done.now?.journalId],
    )
    t.same(entry.rows, [{ system_id: 'hospital-a', door: 'job', endpoint: `replay/${id}`, result: 'success' }])
    const audited = await pool.query(
      `select event_code, type_code, objects->>'by' as by, reason from audit.event where exchange_id = $1 order by event_id`,
      [done.now?.journalId],
    )
    t.match(audited.rows, [
      { event_code: '110107' },
      {
        event_code: '110113',
        type_code: '110132',
        by: 'admin-token',
        reason: `replays exchange ${id}: 契約の変更後に再実行`,
      },
    ])
    t.match(await commit(id, shown), { status: 200, outcome: 'done before', journalId: done.now?.journalId })
    const again = await replay(id)
    t.match(again, { effect: 'none', now: { result: 'success' }, tables: [], changes: [] }, 'its claim answers')
    t.notOk('confirmation' in again, 'nothing to confirm')
    t.equal(await isThere(orderNumber), 1)
  },
)

t.test('what changed in between is shown, and not done', async (t) => {
  const { id, message, orderNumber } = await refusedThenAgreed()
  const shown = await replay(id)
  t.equal(readAck(await connection.send(message)).code, 'AA', 'the sender was faster')
  const refused = await commit(id, shown)
  t.match(refused, { status: 409, code: 'REPLAY_CHANGED', effect: 'none', now: { result: 'success' } })
  t.equal(await isThere(orderNumber), 1)
})

t.test('a token confirms its own exchange, for the person who asked, once and for ten minutes', async (t) => {
  const [mine, foreign] = [await refusedThenAgreed(), await refusedThenAgreed()]
  const shown = await replay(mine.id)
  t.match(await commit(foreign.id, shown), { status: 409, code: 'REPLAY_UNCONFIRMED' })
  const administrator = await clinicians.administratorOf('hospital-a')
  t.match(await commit(mine.id, shown, administrator), { status: 409, code: 'REPLAY_UNCONFIRMED' })
  t.match(await replay(mine.id, { token: 'none', reason: 'x' }), { status: 409, code: 'REPLAY_UNCONFIRMED' })
  t.match(await replay(mine.id, { token: shown.confirmation?.token }), { status: 400 }, 'no reason')
  await pool.query(`update journal.replay set expires_at = now() where exchange_id = $1`, [mine.id])
  t.match(await commit(mine.id, shown), { status: 409, code: 'REPLAY_UNCONFIRMED' })
  t.equal(await isThere(mine.orderNumber), 0)
})

t.test('staff of a facility replay what it sent, and nothing else is there for them', async (t) => {
  const { id, orderNumber } = await refusedThenAgreed()
  const own = await clinicians.administratorOf('hospital-a')
  const other = await clinicians.administratorOf('clinic-b')
  t.match(await replay(id, {}, other), { status: 404 })
  t.match(await replay(id, {}, await clinicians.sessionOf('hospital-a')), { status: 403 })
  const shown = await replay(id, {}, own)
  t.match(shown, { effect: 'changes' })
  t.match(await commit(id, shown, own), { outcome: 'done' })
  t.equal(await isThere(orderNumber), 1)
})

t.test('a push that is a file: undone with the file, or kept with it (reliability 4)', async (t) => {
  const { id, orderNumber } = await refusedThenAgreed('x'.repeat(100_000))
  const before = await everything()
  const shown = await replay(id)
  t.match(shown, { effect: 'changes', now: { result: 'success' } })
  t.same(await everything(), before, 'no file of a dry run stays')
  t.match(await commit(id, shown), { outcome: 'done' })
  t.equal(await isThere(orderNumber), 1)
  t.equal((await everything()).files, (before.files ?? 0) + 1)
})

t.test('a submission with MTOM: what it would replace is told by name (ITI TF-2 3.41; TF-3 4.2.2.2.3)', async (t) => {
  const bytes = () => Buffer.alloc(20_000, `文書 ${newOid()} `)
  const first = submissionOf({ patientId: hanako, bytes: bytes() })
  const second = submissionOf({ patientId: hanako, bytes: bytes(), replaces: first.entry.entryUUID })
  t.notOk(isSuccess((await network.soap('clinic-b', second.provide)).text), 'what it replaces is not there')
  t.ok(isSuccess((await network.soap('clinic-b', first.provide)).text))
  const id = await exchangeOf(second.provide.messageId ?? '')
  const before = await everything()
  const shown = await replay(id)
  t.match(shown, { effect: 'changes', former: { result: 'failure' }, now: { result: 'success' } })
  t.same(shown.changes, [
    { about: 'document', change: 'deprecated', uniqueId: first.entry.uniqueId },
    { about: 'document', change: 'registered', uniqueId: second.entry.uniqueId },
  ])
  t.same(await everything(), before)
  t.match(await commit(id, shown), { outcome: 'done' })
  const { documents } = await network.fetch('clinic-b', [second.entry.uniqueId])
  t.same(
    documents.map((document) => document.bytes.length),
    [20_000],
  )

  const accepted = await exchangeOf(first.provide.messageId ?? '')
  t.match(await replay(accepted), { effect: 'none', now: { result: 'success' } }, 'its document is the repository’s')
  await pool.query('delete from repository.document where unique_id = $1', [first.entry.uniqueId])
  t.match(await replay(accepted), { status: 409, code: 'REPLAY_IMPOSSIBLE', message: /removed since/ })

  const large = submissionOf({ patientId: hanako, bytes: Buffer.alloc(100_000, 'x'), replaces: newEntryUuid() })
  await network.soap('clinic-b', large.provide)
  t.match(await replay(await exchangeOf(large.provide.messageId ?? '')), {
    status: 409,
    code: 'REPLAY_IMPOSSIBLE',
    message: /larger than is kept/,
  })

  const request = { repositoryUniqueId: server.config.repository.uniqueId, documentUniqueId: second.entry.uniqueId }
  const messageId = `urn:uuid:${randomUUID()}`
  const removal = { transaction: iti86, body: writeRemoveDocuments([request]), messageId }
  await network.soap('clinic-b', removal)
  const refused = await exchangeOf(messageId)
  t.match(await replay(refused), { effect: 'refused', now: { errors: [{ code: 'ROLE_MISSING' }] } })
})

t.test('a query shows how much it finds, never what, and there is nothing to commit (ITI TF-2 3.18)', async (t) => {
  const messageId = `urn:uuid:${randomUUID()}`
  const body = writeFindDocuments({ patientId: hanako, returnType: 'LeafClass' })
  await network.soap('clinic-b', { transaction: iti18, body, messageId })
  const id = await exchangeOf(messageId)
  const events = async () =>
    (await pool.query('select count(*)::int as n from audit.event where exchange_id <> $1', [id])).rows[0]?.n
  const before = await events()
  const shown = await replay(id)
  t.match(shown, { effect: 'read', now: { result: 'success' }, changes: [] })
  t.ok((shown.found ?? 0) > 0)
  t.notMatch(JSON.stringify(shown), /診療情報提供書|D0100/)
  t.notOk('confirmation' in shown)
  t.equal(await events(), before, 'no patient’s record was read')
})

t.test('a feed tells which number becomes whose; only what the message names is named (ITI TF-2 3.8)', async (t) => {
  const localId = `9${String(Math.floor(Math.random() * 1e9)).padStart(9, '0')}`
  const id = idIn(DOMAINS['clinic-b'], localId)
  const controlId = randomUUID().slice(0, 20)
  const roles = async (given: readonly string[]): Promise<void> => {
    await network.admin.patch('/systems/clinic-b', { roles: given })
  }
  const { rows } = await pool.query<{ roles: string[] }>(`select roles from access.system where system_id = 'clinic-b'`)
  const all = rows[0]?.roles ?? []
  await roles(all.filter((role) => role !== 'patient-identity-source'))
  await feeding.adt('clinic-b', adt({ event: 'A04', id, controlId }))
  await roles(all)
  const exchangeId = await exchangeOf(controlId)
  const shown = await replay(exchangeId)
  t.match(shown, { effect: 'changes', former: { errors: [{ code: 'ROLE_MISSING' }] }, now: { result: 'success' } })
  t.match(
    shown.changes?.filter(({ change }) => change === 'registered').map(({ domain, value }) => [domain, value]),
    [
      [DOMAINS['clinic-b'], localId],
      [server.config.identity.affinityDomainAuthority, undefined],
    ],
  )
  t.match(await commit(exchangeId, shown), { outcome: 'done' })
  t.equal((await network.xadForStaff(id)).authority, server.config.identity.affinityDomainAuthority)
})

t.test('what cannot be performed again says why', async (t) => {
  const impossible = (message: RegExp) => ({ status: 409, code: 'REPLAY_IMPOSSIBLE', message })
  t.match(await replay(randomUUID()), { status: 404 })
  t.match(await replay('nothing'), { status: 404 })
  const { id } = await refusedThenAgreed()
  await network.admin.patch('/facilities/hospital-a', { status: 'suspended' })
  t.match(await replay(id), impossible(/suspended/))
  await network.admin.patch('/facilities/hospital-a', { status: 'active' })
  const shown = await replay(id)
  const done = await commit(id, shown)
  t.match(await replay(done.now?.journalId ?? ''), impossible(/no message/), 'a replay is no message of its own')
  await pool.query('truncate journal.kept')
  t.match(await replay(id), impossible(/not kept/))
})

t.test('one replay at a time, and none waits long for what others hold', async (t) => {
  const { id } = await refusedThenAgreed()
  const other = await pool.connect()
  await other.query('begin')
  await other.query('select pg_advisory_xact_lock(7120038)')
  t.match(await replay(id), { status: 503, code: 'BUSY' })
  await other.query('rollback')
  await other.query('begin')
  await other.query('lock table registry.document_entry in share mode')
  const waited = await replay(id)
  t.match(waited, { effect: 'refused', now: { errors: [{ code: 'BUSY' }] } })
  await other.query('rollback')
  other.release()
  t.match(await replay(id), { effect: 'changes' })
})

/** One of each transaction and of each way it may end; `before` of a case is sent and tried too. */
const EACH = [
  'iti-8/a04',
  'iti-8/no-role',
  'iti-9/found',
  'iti-18/find-folders',
  'iti-21/first-page',
  'iti-38/find-leaf-class',
  'iti-39/retrieved',
  'iti-41/simple-inline',
  'iti-41/unknown-patient',
  'iti-43/retrieved',
  'iti-44/merge',
  'iti-44/registry-add',
  'iti-45/found',
  'iti-47/address',
  'iti-51/documents-of-two-patients',
  'iti-57/updated',
  'iti-61/registered',
  'iti-62/removed',
  'iti-86/removed-mtom',
  'iti-92/deprecated',
  'storeclient/adt-00',
  'storeclient/adt-12',
] as const
const ER7 = 'x-application/hl7-v2+er7'
const SOAP = 'application/soap+xml; charset=UTF-8'

async function sendFile({ expected }: Case, file: string, bytes: Buffer): Promise<void> {
  const { system, door, endpoint = '/storeclient', contentType, headers = {} } = expected
  if (door === 'mllp' || door === 'mllp-pix') {
    const line = await scenario.mllp(system, door === 'mllp' ? 'storeclient' : 'pix')
    await line.send(bytes)
    await line.close()
  } else {
    const type = contentType ?? (file.endsWith('.hl7') ? ER7 : SOAP)
    await scenario.httpsPost(system, endpoint, { type, body: bytes, headers })
  }
}

/** @param sendOwn its own request; what comes before it is sent first. */
async function sendCase(
  name: string,
  network: Readonly<Record<string, string>>,
  sendOwn: typeof sendFile = sendFile,
): Promise<void> {
  const one = readCase(name)
  const values = valuesOf(network)
  for (const step of one.expected.before ?? []) {
    const own = new URL(step, one.folder)
    const from = existsSync(own) ? one : readCase(step)
    const { file, bytes } = existsSync(own) ? { file: step, bytes: readFileSync(own) } : requestOf(from)
    await sendFile(from, file, fill(bytes, values.forFile()))
  }
  const { file, bytes } = requestOf(one)
  await sendOwn(one, file, fill(bytes, values.forFile()))
}

async function exchangesSince(since: Date): Promise<readonly { id: string; transaction: string; result: string }[]> {
  const { rows } = await pool.query<{ id: string; transaction: string; result: string }>(
    `select exchange_id as id, transaction, result from journal.exchange where at >= $1 and door in ('https', 'mllp') order by at`,
    [since],
  )
  return rows
}

const values = await networkValues(scenario)

t.test('every transaction is tried without a trace, and what was accepted is known to be done', async (t) => {
  const since = new Date()
  for (const name of EACH) await sendCase(name, values)
  const exchanges = await exchangesSince(since)
  const before = await everything()
  const seen = new Set<string>()
  for (const { id, transaction, result } of exchanges) {
    const shown = await replay(id)
    seen.add(`${transaction} ${result}: ${shown.effect ?? shown.message}`)
  }
  t.same(await everything(), before)
  t.same(
    [...seen].sort(),
    [
      ...['ITI-18', 'ITI-21', 'ITI-38', 'ITI-39', 'ITI-43', 'ITI-45', 'ITI-47', 'ITI-51', 'ITI-9'].map(
        (id) => `${id} success: read`,
      ),
      ...[
        'ITI-41',
        'ITI-42',
        'ITI-44 add',
        'ITI-44 merge',
        'ITI-57',
        'ITI-61',
        'ITI-62',
        'ITI-8 add',
        'ITI-86',
        'ITI-92',
      ].map((id) => `${id} success: none`),
      'ITI-41 failure: The message itself is not kept, or not any more',
      'ITI-41 success: A document of the message was larger than is kept, or has been removed since',
      'ITI-8 add failure: refused',
      'StoreClient ADT success: none',
    ].sort(),
  )
})

/** Sent while its system has no role, and performed when it has again. */
const LATER = [
  'iti-8/a05',
  'iti-41/several-documents',
  'iti-41/provided-by-tester',
  'iti-42/reference-id',
  'iti-44/add',
  'iti-44/registry-merge',
  'iti-57/status',
  'iti-61/registered',
  'iti-62/removed',
  'iti-86/removed',
  'iti-92/updated',
  'storeclient/adt-21',
] as const

t.test('what a replay does is what the message does: once, and by its own claim', async (t) => {
  for (const name of LATER) {
    const { system } = readCase(name).expected
    const known = await pool.query<{ roles: string[] }>('select roles from access.system where system_id = $1', [
      system,
    ])
    const role = (roles: readonly string[] = []) => network.admin.patch(`/systems/${system}`, { roles })
    const since = new Date()
    await sendCase(name, values, async (...message) => {
      await role(['xca-partner'])
      await sendFile(...message)
      await role(known.rows[0]?.roles)
    })
    const refused = (await exchangesSince(since)).at(-1)
    t.equal(refused?.result, 'failure', name)
    const id = refused?.id ?? ''
    const shown = await replay(id)
    if (shown.code === 'REPLAY_IMPOSSIBLE') t.match(shown.message, /larger than is kept/, name)
    else {
      t.match(
        shown,
        { effect: 'changes', former: { errors: [{ code: 'ROLE_MISSING' }] }, now: { result: 'success' } },
        name,
      )
      t.match(await commit(id, shown), { outcome: 'done', tables: shown.tables }, name)
      t.match(await replay(id), { effect: 'none', now: { result: 'success' } }, name)
    }
  }
})
