// Neighbouring communities as data, over the admin API on a real PostgreSQL: terms, states, history, and what may not be said (ITI TF-1 18; idlink U-9).

import t from 'tap'
import { findViewer } from '../../src/db/access-store.ts'
import { findCommunities } from '../../src/db/partner-directory.ts'
import { openAdministration } from './administration.ts'

t.setTimeout(120_000)

const { call, pool, config, audited } = await openAdministration(t)

const COMMUNITY = '2.25.9201'
const URL = 'https://gateway.east.example.jp/xca/responding'
const ASKED = { queryUrl: URL, retrieveUrl: URL }

for (const [index, facilityId] of ['network-east', 'network-west', 'hospital-x'].entries())
  await call('POST', '/facilities', {
    facilityId,
    oid: `2.25.${1000 + index}`,
    name: `架空施設${index}`,
    kind: 'gateway',
    patientDomain: { oid: `2.25.${2000 + index}`, name: facilityId.toUpperCase() },
  })
await call('POST', '/systems', { systemId: 'east-gateway', facilityId: 'network-east', roles: ['xca-partner'] })
await call('POST', '/systems', { systemId: 'ehr-x', facilityId: 'hospital-x', roles: ['document-consumer'] })
await call('POST', '/agreements', {
  title: '広域的利用に係る合意書',
  partnerCommunity: COMMUNITY,
  direction: 'both',
  kinds: ['LAB'],
  validFrom: '2026-01-01T00:00:00+09:00',
  validTo: '2099-01-01T00:00:00+09:00',
})

/** Communities that are asked for a system of hospital-x. */
const askedFor = async (systemId: string) =>
  (await findCommunities(pool, { facilityId: 'hospital-x', systemId })).map(({ facilityId }) => facilityId)
const change = (body: object) => call('PATCH', '/partners/network-east', body)

t.test('what contradicts itself is refused with what would do', async (t) => {
  const refused = [
    [{ queryUrl: URL }, /queryUrl, retrieveUrl/],
    [{ ...ASKED, identity: 'xcpd' }, /identity xcpd: discoveryUrl is required/],
    [{ ...ASKED, identity: 'pix' }, /identity pix: pixUrl is required/],
    [{ queryUrl: 'https://:1', retrieveUrl: URL }, /queryUrl "https:\/\/:1" is no https/],
    [{ queryUrl: 'http://gateway/', retrieveUrl: URL }, /queryUrl.*https/],
    [{ ...ASKED, status: 'test', testSystems: ['nobody'] }, /"nobody" is no system/],
    [{ ...ASKED, queryMs: 1 }, /queryMs 1/],
  ] as const
  for (const [terms, message] of refused)
    t.match(await call('POST', '/partners', { facilityId: 'network-east', community: COMMUNITY, ...terms }), {
      status: 400,
      body: { message, hint: /\S/, ja: /\S/ },
    })
  const ours = config.community.homeCommunityId.replace('urn:oid:', '')
  t.match(
    await call('POST', '/partners', { facilityId: 'network-east', community: ours, ...ASKED }),
    { status: 400, body: { message: /community.*this network itself/, hint: /network/, ja: /自/ } },
    'nobody is a neighbour of its own (ITI TF-1 18.1)',
  )
  t.match(await call('GET', '/partners/network-east'), { status: 404 })
})

t.test('while it is tried a community is asked for the systems that try it, and for nobody else', async (t) => {
  const partner = { facilityId: 'network-east', community: COMMUNITY, ...ASKED, status: 'test' }
  t.match(await call('POST', '/partners', partner), { status: 201 })
  t.match(await call('POST', '/partners', partner), { status: 200 }, 'twice is once')
  t.match(await call('POST', '/partners', { ...partner, queryMs: 500 }), { status: 409 })
  t.match(await call('POST', '/partners', { ...partner, facilityId: 'network-west' }), { status: 409 })
  t.same(await askedFor('ehr-x'), [])
  t.match(await change({ testSystems: ['ehr-x'] }), { status: 200 })
  t.same(await askedFor('ehr-x'), ['network-east'])
  t.same(await askedFor('another'), [])
  t.match(await change({ status: 'active', reason: '試行の完了' }), { status: 200 })
  t.same(await askedFor('another'), ['network-east'])
  t.match(await change({ status: 'paused' }), { status: 200 })
  t.same(await askedFor('ehr-x'), [])
})

t.test('terms are changed member by member, each with a history and an audit event', async (t) => {
  const said = await audited(async () => {
    t.match(await change({ identity: 'xcpd' }), { status: 400, body: { message: /discoveryUrl/ } })
    t.match(await change({ identity: 'xcpd', discoveryUrl: URL, reason: '患者照会の開始' }), { status: 200 })
    t.match(await change({ discoveryUrl: null }), { status: 400 }, 'it is needed for that')
    t.match(await change({ identity: 'none', discoveryUrl: null }), { status: 200 })
    t.match(await change({ retrieveUrl: null }), { status: 400, body: { message: /retrieveUrl/ } })
  })
  t.strictSame(said, [
    `community of network-east identity: xcpd; discoveryUrl: ${URL}`,
    'community of network-east identity: none; discoveryUrl: none',
  ])
  t.match((await call('GET', '/partners/network-east/revisions')).list, [
    { changed: { identity: { from: 'xcpd', to: 'none' }, discoveryUrl: { from: URL, to: null } } },
    { reason: '患者照会の開始', by: 'admin-token' },
  ])
  t.match(await change({}), { status: 400 })
  t.match(await change({ community: '2.25.1' }), { status: 400 }, 'a community stays who it is')
  t.match(await call('PATCH', '/partners/nobody', { status: 'paused' }), { status: 404 })
  t.match(await call('GET', '/partners/nobody/revisions'), { status: 404 })
})

t.test('everything about it is shown in one place, how calls ended by the journal of all processes', async (t) => {
  await pool.query(
    `insert into journal.exchange (exchange_id, at, door, endpoint, transaction, facility_id, peer, patients, result, error_codes, errors, duration_ms, request_bytes)
     values (gen_random_uuid(), now() - interval '2 minutes', 'https', $1, 'ITI-38', 'network-east', 'p', '{}', 'success', '{}', '[]', 1, 1),
            (gen_random_uuid(), now() - interval '1 minute', 'https', $1, 'ITI-38', 'network-east', 'p', '{}', 'failure', '{COMMUNITY_UNAVAILABLE}',
             '[{"code":"COMMUNITY_UNAVAILABLE","rule":"ECONNREFUSED"}]', 1, 1)`,
    [URL],
  )
  t.match(await call('GET', '/partners/network-east'), {
    status: 200,
    body: {
      community: COMMUNITY,
      status: 'paused',
      queryMs: 20_000,
      agreements: [{ isRunning: true, direction: 'both' }],
      authorities: [],
      systems: [{ systemId: 'east-gateway', roles: ['xca-partner'], certificates: [] }],
      issuers: [],
      calls: [
        {
          transaction: 'ITI-38',
          lastSuccessAt: /T/,
          lastFailure: 'COMMUNITY_UNAVAILABLE: ECONNREFUSED',
          inTheLastHour: { succeeded: 1, failed: 1 },
        },
      ],
      patients: { linked: 0, theirs: 0, unknownThere: 0, ours: 0 },
    },
  })
})

t.test('what is taken over of a community is of the kinds that its agreements cover together (U-9)', async (t) => {
  const kinds = async () => (await findCommunities(pool, { facilityId: 'hospital-x', systemId: 'ehr-x' }))[0]?.kinds
  const agree = (more: object) =>
    call('POST', '/agreements', {
      title: '追加の合意書',
      partnerCommunity: COMMUNITY,
      direction: 'incoming',
      validFrom: '2026-01-01T00:00:00+09:00',
      validTo: '2099-01-01T00:00:00+09:00',
      ...more,
    })
  await change({ status: 'active' })
  t.same(await kinds(), ['LAB'])
  await agree({ kinds: ['MEDICATION', 'LAB'] })
  await agree({ kinds: ['REPORT'], direction: 'outgoing' })
  t.same(await kinds(), ['LAB', 'MEDICATION'], 'what they may see of ours is another matter')
  const { body } = await agree({ title: 'すべて' })
  t.equal(await kinds(), undefined, 'one covers all')
  await call('POST', `/agreements/${body.agreementId}/end`, { reason: '終了' })
  t.same(await kinds(), ['LAB', 'MEDICATION'])
})

t.test('a deviation is taken from a day to a day, with a reason, and no longer', async (t) => {
  const path = '/partners/network-east/tolerances'
  const inForce = async () =>
    (await findCommunities(pool, { facilityId: 'hospital-x', systemId: 'ehr-x' }))[0]?.tolerances ?? []
  const add = (body: object) => call('POST', path, { reason: '改修予定', ...body })
  await change({ status: 'active' })
  const day = (days: number) => new Date(Date.now() + (days * 24 + 9) * 3_600_000).toISOString().slice(0, 10)
  const refused = [
    [{ tolerance: 'everything' }, /tolerance "everything".*action-of-registry/],
    [{ tolerance: 'home-without-urn', since: '2026-02-30' }, /2026-02-30 is no day/],
    [{ tolerance: 'home-without-urn', since: day(1), until: day(0) }, /lies before since/],
    [{ tolerance: 'home-without-urn', reason: '' }, /reason/],
  ] as const
  for (const [body, message] of refused) t.match(await add(body), { status: 400, body: { message, ja: /\S/ } })
  const said = await audited(async () => {
    t.match(await add({ tolerance: 'home-without-urn', until: day(0) }), { status: 201, body: { since: day(0) } })
    t.match(await add({ tolerance: 'home-without-urn', until: day(0) }), { status: 200 })
    t.match(await add({ tolerance: 'objects-without-home', since: day(1) }), { status: 201 })
    t.match(await add({ tolerance: 'without-relates-to', since: day(-9), until: day(-1) }), { status: 201 })
  })
  t.match(said, [
    `home-without-urn of the community of network-east tolerated from ${day(0)} to ${day(0)}`,
    /from/,
    /to/,
  ])
  t.same(await inForce(), ['home-without-urn'])
  const { list } = await call('GET', path)
  t.match(list, [
    { tolerance: 'without-relates-to', state: 'ended' },
    { tolerance: 'objects-without-home', state: 'not yet' },
    {
      tolerance: 'home-without-urn',
      state: 'in force',
      section: 'ITI TF-3 4.2.3.2.12',
      ja: /urn:oid:/,
      reason: '改修予定',
    },
  ])
  t.match((await call('GET', '/partners/network-east')).body, {
    tolerances: [{ state: 'not yet' }, { state: 'in force' }],
  })
  t.match(await call('DELETE', `${path}/${list[2]?.toleranceId}`), { status: 200 })
  t.match(await call('DELETE', `${path}/${list[2]?.toleranceId}`), { status: 200 })
  t.same(await inForce(), [])
  t.match(await call('DELETE', `${path}/999999`), { status: 404 })
  t.match(await call('DELETE', `/partners/network-west/tolerances/${list[1]?.toleranceId}`), { status: 404 })
  t.match(await call('POST', '/partners/network-west/tolerances', { tolerance: 'home-without-urn', reason: 'x' }), {
    status: 404,
  })
  t.match(await call('GET', '/partners/network-west/tolerances'), { status: 404 })
})

t.test('a community that is removed is shown nothing and is never a facility like any other', async (t) => {
  const unions = async () =>
    (await findViewer(pool, { facilityId: 'network-east', networkMode: 'consent' }))?.rules?.unions
  t.equal((await unions())?.length, 2, 'its agreements let it see')
  t.match(await call('DELETE', '/partners/network-east'), { status: 400 })
  t.match(await call('DELETE', '/partners/network-east', { reason: '連携の終了' }), { status: 200 })
  t.match(await call('DELETE', '/partners/network-east', { reason: '連携の終了' }), { status: 200 })
  t.same(await unions(), [])
  t.same(await askedFor('ehr-x'), [])
  t.match(await call('GET', '/partners/network-east'), { body: { status: 'removed' } })
  t.match(await change({ status: 'active' }), { status: 404 })
  const { rowCount } = await pool.query(`select from access.partner where facility_id = 'network-east'`)
  t.equal(rowCount, 1, 'consents that are not for sharing beyond the network go on naming nobody towards it')
  t.match(await call('DELETE', '/partners/nobody', { reason: 'x' }), { status: 404 })
  const other = { facilityId: 'network-west', community: COMMUNITY, ...ASKED }
  t.match(await call('POST', '/partners', other), { status: 201 }, 'another facility may stand for it now')
  const again = { facilityId: 'network-east', community: COMMUNITY, ...ASKED }
  t.match(await call('POST', '/partners', again), { status: 409 })
  t.match(await call('DELETE', '/partners/network-west', { reason: '連携の終了' }), { status: 200 })
  t.match(await call('POST', '/partners', again), { status: 201 }, 'it comes back')
  t.same(await askedFor('ehr-x'), ['network-east'])
  t.match((await call('GET', '/partners/network-east/revisions')).list[0], {
    changed: { status: { from: 'removed', to: 'active' } },
  })
})
