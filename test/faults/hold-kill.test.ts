// The server is killed with -9 while it files held messages: each is filed once, in its order, and none is left or lost
// (storeclient H step 14; reliability: promises P1, P4).

import t from 'tap'
import { startServer } from '../../src/app.ts'
import { rowsOf } from '../../src/cli/admin-client.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { laboratory } from './messages.ts'
import { configFor, demoDirectory, eventually, networkOf, SILENT, startChild } from './support.ts'

t.setTimeout(240_000)

const MESSAGES = 60
const KILLS = 2
/** A killed server's jobs are free after 20 s. */
const RELEASED_WITHIN_MS = 90_000
const NUMBER = '8800000001'

const dataDir = await demoDirectory(t)
let child = await startChild(dataDir)
t.teardown(() => child.server.stop())

const orderOf = (index: number): string => `00000088${String(index).padStart(7, '0')}`
const open = async (): Promise<number> => {
  const network = networkOf(child.server)
  const held = rowsOf((await network.admin.get('/held?limit=1000')).body)
  await network.close()
  return held.length
}

t.test('held messages survive the server and are filed once each, however often it is killed', async (t) => {
  const network = networkOf(child.server)
  await network.admin.patch('/facilities/hospital-a/contract', { unlinked: 'hold' })
  const connection = await network.mllp('hospital-a')
  for (let index = 0; index < MESSAGES; index += 1) {
    // The last one sent is the oldest by MSH-7.
    const second = String(59 - (index % 60)).padStart(2, '0')
    const message = laboratory({ order: orderOf(index), localId: NUMBER, sentAt: `202602011200${second}` })
    t.equal(readAck(await connection.send(message)).errors[0]?.application, 'SC-PATIENT')
  }
  await connection.close()
  await network.close()
  await child.kill()
  child = await startChild(dataDir)
  t.equal(await open(), MESSAGES, 'what was answered is kept')
  await link()
  for (let kills = 0; kills < KILLS; kills += 1) {
    const before = await open()
    await eventually(async () => (await open()) < before, RELEASED_WITHIN_MS)
    t.comment(`killed with ${await open().catch(() => -1)} of ${MESSAGES} held`)
    await child.kill()
    child = await startChild(dataDir)
  }
  t.ok(await eventually(async () => (await open()) === 0, RELEASED_WITHIN_MS), 'all are filed')
  await child.server.stop()
  const server = await startServer(configFor(dataDir), { log: SILENT })
  t.teardown(server.stop)
  const rows = async (statement: string) => (await server.pool.query(statement)).rows
  const entries = await rows(
    `select split_part(reference_ids[1], '^', 1) as order from registry.document_entry
     where reference_ids[1] like '00000088%' order by 1`,
  )
  t.same(
    entries.map(({ order }) => order),
    Array.from({ length: MESSAGES }, (_, index) => orderOf(index)),
    'each once',
  )
  t.same(await rows(`select state, count(*)::int from journal.withheld where number = '${NUMBER}' group by 1`), [
    { state: 'released', count: MESSAGES },
  ])
  t.same(
    await rows(`select result, count(*)::int from journal.exchange where door = 'job' group by 1`),
    [{ result: 'success', count: MESSAGES }],
    'each journalled once',
  )
  const [order] = await rows(
    `select array_agg(sent_at order by ended_at, withheld_id) = array_agg(sent_at order by sent_at, withheld_id) as kept
     from journal.withheld where number = '${NUMBER}'`,
  )
  t.ok(order?.kept, 'in the order of MSH-7')
})

/** Consent before the link, as staff register a patient (idlink C-2). */
async function link(): Promise<void> {
  const network = networkOf(child.server)
  const { body } = await network.admin.post('/patients', {
    demographics: {
      names: [{ representation: 'SYL', family: 'ミホン', given: 'ハナコ' }],
      birthTime: '19620930',
      sex: 'F',
      addresses: [],
      telecoms: [],
    },
  })
  const { xad } = body as { readonly xad: string }
  await network.admin.post(`/patients/${xad}/consents`, { kind: 'comprehensive' })
  await network.admin.post(`/patients/${xad}/links`, { facilityId: 'hospital-a', id: NUMBER, reason: 'sheet' })
  await network.close()
}
