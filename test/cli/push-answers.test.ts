// tsunagi push over MLLP to a server that answers in enhanced mode: two acknowledgements for what it takes, one for what it refuses (HL7 v2.5 2.9.3).

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { isAccepted } from '../../src/cli/push/deliver.ts'
import { ownAnswers } from '../../src/cli/push/own-answers.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { connectMllp } from '../../src/mllp/client.ts'
import { createMllpServer } from '../../src/mllp/server.ts'
import { createTestPki } from '../mllp/pki.ts'

const HOST = '127.0.0.1'
const pki = await createTestPki()

const header = (type: string, id: string) => `MSH|^~\\&|||||20260401090000||${type}|${id}|P|2.5`
const message = (id: string) => Buffer.from(`${header('ADT^A08', id)}|||AL|AL\rPID|1\r`)
const ack = (code: string, id: string) => Buffer.from(`${header('ACK', 'A')}\rMSA|${code}|${id}\r`)

t.test('what is refused is told as refused, whatever the message before it was told last', async (t) => {
  const server = createMllpServer({
    tls: { ...pki.server, ca: pki.ca },
    admit: async () => true,
    handler: async (bytes) => {
      const id = bytes.toString().split('|')[9] ?? ''
      // The application acknowledgement may be there before the next message is sent, or come behind it.
      if (id.startsWith('slow')) await delay(20)
      return id.endsWith('refused') ? ack('CE', id) : [ack('CA', id), ack('AA', id)]
    },
  })
  const port = await server.listen(0, HOST)
  t.teardown(() => server.close())
  const connection = ownAnswers(await connectMllp({ host: HOST, port, tls: { ...pki.client, ca: pki.ca } }))
  t.teardown(() => connection.close())
  const told: (readonly [id: string, accepted: boolean])[] = []
  for (const id of ['one', 'two refused', 'slow three', 'slow four refused', 'five', 'five']) {
    const answer = readAck(await connection.send(message(id)))
    told.push([answer.controlId, isAccepted(answer)])
  }
  t.strictSame(told, [
    ['one', true],
    ['two refused', false],
    ['slow three', true],
    ['slow four refused', false],
    ['five', true],
    ['five', true],
  ])
})
