// The audit log out of the house: export, verification where no server is, the key, and the end of a month (security d.9; docs/audit.md).

import { createHash } from 'node:crypto'
import { appendFile, mkdir, open, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import t from 'tap'
import { newSession, sessionDigest } from '../../src/access/accounts/one-time.ts'
import { chainPorts, openAuditChain } from '../../src/app/audit-chain.ts'
import { addToFile, readCheckpointFile } from '../../src/app/audit-checkpoints.ts'
import { openAuditKeys } from '../../src/app/audit-keys.ts'
import { verifyDue } from '../../src/app/audit-verifying.ts'
import type { RecordStore } from '../../src/audit/records/ports.ts'
import { writeSession } from '../../src/cli/session-file.ts'
import { insertSession } from '../../src/db/access/sessions.ts'
import { findVerified } from '../../src/db/audit/chain-state.ts'
import { makeCheckpoints } from '../../src/db/audit/checkpoints.ts'
import { createRecordStore } from '../../src/db/audit/record-store.ts'
import { dropDueMonths } from '../../src/db/audit/retention.ts'
import { sealAll } from '../../src/db/audit/sealer.ts'
import { makeMonths } from '../../src/db/partitions.ts'
import { recordChange } from '../../src/db/staff-change.ts'
import { verifyIndependently } from '../audit/independent.ts'
import { run } from '../cli/fake-door.ts'
import { addEvent, addEvents } from '../db/audit/events.ts'
import { eventually } from '../faults/support.ts'
import { openAdministration, TOKEN } from './administration.ts'

t.setTimeout(120_000)

const admin = await openAdministration(t)
const { pool, config, call } = admin
const keys = await openAuditKeys(config)
const { checkpointFile, signingKey } = config.audit
await mkdir(dirname(checkpointFile), { recursive: true })
await writeFile(join(config.dataDir, 'config', 'admin-token'), `${TOKEN}\n`, { mode: 0o600 })

const settings = ['--data-dir', config.dataDir, '--set', `management.port=${new URL(admin.url).port}`]
const cli = (...argv: readonly string[]) => run([...argv, ...settings], config.dataDir)
const file = (name: string): string => join(config.dataDir, name)

/** Somebody of the network who is logged on. */
async function loggedOn(role: 'auditor' | 'network-operator') {
  const session = newSession()
  await pool.query(
    `insert into access.staff (staff_id, name, job, roles, registered_by) values ($1, $1, 'clerk', array[$1], 'test')`,
    [role],
  )
  await pool.query(
    `insert into access.account (staff_id, kind, salt, hash, cost_n, block_r, parallel_p) values ($1, 'own', '', '', 2, 1, 1)`,
    [role],
  )
  await insertSession(pool, { staffId: role, digest: sessionDigest(session), peer: 'test', secondFactor: true })
  const env = { TSUNAGI_SESSION_FILE: file(`session-of-${role}.json`) }
  const baseUrl = new URL(admin.url).origin
  await writeSession({ out: () => {}, err: () => {}, env, cwd: config.dataDir }, { baseUrl, staffId: role, session })
  return (...argv: readonly string[]) => run(['--as-me', ...argv, ...settings], config.dataDir, env)
}
const auditor = await loggedOn('auditor')
const operator = await loggedOn('network-operator')

async function fill(month: string, events: number): Promise<void> {
  await makeMonths(pool, ['audit.event', 'audit.seal'], new Date(`${month}-10T00:00:00Z`))
  await addEvents(pool, `${month}-10T00:00:00Z`, events)
  await sealAll(pool)
}

async function sign(): Promise<void> {
  await makeCheckpoints(pool, keys.signer, { now: new Date(), everyMs: 0 })
  await addToFile(pool, checkpointFile)
}

async function readFrom(path: string, position: number): Promise<string> {
  const opened = await open(path)
  const { buffer, bytesRead } = await opened.read({ buffer: Buffer.alloc(64 * 1024), position })
  await opened.close()
  return buffer.toString('utf8', 0, bytesRead)
}

const waiting = async (): Promise<number> =>
  (
    await pool.query(
      `select count(*)::int as count from audit.unsealed u join audit.event e using (event_id) where e.type_code <> 'audit-checkpoint'`,
    )
  ).rows[0].count
const newestChain = async (): Promise<string> =>
  (await pool.query('select chain from audit.chain order by chain desc limit 1')).rows[0].chain

const verifyOwn = async ({
  signal = new AbortController().signal,
  through = pool,
  witness = checkpointFile,
} = {}): Promise<readonly unknown[]> => {
  const said: unknown[] = []
  const note = (fields: object, words: string) => said.push({ ...fields, words })
  const log = { info: () => {}, warn: note, error: note }
  const house = { config: { ...config, audit: { ...config.audit, checkpointFile: witness } }, pool: through, log }
  await verifyDue(house, { keys: await keys.publicKeys(), now: new Date(), signal })
  return said
}

await fill('2012-03', 1200)
await fill('2012-04', 30)
await sign()

t.test('a server that stops does not wait for the end of a verification, which is made anew later', async (t) => {
  await t.rejects(verifyOwn({ signal: AbortSignal.abort() }), { name: 'AbortError' })
  t.equal((await findVerified(pool)).get('2012-03')?.wholeAt, undefined)
})

t.test(
  'the key is made at the first start, for us alone to read, and its public half for everybody (d.9)',
  async (t) => {
    t.equal((await stat(signingKey)).mode & 0o777, 0o600)
    t.same((await openAuditKeys(config)).signer.keyId, keys.signer.keyId, 'the next start has the same')
    const { text } = await cli('audit', 'key')
    t.equal(text, await readFile(`${signingKey}.pub`, 'utf8'))
    await writeFile(file('other.key'), 'no key', { mode: 0o600 })
    await t.rejects(
      openAuditKeys({ audit: { signingKey: file('other.key') } }),
      /audit\.signingKey: .* is no private key/,
    )
  },
)

t.test('a month is exported, and proves itself without server and database (d.9)', async (t) => {
  const exported = await auditor('audit', 'export', '--month', '2012-03', '--out', 'march.ndjson')
  t.equal(exported.code, 0, exported.err)
  const text = await readFile(file('march.ndjson'), 'utf8')
  t.equal((await stat(file('march.ndjson'))).mode & 0o777, 0o600, 'it names patients')
  t.match(exported.text, `SHA-256 ${createHash('sha256').update(text).digest('hex')}`)
  t.equal(verifyIndependently(text, await keys.publicPem()), 'whole', 'by a verifier of somebody else')
  const nowhere = ['--data-dir', file('nothing-here')]
  const key = ['--key', `${signingKey}.pub`, '--checkpoint-file', checkpointFile]
  const verified = await run(['audit', 'verify', file('march.ndjson'), ...key, ...nowhere], config.dataDir)
  t.equal(verified.code, 0, verified.err)
  t.match(verified.text, /2012-03 as of .*: 1200 events, to number 1200, signed to 1200, closed/)
  const untrusted = await run(['audit', 'verify', file('march.ndjson'), ...nowhere], config.dataDir)
  t.equal(untrusted.code, 0)
  t.match(untrusted.err, `the keys are those the file names: ${keys.signer.keyId}`)
  const [row] = (await admin.auditRows()).filter(({ reason }) => String(reason).includes('exported'))
  t.match(row, { event_code: '110101', reason: 'audit log of 2012-03 exported' })
})

t.test('whoever runs the network exports nobody’s access log: only an auditor does (d.10)', async (t) => {
  for (const who of [cli, operator]) {
    t.match(await who('audit', 'export', '--month', '2012-03', '--out', 'stolen.ndjson'), {
      code: 1,
      err: /ROLE_REQUIRED/,
    })
    t.match(await who('audit', 'verify'), { code: 1, err: /ROLE_REQUIRED/ })
    t.equal((await who('audit', 'months')).code, 0, 'how far the server found it whole is told')
  }
  await t.rejects(stat(file('stolen.ndjson')), { code: 'ENOENT' })
})

t.test('what is wrong with a file is named, with its first place (d.9)', async (t) => {
  const text = await readFile(file('march.ndjson'), 'utf8')
  await writeFile(file('bad.ndjson'), text.replace('"seq":700}', '"seq":701}'))
  for (const files of [['absent.ndjson'], ['march.ndjson', 'absent.ndjson'], ['absent.ndjson', 'march.ndjson']])
    t.match(await cli('audit', 'verify', ...files), { code: 2, err: /absent\.ndjson cannot be read/ }, files.join(' '))
  const bad = await cli('audit', 'verify', 'bad.ndjson')
  t.equal(bad.code, 1)
  t.match(bad.text, /2012-03 removed \(number 700\): number 700 is missing/)
  t.match(bad.err, /the audit log is NOT whole: \d+ findings/)
  const lines = text.split('\n')
  await writeFile(file('cut.ndjson'), lines.slice(0, 600).join('\n'))
  t.match((await cli('audit', 'verify', 'cut.ndjson')).text, /2012-03 cut/)
  await writeFile(file('noise.ndjson'), lines.with(5, '{"kind":').join('\n'))
  t.match((await cli('audit', 'verify', 'noise.ndjson')).text, /unreadable: line 6 is no record/)
  const wrongKey = await cli('audit', 'verify', 'march.ndjson', '--key', 'march.ndjson')
  t.match(wrongKey, { code: 2, err: /holds no public key/ })
})

t.test('the running server is verified through its own export, seams included (d.9)', async (t) => {
  await sealAll(pool)
  const verified = await auditor('audit', 'verify')
  t.equal(verified.code, 0, verified.text + verified.err)
  t.match(verified.text, /2012-03 .*\n2012-04 .*\n20\d\d-\d\d .*\nthe audit log is whole/)
  t.equal(verified.err, '', 'with the keys of the server')
  const unknown = await auditor('audit', 'export', '--month', '2012-05', '--out', 'may.ndjson')
  t.equal(unknown.code, 1)
})

t.test('checkpoints lie in a file outside the database; a line that a crash cut off costs nothing (d.9)', async (t) => {
  const before = await readCheckpointFile(checkpointFile)
  await appendFile(checkpointFile, '{"kind":"checkpoint","num')
  await addEvent(pool)
  await sealAll(pool)
  await sign()
  const after = await readCheckpointFile(checkpointFile)
  t.same(after.slice(0, before.length), [...before])
  t.same(
    after.map(({ number }) => number),
    after.map((_, index) => index + 1),
  )
  const nowhere = ['--data-dir', file('nothing-here')]
  const witness = ['--key', `${signingKey}.pub`, '--checkpoint-file', checkpointFile]
  const verified = await run(['audit', 'verify', file('march.ndjson'), ...witness, ...nowhere], config.dataDir)
  t.equal(verified.code, 0, 'who keeps the file can still verify by it')
  t.match(verified.err, new RegExp(`line ${before.length + 1} of .* is no checkpoint`), 'and hears what is in it')
  const other = ['--key', `${signingKey}.pub`, '--checkpoint-file', file('march.ndjson.txt')]
  await writeFile(file('march.ndjson.txt'), 'no checkpoint\nnone either\n')
  const mistaken = await run(['audit', 'verify', file('march.ndjson'), ...other, ...nowhere], config.dataDir)
  t.match(mistaken, { code: 2, err: /no checkpoint/ }, 'another file is no witness')
})

t.test('a running server seals by itself, and leaves nothing unsealed or unsigned when it stops (d.9)', async (t) => {
  const chain = await openAuditChain({ config, pool, log: { info: () => {}, warn: () => {}, error: () => {} } })
  await addEvent(pool, { reason: 'sealed by the loop' })
  t.ok(await eventually(async () => (await waiting()) === 0, 5000))
  await addEvents(pool, new Date().toISOString(), 700)
  await chain.stop()
  const { rows } = await pool.query(
    `select c.seq = k.seq as whole from audit.chain c, lateral (select seq from audit.checkpoint k where k.chain = c.chain order by number desc limit 1) k`,
  )
  t.ok(rows.length > 2 && rows.every(({ whole }) => whole))
  t.equal((await readCheckpointFile(checkpointFile)).at(-1)?.chain, await newestChain())
})

t.test('an operator says that an export is kept, and the month goes (d.9: retention)', async (t) => {
  const sha256 = createHash('sha256')
    .update(await readFile(file('march.ndjson')))
    .digest('hex')
  const drop = (month: string, hash: string) => call('POST', `/audit/months/${month}/drop`, { sha256: hash })
  t.match(await drop('2012-03', sha256), { status: 409, body: { code: 'NOT_DROPPED', message: /not found whole/ } })
  t.same(await verifyOwn(), [])
  t.match(await drop('2012-03', '0'.repeat(64)), { status: 409, body: { message: /No export with this SHA-256/ } })
  t.match(await drop('2011-01', sha256), { status: 404 })
  const present = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7)
  t.match(await drop(present, sha256), { status: 409, body: { message: /not over/ } })
  const [last] = (await pool.query(`select max(position) as position from audit.seal where chain = '2012-03'`)).rows
  const target = (status: string, sentTo: bigint) =>
    pool.query(
      `insert into audit.target (name, host, port, with_received, status, sent_to, resend_from)
       values ('arr', 'localhost', 6514, false, $1, $2, $2)
       on conflict (name) do update set status = excluded.status, sent_to = excluded.sent_to, resend_from = excluded.resend_from`,
      [status, String(sentTo)],
    )
  for (const status of ['active', 'paused']) {
    await target(status, BigInt(last.position) - 1n)
    t.match(await drop('2012-03', sha256), { status: 409, body: { message: /does not have all of the month/ } }, status)
  }
  await target('active', BigInt(last.position))
  const dropped = await cli('audit', 'drop', '2012-03', '--exported', sha256)
  t.equal(dropped.text, '2012-03: dropped / 削除しました\n', dropped.err)
  const { rows } = await pool.query(
    `select to_regclass('audit.event_2012_03') as e, to_regclass('audit.seal_2012_03') as s`,
  )
  t.same(rows, [{ e: null, s: null }], 'its space is free')
  t.match(await drop('2012-03', sha256), { status: 409, body: { message: /dropped before/ } })
  t.match(await auditor('audit', 'export', '--month', '2012-03'), { code: 1 })
  const reasons = (await admin.auditRows()).map(({ reason }) => reason)
  t.ok(reasons.includes(`audit log of 2012-03 dropped, export ${sha256} is kept`))
  await sealAll(pool)
  t.equal((await auditor('audit', 'verify')).code, 0, 'the months after it are whole')
  t.same(await verifyOwn(), [])
})

t.test(
  'a month whose time is not over goes by itself later, one that nobody keeps never (d.9: retention)',
  async (t) => {
    await fill('2021-05', 20)
    await fill('2021-06', 20)
    await sign()
    await verifyOwn()
    await auditor('audit', 'export', '--month', '2021-05', '--out', 'may.ndjson')
    const sha256 = createHash('sha256')
      .update(await readFile(file('may.ndjson')))
      .digest('hex')
    const noted = await call('POST', '/audit/months/2021-05/drop', { sha256 })
    t.match(noted.body, { done: 'noted', dropsAfter: '2031-05-31T15:00:00.000Z' })
    const months = config.audit.retentionMonths
    t.same(await dropDueMonths(pool, { now: new Date('2031-05-31T14:59:59Z'), months }), [])
    await addEvent(pool, { at: '2021-06-20T00:00:00Z' })
    const late = await call('POST', '/audit/months/2021-06/drop', { sha256 })
    t.match(late, { status: 409, body: { message: /no closing checkpoint/ } }, 'an event came late and waits')
    const due = { now: new Date('2041-06-01T00:00:00Z'), months }
    t.same(await dropDueMonths(pool, due), [], 'an audit repository does not have it yet')
    await pool.query(`delete from audit.target`)
    t.same(await dropDueMonths(pool, due), ['2021-05'])
  },
)

t.test('a month that cannot be dropped keeps none after it beyond its time (d.9: retention)', async (t) => {
  const months = ['2021-07', '2021-08']
  for (const month of months) await fill(month, 5)
  await sign()
  await verifyOwn()
  for (const month of months) {
    await auditor('audit', 'export', '--month', month, '--out', `${month}.ndjson`)
    const sha256 = createHash('sha256')
      .update(await readFile(file(`${month}.ndjson`)))
      .digest('hex')
    t.match((await call('POST', `/audit/months/${month}/drop`, { sha256 })).body, { done: 'noted' })
  }
  await pool.query('create view public.of_an_operator as select event_id from audit.event_2021_07')
  const due = { now: new Date('2041-09-01T00:00:00Z'), months: config.audit.retentionMonths }
  await t.rejects(dropDueMonths(pool, due), { code: '2BP01' }, 'and it is told of')
  const { rows } = await pool.query(
    `select to_regclass('audit.event_2021_07') as e, to_regclass('audit.event_2021_08') as s`,
  )
  t.same(rows, [{ e: 'audit.event_2021_07', s: null }])
  await pool.query('drop view public.of_an_operator')
  t.same(await dropDueMonths(pool, due), ['2021-07'])
})

t.test(
  'what was added is verified every day, all of it every week, and it is told though nothing came (d.9)',
  async (t) => {
    const chain = await newestChain()
    await sealAll(pool)
    const state = async () =>
      (await pool.query('select seq, verified_at, whole_at from audit.verification where chain = $1', [chain])).rows[0]
    const makeOld = () => pool.query(`update audit.verification set verified_at = now() - interval '25 hours'`)
    await makeOld()
    t.same(await verifyOwn(), [])
    const before = await state()
    await addEvents(pool, new Date().toISOString(), 3)
    await sealAll(pool)
    t.same(await verifyOwn(), [])
    t.same(await state(), before, 'not before its time')
    await makeOld()
    t.same(await verifyOwn(), [])
    const after = await state()
    t.equal(Number(after.seq), Number(before.seq) + 3)
    t.same(after.whole_at, before.whole_at, 'it went on from where it was')
    await makeOld()
    await verifyOwn()
    t.ok((await state()).verified_at >= after.verified_at, 'somebody looked')
  },
)

t.test(
  'the server finds by itself that its log was changed, says so once as an event, and goes on saying it (d.9)',
  async (t) => {
    const client = await pool.connect()
    await client.query(`set session_replication_role = replica`)
    await client.query(
      `update audit.event set outcome = 8 where event_id = (select event_id from audit.seal where chain = '2012-04' and seq = 3)`,
    )
    await client.query(`update audit.verification set whole_at = now() - interval '8 days'`)
    await client.query(`set session_replication_role = origin`)
    client.release()
    const [said, ...more] = await verifyOwn()
    t.match(said, { chain: '2012-04', seq: 3, words: 'THE AUDIT LOG IS NOT WHOLE' })
    t.same(more, [])
    await pool.query(`update audit.verification set whole_at = now() - interval '8 days'`)
    t.equal((await verifyOwn()).length, 1)
    const { rows } = await pool.query(`select outcome, objects from audit.event where type_code = 'audit-chain'`)
    t.match(rows, [{ outcome: 12, objects: { alert: /^audit log of 2012-04: the event .* is not what was sealed$/ } }])
    t.match((await cli('audit', 'months')).text, /2012-04 .*is not what was sealed/)
  },
)

t.test('a month that was removed whole is missed: checkpoints name it (d.9)', async (t) => {
  await fill('2019-02', 5)
  await sign()
  await pool.query(`delete from audit.chain where chain = '2019-02'`)
  t.match(await verifyOwn(), [{ chain: '2019-02', finding: 'the month was signed and is gone' }])
  const { rows } = await pool.query(`select failure from audit.verification where chain = '2019-02'`)
  t.same(rows, [{ failure: 'the month was signed and is gone' }])
})

t.test('a month that is only said to be dropped is missed: no event tells who did it (d.9: retention)', async (t) => {
  await fill('2019-03', 5)
  await sign()
  await sealAll(pool)
  await pool.query(`update audit.chain set dropped_at = now() where chain = '2019-03'`)
  await pool.query('drop table audit.event_2019_03, audit.seal_2019_03')
  const said = (await verifyOwn()).filter((one) => JSON.stringify(one).includes('2019-03'))
  t.match(said, [{ chain: '2019-03', finding: 'the month is said to be dropped, and no event tells by whom' }])
  const { rows } = await pool.query(
    `select 1 from audit.event where type_code = 'audit-chain' and objects->>'alert' like '%2019-03%'`,
  )
  t.equal(rows.length, 1)
})

t.test('the end is missed though its checkpoints and their file are gone: it was verified before (d.9)', async (t) => {
  await fill('2012-05', 20)
  const findings = async () =>
    ((await verifyOwn()) as readonly { chain: string }[]).filter(({ chain }) => chain === '2012-05')
  t.same(await findings(), [])
  const makeDue = () =>
    pool.query(`update audit.verification set whole_at = now() - interval '8 days' where chain = '2012-05'`)
  const client = await pool.connect()
  await client.query(`set session_replication_role = replica`)
  await client.query(
    `delete from audit.event e using audit.seal s where s.event_id = e.event_id and s.chain = '2012-05' and s.seq > 10`,
  )
  await client.query(`delete from audit.seal where chain = '2012-05' and seq > 10`)
  await client.query(
    `update audit.chain c set seq = s.seq, hash = s.hash from audit.seal s where c.chain = '2012-05' and s.chain = '2012-05' and s.seq = 10`,
  )
  await client.query(`set session_replication_role = origin`)
  client.release()
  for (const time of ['first', 'again']) {
    await makeDue()
    t.match(await findings(), [{ finding: /the verification before reached 20, the chain ends at 10/ }], time)
  }
  await addEvents(pool, '2012-05-20T00:00:00Z', 30)
  await sealAll(pool)
  await makeDue()
  t.match(
    await findings(),
    [{ finding: /the verification before has another hash at 20/ }],
    'and when it has grown again',
  )
})

const of = { facilityId: 'nobody-looked' }

/** Where a month goes after its first page was read: by the words of the statement, and a value of it. */
function droppingPool(month: string, { words, value }: { readonly words: string; readonly value: string }) {
  let pages = 0
  const query = async (statement: pg.QueryConfig) => {
    const answer = await pool.query(statement)
    if (!statement.text.includes(words) || !statement.values?.includes(value)) return answer
    pages += 1
    if (pages === 1) {
      const table = month.replace('-', '_')
      await pool.query('update audit.chain set dropped_at = now() where chain = $1', [month])
      await pool.query(`drop table audit.event_${table}, audit.seal_${table}`)
      const operation = `audit log of ${month} dropped, export 00 is kept`
      await recordChange(pool, { by: 'system', peer: 'localhost', operation, patients: [] })
    }
    return answer
  }
  return { through: Object.assign(Object.create(pool), { query }), pages: () => pages }
}

t.test('a month that is dropped in order while it is verified is no finding (docs/audit.md)', async (t) => {
  await fill('2012-07', 1200)
  await sign()
  const { through, pages } = droppingPool('2012-07', { words: 'a chain in order', value: '2012-07' })
  const said = await verifyOwn({ through })
  t.notMatch(JSON.stringify(said), '2012-07')
  t.equal(pages(), 2, 'what was gone was asked for')
  t.notOk((await findVerified(pool)).has('2012-07'))
})

t.test('an export has no end when its month is dropped meanwhile: a part is none (docs/audit.md)', async (t) => {
  await fill('2012-08', 1200)
  await sign()
  const { through } = droppingPool('2012-08', { words: 'a chain in order', value: '2012-08' })
  const records = await chainPorts({ config, pool: through }, keys).exportChain({ chain: '2012-08' })
  const kinds: string[] = []
  const read = async () => {
    for await (const { kind } of records ?? []) kinds.push(kind)
  }
  await t.rejects(read(), /dropped/)
  t.equal(kinds.filter((kind) => kind === 'event').length, 500)
  t.notOk(kinds.includes('end'))
})

t.test('nor has a record of a month that is dropped while it is read (docs/access-log.md)', async (t) => {
  const records = [
    ['2012-09', 'content references', (store) => store.references({ ...of, month: '2012-09', of: 'own-views' })],
    ['2012-10', 'records for claims', (store) => store.claims({ ...of, month: '2012-10' })],
  ] as const satisfies readonly (readonly [string, string, (store: RecordStore) => AsyncIterable<unknown>])[]
  for (const [month, words, open] of records) {
    await fill(month, 5)
    await sign()
    const { through, pages } = droppingPool(month, { words, value: of.facilityId })
    const read = async () => {
      for await (const page of open(createRecordStore(through, (text) => text))) t.ok(page)
    }
    await t.rejects(read(), /dropped/, words)
    t.ok(pages() > 1, 'what was gone was asked for')
  }
})

t.test(
  'a month that cannot be read keeps no other from being verified, and is told of by its name (d.9)',
  async (t) => {
    await fill('2012-11', 5)
    await fill('2012-12', 5)
    // As of a damaged page, or of a month whose reading takes longer than a statement may.
    const query = async (statement: pg.QueryConfig) => {
      if (statement.text.includes('a chain in order') && statement.values?.includes('2012-11'))
        throw Object.assign(new Error('invalid page in block 7'), { code: 'XX001' })
      return pool.query(statement)
    }
    const said = await verifyOwn({ through: Object.assign(Object.create(pool), { query }) })
    const ofThese = said.filter((one) => JSON.stringify(one).includes('2012-11'))
    t.match(ofThese, [{ chain: '2012-11', words: /could not be verified yet/ }])
    t.notOk((await findVerified(pool)).has('2012-11'))
    t.equal((await findVerified(pool)).get('2012-12')?.seq, 5, 'those after it are verified')
    await verifyOwn()
    t.equal((await findVerified(pool)).get('2012-11')?.seq, 5, 'it is tried again')
  },
)

t.test(
  'a file of checkpoints that cannot be read keeps no month from being verified, and is told of (d.9)',
  async (t) => {
    await fill('2013-01', 5)
    await sign()
    const said = await verifyOwn({ witness: config.dataDir })
    t.match(
      said.filter((one) => JSON.stringify(one).includes('file of checkpoints')),
      [{ cause: 'EISDIR', words: /verified without it/ }],
    )
    t.equal((await findVerified(pool)).get('2013-01')?.seq, 5)
    const again = JSON.stringify(await verifyOwn({ witness: config.dataDir }))
    t.notMatch(again, /file of checkpoints/, 'when nothing is due it is not read')
  },
)

t.test('of a file of years only the end is read when something is added to it (d.9)', async (t) => {
  const path = file('years.ndjson')
  // More than can be read as one text, without taking room on the disk.
  await writeFile(path, '')
  await truncate(path, 3 * 2 ** 30)
  const written = await readFile(checkpointFile, 'utf8')
  await appendFile(path, `\n${written}`)
  const before = (await stat(path)).size
  await fill('2013-02', 5)
  await makeCheckpoints(pool, keys.signer, { now: new Date(), everyMs: 0 })
  await addToFile(pool, path)
  await addToFile(pool, checkpointFile)
  const added = (await readFile(checkpointFile, 'utf8')).slice(written.length)
  const addedHere = await readFrom(path, before)
  t.equal(addedHere, added)
  t.ok(added.includes('2013-02'))
})

t.test('after a backup was restored the file takes the checkpoints that follow it (fault: restore)', async (t) => {
  await fill('2012-06', 5)
  await sign()
  const lost = (await readCheckpointFile(checkpointFile)).at(-1)
  const client = await pool.connect()
  await client.query(`set session_replication_role = replica`)
  await client.query('delete from audit.checkpoint where number >= $1', [lost?.number])
  await client.query(`set session_replication_role = origin`)
  client.release()
  await addEvents(pool, '2012-06-20T00:00:00Z', 3)
  await sealAll(pool)
  await sign()
  const { rows } = await pool.query(
    `select encode(signature, 'base64') as signature from audit.checkpoint order by number`,
  )
  const inFile = (await readCheckpointFile(checkpointFile)).map(({ signature }) => signature)
  for (const { signature } of rows) t.ok(inFile.includes(signature.replaceAll('\n', '')), 'each is in the file')
  t.ok(inFile.includes(lost?.signature ?? ''), 'and what was lost is still told')
})
