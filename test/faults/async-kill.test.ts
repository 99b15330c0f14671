// An asynchronous answer is sent after the commit, and a crash before its delivery loses the answer only (ITI TF-2 Appendix V.3.3; reliability: promises P1 to P4).

import t from 'tap'
import { startReceiver } from '../scenarios/receiver.ts'
import { submissionOf } from './messages.ts'
import { DOMAINS, demoDirectory, eventually, networkOf, startChild } from './support.ts'

t.setTimeout(180_000)

const FLAGS = { 'soap.asyncReplyTo': 'hospital-a@localhost:*' }
const ARRIVES_WITHIN_MS = 30_000

t.test('killed while the receiver is away: stored once, and the same message sent again is answered', async (t) => {
  const dataDir = await demoDirectory(t)
  let child = await startChild(dataDir, FLAGS)
  t.teardown(() => child.kill())
  const before = networkOf(child.server)
  const hanako = await before.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })
  const { provide, entry } = submissionOf({ patientId: hanako, bytes: Buffer.alloc(150_000, 'x') })
  const count = async (network: typeof before): Promise<number> =>
    (await network.find('hospital-a', hanako)).filter(({ uniqueId }) => uniqueId === entry.uniqueId).length

  const away = await startReceiver(t, child.server.config, 503)
  const accepted = await before.soap('hospital-a', { ...provide, replyTo: `${away.url}/answers` })
  t.equal(accepted.status, 202)
  t.ok(await eventually(async () => away.arrived.length > 0, ARRIVES_WITHIN_MS), 'the first try')
  t.equal(await count(before), 1, 'committed before the answer was sent')
  await before.close()
  await child.kill()

  child = await startChild(dataDir, FLAGS)
  const after = networkOf(child.server)
  t.teardown(after.close)
  t.equal(await count(after), 1)
  const back = await startReceiver(t, child.server.config)
  const again = await after.soap('hospital-a', { ...provide, replyTo: `${back.url}/answers` })
  t.equal(again.status, 202)
  t.ok(await eventually(async () => back.arrived.length > 0, ARRIVES_WITHIN_MS), 'the answer to the same MessageID')
  t.match(back.arrived[0]?.envelope, /ResponseStatusType:Success/)
  t.equal(await count(after), 1, 'once')
})
