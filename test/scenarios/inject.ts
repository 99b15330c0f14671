// Faults that no message can cause by itself, named by "inject" of a fixture: made really, in the database, and taken back.

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type pg from 'pg'
import type { Values } from './cases.ts'
import { LEAF_RESULTS, type Scenario } from './harness.ts'
import { communityDown, communityOfStranger, communityThatRefuses, communityWithoutHome } from './inject-community.ts'
import { trustIssuer } from './inject-issuer.ts'

/** Brings the fault about; what it returns takes it back. */
type Injection = (pool: pg.Pool, values: Values, scenario: Scenario) => Promise<() => Promise<void>>

const injections: Readonly<Record<string, Injection>> = {
  'stored-document-damaged': flipByte,
  'document-being-registered': putOnItsWay,
  'table-locked': lockTable,
  'connection-lost-at-commit': loseConnectionAtCommit,
  'constraint-of-ours-fails': breakTable,
  'number-obsolete': retireNumber,
  'many-entries': multiplyEntry,
  'merge undone before': undoneMerge,
  'patient id of its own source': fedPatientId,
  'notification-to-nobody': notifyNobody,
  'notification-refused': notifyOurselves,
  'a community that is down': (_pool, values, scenario) => communityDown(scenario, values),
  'a community that answers about somebody else': (_pool, values, scenario) => communityOfStranger(scenario, values),
  'a community that answers without home': (_pool, values, scenario) => communityWithoutHome(scenario, values),
  'a community that refuses a patient': (_pool, values, scenario) => communityThatRefuses(scenario, values),
  'a repository that is down': repositoryDown,
  'an issuer of assertions': (_pool, _values, scenario) => trustIssuer(scenario),
}

export async function inject(name: string, scenario: Scenario, values: Values): Promise<() => Promise<void>> {
  const injection = injections[name]
  if (injection === undefined) throw new Error(`there is no injection ${name}`)
  return injection(scenario.pool, values, scenario)
}

const nothing = async (): Promise<void> => {}

async function flipByte(pool: pg.Pool, values: Values): Promise<() => Promise<void>> {
  await pool.query(
    'update repository.document set content = set_byte(content, 0, get_byte(content, 0) # 1) where unique_id = $1',
    [values('OID_1')],
  )
  return nothing
}

/** A document is in a repository where nobody answers: port 1 is no one's. */
async function repositoryDown(pool: pg.Pool, values: Values): Promise<() => Promise<void>> {
  const id = '2.25.9301'
  await pool.query(
    `insert into access.repository (repository_unique_id, url, added_by) values ($1, 'https://localhost:1/xds/repository', 'fixture')`,
    [id],
  )
  const move = (to: string | undefined) =>
    pool.query('update registry.document_entry set repository_unique_id = $1 where unique_id = $2', [
      to,
      values('OID_1'),
    ])
  await move(id)
  return async () => {
    await move(values('REPOSITORY'))
    await pool.query('delete from access.repository where repository_unique_id = $1', [id])
  }
}

/** What a repository apart from its registry holds while it waits for the registry's answer. */
async function putOnItsWay(pool: pg.Pool, values: Values): Promise<() => Promise<void>> {
  const id = values('UUID_8')
  await pool.query(
    `insert into repository.submission (submission_id, message_id, submission, system_id) values ($1::uuid, 'urn:uuid', '{}', 'tester')`,
    [id],
  )
  await pool.query(
    `insert into repository.submitted_document (submission_id, unique_id, size_bytes, sha1, sha256, content, domain, value, publisher,
                                                mime_type, kind, confidentiality)
     select $1::uuid, unique_id, size_bytes, sha1, sha256, content, '', '', 'tester', '', '', '{}' from repository.document where unique_id = $2`,
    [id, values('OID_1')],
  )
  return async () => {
    await pool.query('delete from repository.submission where submission_id = $1', [id])
  }
}

/** Longer than the lock time-out of the server, which then answers that it is busy. */
async function lockTable(pool: pg.Pool): Promise<() => Promise<void>> {
  const client = await pool.connect()
  await client.query('begin')
  await client.query('lock table journal.idempotency in exclusive mode')
  return async () => {
    await client.query('rollback')
    client.release()
  }
}

/** A deferred trigger runs inside COMMIT and ends the very backend that commits. */
async function loseConnectionAtCommit(pool: pg.Pool): Promise<() => Promise<void>> {
  await pool.query(
    `create function registry.lose_connection() returns trigger language plpgsql as
     $$ begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); return null; end $$;
     create constraint trigger lose_connection after insert on registry.submission_set
     deferrable initially deferred for each row execute function registry.lose_connection()`,
  )
  return async () => {
    await pool.query(
      'drop trigger lose_connection on registry.submission_set; drop function registry.lose_connection()',
    )
  }
}

/** What a faulty migration would do. */
async function breakTable(pool: pg.Pool): Promise<() => Promise<void>> {
  await pool.query('alter table registry.submission_set add constraint broken check (false) not valid')
  return async () => {
    await pool.query('alter table registry.submission_set drop constraint broken')
  }
}

async function retireNumber(pool: pg.Pool, values: Values): Promise<() => Promise<void>> {
  await pool.query(`update identity.identifier set status = 'obsolete' where domain = $1 and value = 'FX-OBSOLETE'`, [
    values('DOMAIN_A'),
  ])
  return nothing
}

/** More entries of one document than a LeafClass answer may carry. */
async function multiplyEntry(pool: pg.Pool, values: Values): Promise<() => Promise<void>> {
  const uniqueId = values('OID_1')
  await pool.query(
    `insert into registry.document_entry
     select (jsonb_populate_record(e, jsonb_build_object('entry_uuid', gen_random_uuid(), 'object_type', 'copy'))).*
     from registry.document_entry e, generate_series(1, $2) where e.unique_id = $1`,
    [uniqueId, LEAF_RESULTS],
  )
  return async () => {
    await pool.query(`delete from registry.document_entry where unique_id = $1 and object_type = 'copy'`, [uniqueId])
  }
}

async function undoneMerge(pool: pg.Pool): Promise<() => Promise<void>> {
  await pool.query(
    `insert into identity.merge (merge_id, by, domain, subsumed, survivor, former_person, survivor_person, scope, undone_at, undone_by)
     overriding system value values (900000001, 'staff', '2.25.1', '1', '2', 1, 2, 'person', now(), 'staff')`,
  )
  return async () => {
    await pool.query('delete from identity.merge where merge_id = 900000001')
  }
}

async function fedPatientId(pool: pg.Pool, values: Values): Promise<() => Promise<void>> {
  const put = (received: string | null) =>
    pool.query('update identity.identifier set received = $2 where value = $1', [values('XAD_2'), received])
  await put('<PRPA_IN201301UV02/>')
  return async () => {
    await put(null)
  }
}

/** Port 1 is no one's. */
function notifyNobody(pool: pg.Pool, values: Values): Promise<() => Promise<void>> {
  return notifyAt(pool, values, 'https://localhost:1/pix/consumer')
}

/** Our own PIX Manager as the receiver: it knows this server's certificate for the time of the case. */
async function notifyOurselves(pool: pg.Pool, values: Values, { server }: Scenario): Promise<() => Promise<void>> {
  const { fingerprint256 } = new X509Certificate(await readFile(server.config.tls.certificate))
  await pool.query(
    `insert into access.client_certificate (fingerprint, system_id, serial, subject, issuer, not_before, not_after)
     values ($1, 'hospital-a', '1', 'server', 'ca', now(), now() + interval '1 hour')`,
    [fingerprint256],
  )
  const end = await notifyAt(pool, values, `https://localhost:${values('HTTPS_PORT')}/pix/manager`)
  return async () => {
    await end()
    await pool.query('delete from access.client_certificate where fingerprint = $1', [fingerprint256])
  }
}

/** What a change would have left behind, for a patient of nobody's. */
async function notifyAt(pool: pg.Pool, values: Values, endpoint: string): Promise<() => Promise<void>> {
  await pool.query(
    `insert into identity.subscription (subscription_id, system_id, transaction, endpoint, device_oid)
     values ('injected', 'hospital-a', 'ITI-46', $1, '2.25.700.9')`,
    [endpoint],
  )
  await pool.query(
    `insert into jobs.outbox (subscription_id, person_key, persons, message_id, ids)
     values ('injected', 0, '{0}', gen_random_uuid(), jsonb_build_array(jsonb_build_object(
       'id', jsonb_build_object('authority', $1::text, 'value', 'FX-NEVER'), 'authorityName', 'HOSPITAL-A')))`,
    [values('DOMAIN_A')],
  )
  await pool.query(
    `select graphile_worker.add_job('notify', '{"subscriptionId": "injected", "person": "0"}', 'notify injected')`,
  )
  return async () => {
    await pool.query(`delete from identity.subscription where subscription_id = 'injected'`)
  }
}
