// Audit records leave to repositories and come from other systems over real TLS: order, certificates, back-pressure, duplicates, refusals
// (ITI TF-2 3.20, 3.19; RFC 5425; docs/adr/0037).

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { main } from '../../src/cli/main.ts'
import { claimTargets, releaseTargets, saveProgress } from '../../src/db/audit/targets.ts'
import { transaction as transactionOf } from '../../src/db/pool.ts'
import { eventually } from '../faults/support.ts'
import { type AuditRepository, startRepository } from './audit-repository.ts'
import { startScenario } from './harness.ts'

t.setTimeout(120_000)

const WITHIN_MS = 30_000

const scenario = await startScenario(t)
const { server, pool, admin } = scenario
const { config } = server

async function rows<T extends object>(statement: string, values: readonly unknown[] = []): Promise<readonly T[]> {
  return (await pool.query<T>(statement, [...values])).rows
}

async function add(name: string, port: number, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const { status, body } = await admin({
    method: 'POST',
    path: '/audit/targets',
    body: { name, host: 'localhost', port, ...more },
  })
  if (status !== 201) throw new Error(body.toString())
}

async function remove(name: string): Promise<void> {
  await admin({ method: 'DELETE', path: `/audit/targets/${name}` })
}

interface Target {
  readonly name: string
  readonly state: string
  readonly waiting: number
  readonly attempts: number
  readonly lastError?: string
}

async function targetOf(name: string): Promise<Target | undefined> {
  const { body } = await admin({ method: 'GET', path: '/audit/targets' })
  return (JSON.parse(body.toString()) as readonly Target[]).find((one) => one.name === name)
}

/** UUIDs of all that is sealed, in the order of the seals. */
async function sealed(after = 0): Promise<readonly string[]> {
  const found = await rows<{ event_uuid: string }>(
    `select e.event_uuid from audit.seal s join audit.event e on e.event_id = s.event_id and e.at = s.event_at
     where s.position > $1 and e.received is null order by s.position`,
    [after],
  )
  return found.map(({ event_uuid }) => event_uuid)
}

async function head(): Promise<number> {
  const [row] = await rows<{ head: string }>('select coalesce(max(position), 0) as head from audit.seal')
  return Number(row?.head)
}

const uuidsOf = ({ arrived }: AuditRepository): readonly string[] => [...new Set(arrived.map(({ uuid }) => uuid))]

async function hasAll(repository: AuditRepository, wanted: readonly string[]): Promise<boolean> {
  return eventually(async () => {
    const there = new Set(uuidsOf(repository))
    return wanted.every((uuid) => there.has(uuid))
  }, WITHIN_MS)
}

/** The target gets what is sealed behind this. Read after it was added: what happened just before may be sealed in between. */
async function startOf(name: string): Promise<number> {
  const [row] = await rows<{ resend_from: string }>('select resend_from from audit.target where name = $1', [name])
  if (row === undefined) throw new Error(`no audit target ${name}`)
  return Number(row.resend_from)
}

/** What is sealed behind a position, as soon as that is anything. */
async function sealedAfter(position: number): Promise<readonly string[]> {
  if (!(await eventually(async () => (await sealed(position)).length > 0, WITHIN_MS)))
    throw new Error('nothing is sealed')
  return sealed(position)
}

/** Something that leaves an event. */
async function transaction(): Promise<void> {
  await admin({ method: 'POST', path: '/unions', body: { unionId: `u-${randomUUID()}`, name: '架空', kind: 'closed' } })
}

async function repositoryFor(t: Test, given: Parameters<typeof startRepository>[1] = {}): Promise<AuditRepository> {
  const repository = await startRepository(config, given)
  t.teardown(repository.stop)
  return repository
}

t.test('3.20.4.1: every event arrives at each repository, in the order of the seals, from the beginning', async (t) => {
  const [first, second] = [await repositoryFor(t), await repositoryFor(t)]
  await add('first', first.port, { fromTheBeginning: true })
  await add('second', second.port, { fromTheBeginning: true })
  t.teardown(() => remove('first'))
  t.teardown(() => remove('second'))
  const wanted = await sealed()
  t.ok(wanted.length > 10)
  for (const repository of [first, second]) {
    t.ok(await hasAll(repository, wanted))
    const own = new Set(wanted)
    t.same(
      uuidsOf(repository).filter((uuid) => own.has(uuid)),
      wanted,
    )
    t.equal(repository.connections(), 1)
  }
})

t.test(
  '3.19.6: nothing is sent to a certificate that is not believed; one alarm in the audit, and later everything',
  async (t) => {
    const stranger = await createAuthority({ name: 'Stranger' })
    const { certificatePem: cert, privateKeyPem: key } = await issueServerCertificate(stranger, {
      names: ['localhost'],
    })
    const wrong = await repositoryFor(t, { certificate: { cert, key } })
    await add('doubtful', wrong.port)
    const from = await startOf('doubtful')
    t.teardown(() => remove('doubtful'))
    await transaction()
    t.ok(await eventually(async () => ((await targetOf('doubtful'))?.attempts ?? 0) >= 2, WITHIN_MS))
    t.match(await targetOf('doubtful'), { state: 'refused', lastError: /SELF_SIGNED|UNABLE_TO|CERT/ })
    const alarms = () =>
      rows(`select 1 from audit.event where type_code = '110126' and endpoint = $1`, [`tls://localhost:${wrong.port}`])
    t.equal((await alarms()).length, 1, 'once, however often it is tried')
    t.equal(wrong.arrived.length, 0)
    await wrong.stop()
    const right = await repositoryFor(t, { port: wrong.port })
    await admin({ method: 'PATCH', path: '/audit/targets/doubtful', body: { status: 'paused', reason: 'the fixture' } })
    await admin({ method: 'PATCH', path: '/audit/targets/doubtful', body: { status: 'active' } })
    t.ok(await hasAll(right, await sealedAfter(from)))
    t.ok(await eventually(async () => (await targetOf('doubtful'))?.state === 'up', WITHIN_MS))
    t.equal((await alarms()).length, 1)
  },
)

t.test(
  'a repository that reads nothing gets nothing counted as read: what it did not read is sent again',
  async (t) => {
    const repository = await repositoryFor(t)
    repository.hearing = 'deaf'
    await add('deaf', repository.port)
    const from = await startOf('deaf')
    t.teardown(() => remove('deaf'))
    await transaction()
    t.ok(await eventually(async () => repository.connections() > 0, WITHIN_MS))
    t.equal(repository.arrived.length, 0)
    await repository.stop()
    repository.hearing = 'well'
    await repository.start()
    t.ok(await hasAll(repository, await sealedAfter(from)))
  },
)

t.test('a resend goes on after the seal that was named', async (t) => {
  const repository = await repositoryFor(t)
  await add('again', repository.port)
  t.teardown(() => remove('again'))
  const wanted = await sealed()
  const beyond = await admin({ method: 'POST', path: '/audit/targets/again/resend', body: { after: 10_000_000 } })
  t.equal(beyond.status, 400)
  const { status } = await admin({ method: 'POST', path: '/audit/targets/again/resend', body: { after: 0 } })
  t.equal(status, 200)
  t.ok(await hasAll(repository, wanted))
  const [event] = await rows(`select 1 from audit.event where reason like 'audit target again goes on after seal 0%'`)
  t.ok(event, 'who did it is in the audit')
})

t.test('one process sends to a target; another one takes it over when that one is gone, and not before', async (t) => {
  const repository = await repositoryFor(t)
  await add('shared', repository.port)
  t.teardown(() => remove('shared'))
  await transaction()
  t.ok(await eventually(async () => repository.arrived.length > 0, WITHIN_MS))
  const [other] = await rows<{ owner: string }>('select gen_random_uuid() as owner')
  const owner = other?.owner ?? ''
  t.same(await claimTargets(pool, owner), [], 'its lease runs')
  const taken = await transactionOf(pool, async (client) => {
    await client.query(`update audit.target set leased_until = now() - interval '1 second' where name = 'shared'`)
    return (await claimTargets(client, owner))[0]
  })
  if (taken === undefined) throw new Error('a target whose lease is over is not taken')
  t.match(taken, { name: 'shared', port: repository.port })
  t.ok(await saveProgress(pool, { ...taken, owner }, { sentTo: taken.resendFrom, resendFrom: taken.resendFrom }))
  await releaseTargets(pool, owner)
  await transaction()
  t.ok(await hasAll(repository, await sealed(taken.resendFrom)), 'and back')
})

t.test(
  'RFC 5425, 4.3.1: a record of more than 1 MiB goes without its query, and what is behind it goes on',
  async (t) => {
    const repository = await repositoryFor(t)
    await add('narrow', repository.port)
    t.teardown(() => remove('narrow'))
    const [event] = await rows<{ event_uuid: string }>(
      `insert into audit.event (exchange_id, event_code, action, type_code, outcome, system_id, facility_id, peer, endpoint, patients, objects)
     values (gen_random_uuid(), '110112', 'E', 'ITI-18', 0, 'clinic-b', 'clinic-b', '192.0.2.1:1', '/xds/registry', '{}',
             jsonb_build_object('query', jsonb_build_object('id', 'urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d', 'text', repeat('x', 900000))))
     returning event_uuid`,
    )
    const uuid = event?.event_uuid ?? ''
    t.ok(await hasAll(repository, [uuid]))
    const record = repository.arrived.find((one) => one.uuid === uuid)
    t.match(record?.xml, /type="Query left out" value="/)
    t.ok((record?.line.length ?? 0) < 1024 * 1024)
    await transaction()
    t.ok(await hasAll(repository, await sealed((await head()) - 1)))
  },
)

const XML = (uuid: string, minute = 0): string =>
  `<?xml version="1.0" encoding="UTF-8"?><AuditMessage><EventIdentification EventActionCode="E" EventDateTime="2026-11-21T09:${String(minute).padStart(2, '0')}:00Z" EventOutcomeIndicator="0"><EventID csd-code="110112" codeSystemName="DCM" originalText="Query"/><EventTypeCode csd-code="ITI-18" codeSystemName="IHE Transactions" originalText="Registry Stored Query"/></EventIdentification><ActiveParticipant UserID="viewer" UserIsRequestor="true"/><AuditSourceIdentification AuditSourceID="viewer"/><ParticipantObjectIdentification ParticipantObjectID="${uuid}" ParticipantObjectTypeCode="4" ParticipantObjectTypeCodeRole="26"><ParticipantObjectIDTypeCode csd-code="XrequestId" codeSystemName="IHE BALP" originalText="X-Request-Id"/></ParticipantObjectIdentification></AuditMessage>`

function frame(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes])
}

const record = (xml: string): Buffer =>
  frame(`<85>1 2026-11-21T09:00:00Z viewer.example.org Viewer 7 IHE+RFC-3881 - ${xml}`)

t.test('3.20: records of other systems are kept with who the certificate says, and once', async (t) => {
  const uuid = randomUUID()
  const twice = Buffer.concat([record(XML(uuid)), record(XML(uuid)), record(XML(uuid, 1))])
  await scenario.syslog('tester', twice)
  await scenario.syslog('tester', record(XML(uuid)))
  const kept = await rows<{ system_id: string; event_uuid: string; received: string }>(
    `select system_id, facility_id, event_uuid, event_code, type_code, received, objects from audit.event
     where received like '%' || $1 || '%' order by event_id`,
    [uuid],
  )
  t.match(kept, [
    {
      system_id: 'tester',
      facility_id: 'tester',
      event_uuid: uuid,
      event_code: '110112',
      type_code: 'ITI-18',
      received: XML(uuid),
      objects: { origin: { hostName: 'viewer.example.org', appName: 'Viewer', processId: '7' } },
    },
    { received: XML(uuid, 1) },
  ])
  t.equal(kept.length, 2, 'another record about the same request is another record')
  t.ok(
    await eventually(async () => {
      const found = await rows(
        `select 1 from audit.seal s join audit.event e on e.event_id = s.event_id and e.at = s.event_at where e.event_uuid = $1`,
        [uuid],
      )
      return found.length === 1
    }, WITHIN_MS),
    'and is sealed like ours',
  )
})

t.test('RFC 5425, 4.3: a record that is wrong is refused and the next one is taken', async (t) => {
  const uuid = randomUUID()
  const since = new Date()
  await scenario.syslog('tester', Buffer.concat([frame('no syslog'), frame('x'.repeat(2_000_000)), record(XML(uuid))]))
  const journal = await scenario.journalSince(since)
  t.same(
    journal.filter((row) => row.transaction === 'ITI-20').map(({ result, error_codes }) => [result, ...error_codes]),
    [['failure', 'SYSLOG_MESSAGE'], ['failure', 'TOO_LARGE'], ['success']],
  )
  t.equal((await rows('select 1 from audit.event where event_uuid = $1 and received is not null', [uuid])).length, 1)
})

t.test('3.19: without the role, and without a certificate, nothing is taken', async (t) => {
  const uuid = randomUUID()
  const since = new Date()
  await scenario.syslog('clinic-b', record(XML(uuid)))
  await scenario.syslog('nobody', record(XML(uuid)))
  const journal = await scenario.journalSince(since)
  const refused = journal.filter(({ result }) => result === 'failure').map((row) => [row.system_id, ...row.error_codes])
  t.same(refused, [
    ['clinic-b', 'ROLE_MISSING'],
    [null, 'CERTIFICATE_REFUSED'],
  ])
  t.equal((await rows('select 1 from audit.event where event_uuid = $1', [uuid])).length, 0)
})

t.test('a network sends to another one, by our own door; what others sent goes on only where it is said', async (t) => {
  const clients = join(config.dataDir, 'pki', 'clients')
  const own = { certificate: join(clients, 'tester.crt'), key: join(clients, 'tester.key') }
  const plain = await repositoryFor(t)
  const all = await repositoryFor(t)
  await add('ours', server.auditPort ?? 0, own)
  await add('plain', plain.port)
  await add('all', all.port, { withReceived: true })
  for (const name of ['ours', 'plain', 'all']) t.teardown(() => remove(name))
  await transaction()
  const [{ event_uuid: uuid } = { event_uuid: '' }] = await rows<{ event_uuid: string }>(
    'select event_uuid from audit.event where received is null order by event_id desc limit 1',
  )
  const received = () =>
    rows('select 1 from audit.event where event_uuid = $1 and system_id = $2 and received is not null', [
      uuid,
      'tester',
    ])
  t.ok(await eventually(async () => (await received()).length === 1, WITHIN_MS), 'it came back to us by the door')
  const count = ({ arrived }: AuditRepository): number => arrived.filter((one) => one.uuid === uuid).length
  t.ok(await eventually(async () => count(all) === 2, WITHIN_MS), 'ours, and what the other one sent on')
  t.equal(count(plain), 1)
})

t.test('tsunagi audit target: add, pause, list, resume, remove; the metrics name each repository', async (t) => {
  const run = async (...argv: readonly string[]): Promise<string> => {
    const out: string[] = []
    const err: string[] = []
    const terminal = {
      out: (data: string | Uint8Array) => void out.push(String(data)),
      err: (data: string | Uint8Array) => void err.push(String(data)),
      env: {},
      cwd: '/',
    }
    const place = ['--data-dir', config.dataDir, '--set', `management.port=${server.managementPort}`]
    t.equal(await main(['audit', 'target', ...argv, ...place], terminal), 0, err.join(''))
    return out.join('')
  }
  t.match(await run('add', 'metered', 'arr.invalid', '--port', '9'), /audit records go to metered/)
  t.match(await run('pause', 'metered', '--reason', 'moved'), /nothing is sent to metered/)
  t.match(await run('list'), /metered +arr\.invalid +9 +paused/)
  const response = await fetch(`http://127.0.0.1:${server.managementPort}/metrics`)
  t.match(await response.text(), /tsunagi_audit_target_up\{target="metered"\} [01]/)
  await run('resume', 'metered')
  await run('remove', 'metered')
  t.notMatch(await run('list'), /metered/)
})
