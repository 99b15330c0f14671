// Repositories of the network apart from this server as data, over the admin API on a real PostgreSQL (ITI TF-2 3.43; docs/federation.md).

import t from 'tap'
import { openAdministration } from './administration.ts'

t.setTimeout(120_000)

const { call, config, audited } = await openAdministration(t)

const ID = '2.25.9301'
const URL = 'https://repository.hospital-x.example.jp/xds/repository'
const REPOSITORY = { repositoryUniqueId: ID, url: URL }

t.test('what cannot be one is refused with what would do', async (t) => {
  const refused = [
    [{ ...REPOSITORY, repositoryUniqueId: config.repository.uniqueId }, /the repository of this server/],
    [{ ...REPOSITORY, url: 'http://repository/' }, /url.*https/],
    [{ ...REPOSITORY, url: 'https://:1' }, /url "https:\/\/:1" is no https/],
    [{ ...REPOSITORY, repositoryUniqueId: 'urn:oid:2.25.1' }, /repositoryUniqueId/],
    [{ ...REPOSITORY, retrieveMs: 1 }, /retrieveMs 1/],
  ] as const
  for (const [body, message] of refused)
    t.match(await call('POST', '/repositories', body), { status: 400, body: { message, hint: /\S/, ja: /\S/ } })
  t.match(await call('POST', '/repositories', { ...REPOSITORY, facilityId: 'nobody' }), { status: 404 })
  t.match(await call('GET', `/repositories/${ID}/revisions`), { status: 404 })
})

t.test('added, changed, paused and removed, each with a history and an audit event', async (t) => {
  const said = await audited(async () => {
    t.match(await call('POST', '/repositories', REPOSITORY), { status: 201 })
    t.match(await call('POST', '/repositories', REPOSITORY), { status: 200 }, 'twice is once')
    t.match(await call('POST', '/repositories', { ...REPOSITORY, retrieveMs: 500 }), { status: 409 })
    const changed = await call('PATCH', `/repositories/${ID}`, { status: 'paused', reason: '保守作業' })
    t.match(changed, { status: 200 })
    t.match(await call('PATCH', `/repositories/${ID}`, { facilityId: 'nobody' }), { status: 404 })
    t.match(await call('PATCH', `/repositories/${ID}`, { url: 'https://:1' }), { status: 400 })
  })
  t.strictSame(said, [`repository ${ID} is at ${URL}`, `repository ${ID} status: paused`])
  t.match((await call('GET', '/repositories')).list, [
    { ...REPOSITORY, status: 'paused', retrieveMs: 120_000, addedBy: 'admin-token', changedBy: 'admin-token' },
  ])
  t.match(await call('DELETE', `/repositories/${ID}`, { reason: '廃止' }), { status: 200 })
  t.match(await call('DELETE', `/repositories/${ID}`, { reason: '廃止' }), { status: 404 })
  t.strictSame((await call('GET', '/repositories')).list, [])
  t.match((await call('GET', `/repositories/${ID}/revisions`)).list, [
    { reason: '廃止', changed: { status: { from: 'paused', to: 'removed' } } },
    { reason: '保守作業', changed: { status: { from: 'active', to: 'paused' } } },
  ])
})
