// Refused certificates are recorded once a minute for certificate and address, and none of them is lost from the count (ITI TF-2 3.20).

import t, { type Test } from 'tap'
import { type DoorPorts, newExchange } from '../../src/http/door.ts'
import { createRefusalRecorder } from '../../src/http/refusal-recorder.ts'
import { eventually } from '../faults/support.ts'
import { quietPorts } from './door-ports.ts'

function open(_t: Test, togetherMs?: number) {
  const reasons: string[] = []
  const ports: DoorPorts = {
    ...quietPorts,
    recorder: {
      record: async ({ events, entries }) => {
        if (events.length !== 1 || entries.length !== 1)
          throw new Error('one event and one journal line belong together')
        reasons.push(...events.map(({ reason = '' }) => reason))
      },
    },
  }
  const recorder = createRefusalRecorder(ports, togetherMs)
  const refused = (peer: string, refusal: { readonly reason: string; readonly fingerprint?: string }) =>
    recorder.refused(newExchange({ door: 'https', endpoint: 'x', peer, transaction: 'unknown' }), refusal)
  return { reasons, refused, close: recorder.close }
}

const revoked = { reason: 'revoked; fingerprint AA', fingerprint: 'AA' }

t.test('the first is written at once, those that follow with a count', async (t) => {
  const { reasons, refused, close } = open(t)
  for (let port = 1000; port < 1005; port += 1) await refused(`192.0.2.1:${port}`, revoked)
  t.strictSame(reasons, [revoked.reason])
  await close()
  t.strictSame(reasons, [revoked.reason, `${revoked.reason}; 4 more within 60 s`])
})

t.test('another certificate, another address and another reason without a certificate are apart', async (t) => {
  const { reasons, refused, close } = open(t)
  await refused('192.0.2.1:1', revoked)
  await refused('192.0.2.1:2', { reason: 'revoked; fingerprint BB', fingerprint: 'BB' })
  await refused('192.0.2.2:3', revoked)
  await refused('[2001:db8::1]:4', revoked)
  await refused('192.0.2.1:5', { reason: 'no client certificate' })
  await refused('192.0.2.1:6', { reason: 'forwarded certificate' })
  await close()
  t.equal(reasons.length, 6)
})

t.test('when the minute is over the count is written, and the next one is a first one again', async (t) => {
  const { reasons, refused, close } = open(t, 50)
  await refused('192.0.2.1:1', revoked)
  await refused('192.0.2.1:2', revoked)
  t.ok(await eventually(async () => reasons.length === 2, 5000))
  t.match(reasons[1], /; 1 more within 0\.05 s$/)
  await refused('192.0.2.1:3', revoked)
  t.equal(reasons[2], revoked.reason)
  await close()
  t.equal(reasons.length, 3)
})

t.test('strangers of ever new addresses are counted as one from a bound on', { timeout: 60_000 }, async (t) => {
  const { reasons, refused, close } = open(t)
  for (let index = 0; index < 10_100; index += 1)
    await refused(`2001:db8::${index.toString(16)}:1`, { reason: 'no client certificate' })
  t.equal(reasons.length, 10_001)
  await close()
  t.match(reasons.at(-1), /further addresses; 99 more/)
})

t.test('an address that shows ever new certificates fills no disk: the further ones are one record', async (t) => {
  const { reasons, refused, close } = open(t)
  const show = (peer: string, index: number) =>
    refused(peer, { reason: `unknown ${index}`, fingerprint: String(index) })
  for (let index = 0; index < 500; index += 1) await show('192.0.2.1:1', index)
  t.equal(reasons.length, 101)
  await show('192.0.2.2:1', 1)
  t.equal(reasons.length, 102, 'another address is recorded')
  await close()
  t.match(reasons.at(-1), /^strangers with further certificates; 399 more/)
  await show('192.0.2.1:1', 1)
  t.equal(reasons.at(-1), 'unknown 1', 'afterwards it begins anew')
})
