// Patient identity feed and merge over real MLLP/TLS and HTTPS (ITI TF-2 3.8, 3.44; XDS registry 3.8.4.2.4; ITI-18, ITI-41, ITI-45).

import t from 'tap'
import { loadDemoNetwork } from '../../src/cli/demo/network.ts'
import { askPix } from '../../src/cli/pix.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { formatCx, type Oid, type PatientId } from '../../src/model/identifiers.ts'
import { violations } from '../db/soundness.ts'
import { errorCodesOf, isSuccess, laboratory } from '../faults/messages.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { adt, feedingOf, idIn } from './feeding.ts'

const network = await startNetwork(t)
const { pool, server } = network
const { add, revise, merge, submit, uniqueIds, link, registerSource, adt: sendAdt } = feedingOf(network)
const XAD = server.config.identity.affinityDomainAuthority
const tester = (await loadDemoNetwork()).systems.find(({ systemId }) => systemId === 'tester')
const TESTER = tester?.assigningAuthority as Oid
const HOSPITAL = DOMAINS['hospital-a']

t.test(
  '3.8.4.1, 3.44.4.3, 3.8.4.2.4: fed by ITI-8, submitted to, merged by ITI-44 at the registry, found under the survivor',
  async (t) => {
    const [a, b] = [idIn(TESTER, 'M-A'), idIn(TESTER, 'M-B')]
    t.same(errorCodesOf((await submit('tester', { patientId: a })).text), ['XDSUnknownPatientId'], 'not known yet')
    t.match(await sendAdt('tester', adt({ event: 'A04', id: a, controlId: 'M-1' })), { code: 'AA', controlId: 'M-1' })
    const { text, entry } = await submit('tester', { patientId: a })
    t.ok(isSuccess(text))
    t.equal((await add('tester', b, 'DocumentRegistry')).code, 'CA')
    const merged = await merge('tester', { from: a, into: b }, 'DocumentRegistry')
    t.match(merged, { code: 'CA', details: [] })
    const [found, ...others] = await network.find('tester', b)
    t.same(others, [])
    t.equal(found?.uniqueId, entry.uniqueId)
    t.same(found?.patientId, b, 'the patient id of the metadata is the surviving one')
    t.equal(found?.sourcePatientId, formatCx(a), 'what the source said is never altered')
    t.same(await network.find('tester', a), [], 'Success with nothing')
    t.same(errorCodesOf((await submit('tester', { patientId: a })).text), ['XDSUnknownPatientId'])
    const successor = await submit('tester', { patientId: b, replaces: found?.entryUUID ?? '' })
    t.ok(isSuccess(successor.text), 'a relationship to a document of the subsumed id is inside one patient')
    const { rows } = await pool.query(
      `select s.patient_id, s.ebrim like '%' || $2 || '%' as old, s.ebrim like '%' || $3 || '%' as new
       from registry.submission_set s join registry.document_entry e on e.submission_uuid = s.entry_uuid where e.unique_id = $1`,
      [entry.uniqueId, 'value="M-A^^^', 'value="M-B^^^'],
    )
    t.same(rows, [{ patient_id: formatCx(b), old: false, new: true }], 'the submission set went along')
  },
)

t.test(
  '3.44.4.3.3, 3.44.5: audited as the end of one id and the change of the other; history and merge are kept',
  async (t) => {
    const { rows } = await pool.query(
      `select e.action, e.patients, e.event_code, e.type_code, e.endpoint from audit.event e
     join journal.exchange j using (exchange_id) where j.transaction = 'ITI-44 merge' order by e.event_id`,
    )
    t.match(rows, [
      { action: 'D', patients: [formatCx(idIn(TESTER, 'M-A'))], event_code: '110110', endpoint: '/xds/registry' },
      { action: 'U', patients: [formatCx(idIn(TESTER, 'M-B'))], type_code: 'ITI-44' },
    ])
    const kept = await pool.query(
      `select m.by, m.subsumed, m.survivor, m.scope, m.former_person <> m.survivor_person as persons,
            (select array_agg(o.object order by o.object) from registry.merged_object o where o.merge_id = m.merge_id) as objects
     from identity.merge m where m.subsumed = 'M-A'`,
    )
    t.same(kept.rows, [
      {
        by: 'tester',
        subsumed: 'M-A',
        survivor: 'M-B',
        scope: 'person',
        persons: true,
        objects: ['Association', 'DocumentEntry', 'SubmissionSet'],
      },
    ])
  },
)

t.test(
  '3.44.4.1.3, 3.44.4.2.3: an id that was merged away takes no further message; the survivor is named',
  async (t) => {
    const a = idIn(TESTER, 'M-A')
    for (const to of ['PIXManager', 'DocumentRegistry'] as const) {
      const refused = await add('tester', a, to)
      t.match(refused, { code: 'CE', details: [{ code: '204', text: /replaced by M-B\^\^\^/ }] })
      t.match(await revise('tester', a, to), { code: 'CE', details: [{ code: '204' }] })
    }
    t.match(await sendAdt('tester', adt({ event: 'A08', id: a })), { code: 'AE' })
  },
)

t.test(
  '3.8.4.2: a merge by ITI-8 has the same effect; the same message again gets the same acknowledgement',
  async (t) => {
    const [a, b] = [idIn(TESTER, 'V-A'), idIn(TESTER, 'V-B')]
    for (const id of [a, b]) t.equal((await sendAdt('tester', adt({ event: 'A01', id }))).code, 'AA')
    const { text, entry } = await submit('tester', { patientId: a })
    t.ok(isSuccess(text))
    const message = adt({ event: 'A40', id: b, prior: a, controlId: 'V-1', version: '2.5' })
    t.match(await sendAdt('tester', message), { code: 'AA', errors: [] })
    t.match(await sendAdt('tester', message), { code: 'AA', controlId: 'V-1', errors: [] })
    t.match(
      await sendAdt('tester', adt({ event: 'A40', id: b, prior: a })),
      { code: 'AA' },
      'a merged pair changes nothing',
    )
    t.same(await uniqueIds('tester', b), [entry.uniqueId])
    t.same(await network.find('tester', a), [])
    const refused = await sendAdt('tester', adt({ event: 'A40', id: a, prior: b, version: '2.5' }))
    t.match(refused, { code: 'AE', errors: [{ location: 'PID^1^3', code: '204', severity: 'E' }] })
    const { rows } = await pool.query(
      `select j.door, j.endpoint, e.type_code, e.action from journal.exchange j join audit.event e using (exchange_id)
     where j.message_id = 'V-1' order by e.event_id limit 2`,
    )
    t.same(rows, [
      { door: 'mllp', endpoint: 'mllp/pix', type_code: 'ITI-8', action: 'D' },
      { door: 'mllp', endpoint: 'mllp/pix', type_code: 'ITI-8', action: 'U' },
    ])
  },
)

t.test('3.8.4.1.2: the answer speaks the version of the sender, and tells where it is wrong', async (t) => {
  const connection = await network.feed('tester')
  t.teardown(connection.close)
  const bytes = await connection.send(adt({ event: 'A08', id: idIn(TESTER, 'NOBODY'), controlId: 'R-1' }))
  const [msh, msa, err] = bytes.toString('utf8').split('\r')
  t.match(msh, /\|ACK\^A08\|[^|]+\|P\|2\.3\.1\|/)
  t.match(msa, /^MSA\|AE\|R-1\|The patient identifier or its domain is not known.*journal/)
  t.equal(err, 'ERR|PID^1^3^204')
  for (const event of ['A31', 'A28'])
    t.equal(readAck(await connection.send(adt({ event, id: idIn(TESTER, 'X') }))).code, 'AR', event)
  t.equal(readAck(await connection.send(adt({ event: 'A04', id: idIn(TESTER, 'X'), version: '2.6' }))).code, 'AR')
  t.equal(readAck(await connection.send(laboratory({ order: '1' }))).errors[0]?.code, '200', 'no result goes here')
})

t.test('3.44.4.1.3: a system without the role may not feed', async (t) => {
  const connection = await network.feed('pharmacy-c')
  t.teardown(connection.close)
  const { code } = readAck(await connection.send(adt({ event: 'A04', id: idIn(DOMAINS['pharmacy-c'], 'R-9') })))
  t.equal(code, 'AR')
})

t.test(
  '3.44.4.1.3: the registry ignores numbers of facilities; the affinity domain is fed by its own source only',
  async (t) => {
    const ignored = await add('hospital-a', idIn(HOSPITAL, 'REG-1'), 'DocumentRegistry')
    t.match(ignored, { code: 'CA', details: [{ type: 'W', code: '204' }] })
    const { rows } = await pool.query(`select 1 from identity.identifier where value = 'REG-1'`)
    t.same(rows, [])
    t.match(await add('hospital-a', idIn(XAD, 'ZZ00000001'), 'DocumentRegistry'), {
      code: 'CE',
      details: [{ code: '204' }],
    })
    t.match(await add('hospital-a', idIn(XAD, 'ZZ00000001')), { code: 'CE' })
    const revised = await revise('tester', idIn(TESTER, 'NEVER'), 'DocumentRegistry')
    t.equal(revised.code, 'CA', 'a revise says nothing that the registry keeps')
  },
)

t.test(
  '3.44.4.3: the affinity domain’s own source adds and merges XAD ids; numbers of facilities go along',
  async (t) => {
    await registerSource('xad-source')
    const [a, b] = [idIn(XAD, 'XA-1'), idIn(XAD, 'XA-2')]
    t.equal((await add('xad-source', a, 'DocumentRegistry')).code, 'CA')
    t.equal((await add('xad-source', b)).code, 'CA', 'at the PIX Manager too')
    const { entry, text } = await submit('tester', { patientId: a })
    t.ok(isSuccess(text), 'the registry knows it')
    await link(a, 'hospital-a', 'C-1')
    await link(b, 'hospital-a', 'C-2')
    await link(a, 'pharmacy-c', 'P-1')
    t.match(await merge('xad-source', { from: a, into: b }, 'DocumentRegistry'), { code: 'CA', details: [] })
    t.same(await uniqueIds('tester', b), [entry.uniqueId])
    t.same(await network.find('tester', a), [])
    t.same(await activeWith(b), ['C-1', 'C-2', 'P-1', 'XA-2'], 'both numbers of the hospital are of one person now')
    const resolved = await merge('hospital-a', { from: idIn(HOSPITAL, 'C-1'), into: idIn(HOSPITAL, 'C-2') })
    t.match(resolved, { code: 'CA', details: [] }, 'the hospital resolves its duplicate afterwards')
    t.same(await activeWith(b), ['C-2', 'P-1', 'XA-2'])
  },
)

/** Values of all active ids of the person who has this one. */
async function activeWith(id: PatientId): Promise<readonly string[]> {
  const { rows } = await pool.query<{ value: string }>(
    `select i.value from identity.identifier i join identity.identifier x using (person_key)
     where x.domain = $1 and x.value = $2 and i.status = 'active' order by i.value`,
    [id.authority, id.value],
  )
  return rows.map(({ value }) => value)
}

t.test('3.44.4.3.3: of two persons whom other sources know, only the record of the source moves', async (t) => {
  const [a, b] = [idIn(HOSPITAL, 'H-1'), idIn(HOSPITAL, 'H-2')]
  for (const id of [a, b]) t.equal((await add('hospital-a', id)).code, 'CA')
  const former = await network.xadForStaff(a)
  await link(former, 'clinic-b', 'C-9')
  const { entry } = await submit('tester', { patientId: former })
  const merged = await merge('hospital-a', { from: a, into: b })
  t.match(merged, { code: 'CA', details: [{ type: 'W', text: /persons of the two numbers were not/ }] })
  t.same(await activeWith(former), ['C-9', former.value].sort())
  t.same(await uniqueIds('tester', former), [entry.uniqueId], 'what is filed under the network’s id stays with it')
  const { answer } = await askPix(await network.as('hospital-a'), a, [])
  t.match(answer, { kind: 'unknown' }, '3.45.4.1.3: the subsumed id is not known any more')
})

t.test('3.44.4.3.3: two numbers nobody else knows become one person, whose other XAD id goes', async (t) => {
  const [a, b] = [idIn(HOSPITAL, 'H-3'), idIn(HOSPITAL, 'H-4')]
  for (const id of [a, b]) await add('hospital-a', id)
  const [from, into] = [await network.xadForStaff(a), await network.xadForStaff(b)]
  const { entry, text } = await submit('tester', { patientId: from })
  t.ok(isSuccess(text))
  t.match(await merge('hospital-a', { from: a, into: b }), { code: 'CA', details: [] })
  const [found] = await network.find('tester', into)
  t.match(found, { uniqueId: entry.uniqueId, patientId: into, sourcePatientId: formatCx(from) })
  t.same(errorCodesOf((await submit('tester', { patientId: from })).text), ['XDSUnknownPatientId'])
})

t.test('the index agrees with itself after all of this', async (t) => {
  t.same(await violations(pool), [])
})
