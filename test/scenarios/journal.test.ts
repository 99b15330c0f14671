// A vendor's system looks up by its journal id why a message was refused, on a real server over mutual TLS; nobody else finds it (docs/journal.md).

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { Agent, request } from 'undici'
import { readCredentials } from '../../src/cli/credentials.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import { run } from '../cli/fake-door.ts'
import { laboratory } from '../faults/messages.ts'
import { eventually } from '../faults/support.ts'
import { startScenario } from './harness.ts'

t.setTimeout(120_000)

const scenario = await startScenario(t)
const { server, pool } = scenario
const { httpsUrl, managementUrl } = localAddresses(server)
const ER7 = 'x-application/hl7-v2+er7'
const SOAP = 'application/soap+xml; charset=UTF-8; action="urn:ihe:iti:2007:RegistryStoredQuery"'

const agents = new Map<string, Agent>()
t.teardown(() => Promise.all([...agents.values()].map((agent) => agent.destroy())))

async function agentOf(system: string): Promise<Agent> {
  const { ca, key, cert } = await readCredentials(server.config, system)
  const agent = agents.get(system) ?? new Agent({ connect: { ca, key, cert }, connections: 4 })
  agents.set(system, agent)
  return agent
}

async function look(system: string, path: string, accept = 'application/json') {
  const dispatcher = await agentOf(system)
  const { statusCode, headers, body } = await request(`${httpsUrl}${path}`, { dispatcher, headers: { accept } })
  const text = await body.text()
  return { status: statusCode, headers, text, json: text.startsWith('{') ? JSON.parse(text) : {} }
}

/** A message that is not linked is not kept; one whose kind is not agreed is. */
const unreadable = laboratory({ order: '700000000000001' }).toString('latin1').replace('|P|2.5|', '|P|9.9|')
const refusal = await scenario.httpsPost('hospital-a', '/storeclient', {
  type: ER7,
  body: Buffer.from(unreadable, 'latin1'),
})
const journalId = /journal ([0-9a-f-]{36})/.exec(refusal.body.toString('latin1'))?.[1] ?? 'none'
const path = `/journal/${journalId}`
const isKept = async () => ((await look('hospital-a', path)).json.messages ?? []).length === 2

t.test('the sender finds its refusal by the id in the answer, with the message as it arrived', async (t) => {
  t.ok(await eventually(isKept, 10_000), 'request and answer are kept')
  const { status, json, headers } = await look('hospital-a', path)
  t.equal(status, 200)
  t.equal(headers['cache-control'], 'no-store')
  t.match(json, {
    journalId,
    result: 'failure',
    systemId: 'hospital-a',
    errors: [{ code: 'HL7_VERSION', at: 'MSH-12', value: '9.9', hint: /./, ja: /[ぁ-ん]/ }],
    messages: [
      { direction: 'request', sight: 'open', form: 'hl7v2', raw: Buffer.from(unreadable, 'latin1').toString('base64') },
      { direction: 'answer', sight: 'masked', title: /^ACK/ },
    ],
  })
  t.match(JSON.stringify(json.messages[0].tables), /見本\^花子/, 'decoded from ISO-2022-JP')
})

t.test('as text it says what to do, in both languages', async (t) => {
  const { text, headers } = await look('hospital-a', path, 'text/plain')
  t.match(headers['content-type'], /text\/plain; charset=UTF-8/i)
  for (const piece of [journalId, 'HL7_VERSION', 'MSH-12', '9.9', 'what would do / 対処', 'Patient name', '患者氏名'])
    t.ok(text.includes(piece), piece)
})

t.test('to any other system it is as if it were not there, like an id of nobody', async (t) => {
  const foreign = await look('clinic-b', path)
  const none = await look('clinic-b', '/journal/019a0000-0000-7000-8000-000000000000')
  t.equal(foreign.status, 404)
  t.same(foreign.json, none.json)
  t.match((await look('clinic-b', '/journal?code=HL7_VERSION')).json, { entries: [] })
  t.match((await look('clinic-b', '/journal?system=hospital-a')).status, 400, 'whose is not to be asked')
})

t.test('a system lists its own, by what it knows of the message', async (t) => {
  const found = async (query: string) =>
    ((await look('hospital-a', `/journal?${query}`)).json.entries as { journalId: string }[]).map(
      (one) => one.journalId,
    )
  t.same(await found('code=HL7_VERSION'), [journalId])
  t.ok((await found('result=failure&limit=10')).includes(journalId))
  t.notOk((await found('result=success')).includes(journalId))
  t.match((await look('hospital-a', '/journal?from=today')).json, {
    code: 'INVALID',
    message: /from/,
    hint: /docs\/journal.md/,
  })
})

t.test('a query of a clinic is whole for the clinic; what it was answered is masked (ITI-18)', async (t) => {
  const values: Readonly<Record<string, string>> = {
    XAD: scenario.tour.xad,
    HTTPS_PORT: String(server.httpsPort),
    AFFINITY: server.config.identity.affinityDomainAuthority,
    UUID: randomUUID(),
  }
  const xml = readFileSync('fixtures/iti-18/find-leaf-class/request.xml', 'utf8').replace(
    /\$\{(\w+)\}/g,
    (_, name: string) => values[name] ?? name,
  )
  await scenario.httpsPost('clinic-b', '/xds/registry', { type: SOAP, body: Buffer.from(xml) })
  const { json } = await look('clinic-b', '/journal?transaction=ITI-18&limit=1')
  const entry = json.entries[0]
  t.match(entry, { transaction: 'ITI-18', patients: [/^•••\^\^\^&/] })
  const messages = async () => (await look('clinic-b', `/journal/${entry.journalId}`)).json.messages ?? []
  t.ok(await eventually(async () => (await messages()).length === 2, 10_000), 'the query is kept')
  const view = (await look('clinic-b', `/journal/${entry.journalId}`)).json
  t.match(view.messages, [
    { direction: 'request', sight: 'open', title: 'AdhocQueryRequest' },
    { direction: 'answer', sight: 'masked', title: 'AdhocQueryResponse' },
  ])
  t.match(view.messages[0].tables[0].title, /FindDocuments/)
})

t.test('looking is audited and leaves no entry of its own', async (t) => {
  const count = async () => (await pool.query('select count(*)::int as n from journal.exchange')).rows[0].n
  const before = await count()
  await look('hospital-a', path)
  t.equal(await count(), before)
  const { rows } = await pool.query(
    `select system_id, event_code, endpoint, reason from audit.event where type_code = 'journal' order by event_id desc limit 1`,
  )
  t.match(rows[0], {
    system_id: 'hospital-a',
    event_code: '110101',
    endpoint: '/journal',
    reason: `journal entry ${journalId}`,
  })
})

t.test('the operator at the command line reads why, and nothing of the patient', async (t) => {
  const here = ['--data-dir', server.config.dataDir, '--set', `management.port=${new URL(managementUrl).port}`]
  const search = await run(['journal', 'search', '--code', 'HL7_VERSION', ...here])
  t.match(search.text, journalId)
  const show = await run(['journal', 'show', journalId, ...here])
  t.equal(show.code, 0, show.err)
  t.match(show.text, /HL7_VERSION[\s\S]*masked \/ マスク表示/)
  t.notMatch(show.text, /花子|19620930/)
  t.match(await run(['journal', 'show', journalId, '--raw', ...here]), { code: 1, err: /--as-me/ })
})

t.test('who looks too often waits', async (t) => {
  const answers = await Promise.all(Array.from({ length: 70 }, () => look('hospital-a', '/journal?limit=1')))
  const late = answers.find(({ status }) => status === 503)
  t.match(late?.json, { code: 'TOO_MANY_REQUESTS' })
  t.ok(late?.headers['retry-after'])
  t.equal((await look('clinic-b', '/journal?limit=1')).status, 200, 'others do not')
})
