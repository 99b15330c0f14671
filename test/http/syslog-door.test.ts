// The door for audit records of other systems, where it closes while a sender ends its connection (RFC 5425, 4.4; docs/adr/0037).

import t, { type Test } from 'tap'
import type { ReceivedEvent } from '../../src/audit/received.ts'
import { openAuditLine } from '../../src/http/audit-line.ts'
import { createLiveSockets } from '../../src/http/live-sockets.ts'
import { createSyslogDoor, type SyslogDoorOptions } from '../../src/http/syslog-door.ts'
import type { CallingSystem } from '../../src/model/caller.ts'
import { eventually } from '../faults/support.ts'
import { createTestPki } from '../mllp/pki.ts'
import { quietPorts } from './door-ports.ts'

const pki = await createTestPki()
const RECORD = Buffer.from('<85>1 - - - - - - record')

const system = {
  systemId: 'sender',
  facilityId: 'hospital-a',
  roles: new Set(['audit-source']),
} as unknown as CallingSystem
const event = { patients: [], objects: {} } as unknown as ReceivedEvent

async function opened(t: Test, keep: SyslogDoorOptions['keep']) {
  const door = createSyslogDoor({
    ports: quietPorts,
    tls: { ...pki.server, ca: pki.ca },
    sockets: createLiveSockets(),
    judge: () => ({ kind: 'trusted' }),
    findSystem: async () => ({ system, certificate: 'active', active: 'yes' }),
    revision: () => 0,
    read: () => event,
    keep,
    limits: { idleTimeoutMs: 10_000, connections: 10, connectionsPerCertificate: 10, connectionsPerStranger: 10 },
  })
  const port = await door.listen(0, 'localhost')
  const tls = { ca: pki.ca, ...pki.client }
  const line = await openAuditLine({ host: 'localhost', port, tls }, new AbortController().signal)
  t.teardown(line.destroy)
  return { door, line }
}

/** Keeping that ends when the test says how. */
function keeping() {
  let isAtWork = false
  let [kept, failed] = [(): void => {}, (_: Error): void => {}]
  const promise = new Promise<void>((resolve, reject) => {
    kept = resolve
    failed = reject
  })
  const keep = (): Promise<void> => {
    isAtWork = true
    return promise
  }
  return { keep, kept, failed, begun: () => eventually(async () => isAtWork, 10_000) }
}

t.test('a sender is not told that all was kept while that is still to be seen', async (t) => {
  const { keep, failed, begun } = keeping()
  const { door, line } = await opened(t, keep)
  await line.write([RECORD])
  t.ok(await begun())
  const told = line.finish().then(
    () => 'all was kept',
    () => 'it broke',
  )
  const closed = door.close()
  // Nothing is waited for here that comes: either the door has said it by now, or it will not.
  await Promise.race([told, eventually(async () => false, 300)])
  failed(new Error('the database is away'))
  t.equal(await told, 'it broke')
  await closed
})

t.test(
  'what was kept is confirmed while the door closes, and who brings nothing is told to go elsewhere',
  async (t) => {
    const { keep, kept, begun } = keeping()
    const { door, line } = await opened(t, keep)
    await line.write([RECORD])
    t.ok(await begun())
    const told = line.finish()
    const closed = door.close()
    kept()
    await t.resolves(told)
    await closed

    const other = await opened(t, async () => {})
    const left = other.door.close()
    t.match(await other.line.broken, { code: 'ECONNRESET' })
    other.line.destroy()
    await left
  },
)
