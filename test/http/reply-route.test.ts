// Who is answered where: ReplyTo and FaultTo against the addresses the operator allows (ITI TF-2 Appendix V.3.3; hardening: SSRF).

import t from 'tap'
import { type AllowedAddress, parseAllowedAddress, routeOf } from '../../src/http/reply-route.ts'
import { IheError } from '../../src/model/error.ts'

const WSA = 'http://www.w3.org/2005/08/addressing'
const MESSAGE = { messageId: 'urn:uuid:1' }

function outcome(
  message: { readonly replyTo?: string; readonly faultTo?: string; readonly messageId?: undefined },
  { system = 'clinic-b', allowed = [] }: { readonly system?: string; readonly allowed?: readonly string[] } = {},
): string {
  const entries: readonly AllowedAddress[] = allowed.map(parseAllowedAddress)
  try {
    const given = 'messageId' in message ? { replyTo: message.replyTo } : { ...MESSAGE, ...message }
    const route = routeOf(given as Parameters<typeof routeOf>[0], { systemId: system, allowed: entries })
    return route.kind === 'address' ? `${route.replyTo.href} ${route.faultTo?.href}` : route.kind
  } catch (error) {
    if (error instanceof IheError) return `${error.row.code} ${error.at?.split('/')[2]}`
    throw error
  }
}

t.test('WS-Addressing Core, 2.1: no address, anonymous and none', async (t) => {
  t.equal(outcome({}), 'connection')
  t.equal(outcome({ replyTo: `${WSA}/anonymous` }), 'connection')
  t.equal(outcome({ replyTo: `${WSA}/anonymous`, faultTo: `${WSA}/none` }), 'connection')
  t.equal(outcome({ replyTo: `${WSA}/none` }), 'nowhere')
  t.equal(outcome({ replyTo: `${WSA}/none`, faultTo: `${WSA}/anonymous` }), 'nowhere')
})

const URL_1 = 'https://ehr.example.jp/answers?x=1'

t.test('nothing is sent anywhere unless the operator allows it', async (t) => {
  t.equal(outcome({ replyTo: URL_1 }), 'WSA_REPLY_TO ReplyTo')
  t.equal(outcome({ replyTo: URL_1 }, { allowed: ['ehr.example.jp'] }), `${URL_1} ${URL_1}`)
  t.equal(outcome({ replyTo: `${URL_1}#part` }, { allowed: ['ehr.example.jp'] }), `${URL_1} ${URL_1}`)
  t.equal(outcome({ replyTo: URL_1 }, { allowed: ['EHR.example.JP:443'] }), `${URL_1} ${URL_1}`)
  t.equal(outcome({ replyTo: URL_1 }, { allowed: ['*.example.jp:*'] }), `${URL_1} ${URL_1}`)
  t.equal(outcome({ replyTo: URL_1 }, { allowed: ['clinic-b@ehr.example.jp'] }), `${URL_1} ${URL_1}`)
  t.equal(
    outcome({ replyTo: 'https://[::1]:8443/' }, { allowed: ['[::1]:8443'] }),
    'https://[::1]:8443/ https://[::1]:8443/',
  )
  for (const allowed of [
    'example.jp',
    'hr.example.jp',
    'ehr.example.jp:8443',
    'hospital-a@ehr.example.jp',
    '*.ehr.example.jp',
  ])
    t.equal(outcome({ replyTo: URL_1 }, { allowed: [allowed] }), 'WSA_REPLY_TO ReplyTo', allowed)
})

t.test('hardening, SSRF: addresses that only look like an allowed one', async (t) => {
  const allowed = ['ehr.example.jp', '*.clinic.example.jp']
  for (const replyTo of [
    'http://ehr.example.jp/answers',
    'https://ehr.example.jp:8443/answers',
    'https://ehr.example.jp@127.0.0.1/',
    'https://user:secret@ehr.example.jp/',
    'https://ehr.example.jp.evil.example.org/',
    'https://clinic.example.jp/',
    'https://evilclinic.example.jp/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://[::ffff:127.0.0.1]/',
    'file:///etc/passwd',
    'urn:uuid:0f6bb8d5-2d5e-4c58-9a0c-0d1f1f6f8a11',
  ])
    t.equal(outcome({ replyTo }, { allowed }), 'WSA_REPLY_TO ReplyTo', replyTo.slice(0, 60))
})

t.test('WS-Addressing SOAP Binding, 6.4.1: an address that is none is an invalid header', async (t) => {
  const allowed = ['ehr.example.jp']
  for (const address of ['ehr.example.jp', 'https://', `https://ehr.example.jp/${'a'.repeat(1024)}`]) {
    t.equal(outcome({ replyTo: address }, { allowed }), 'WSA_INVALID_HEADER ReplyTo', address.slice(0, 40))
    t.equal(outcome({ replyTo: URL_1, faultTo: address }, { allowed }), 'WSA_INVALID_HEADER FaultTo')
  }
})

t.test('ITI TF-2 Appendix V.3.3: faults go to FaultTo, else to ReplyTo', async (t) => {
  const allowed = ['ehr.example.jp', 'faults.example.jp']
  const faults = 'https://faults.example.jp/'
  t.equal(outcome({ replyTo: URL_1, faultTo: URL_1 }, { allowed }), `${URL_1} ${URL_1}`)
  t.equal(outcome({ replyTo: URL_1, faultTo: faults }, { allowed }), `${URL_1} ${faults}`)
  t.equal(outcome({ replyTo: URL_1, faultTo: `${WSA}/none` }, { allowed }), `${URL_1} undefined`)
  t.equal(
    outcome({ replyTo: URL_1, faultTo: `${WSA}/anonymous` }, { allowed }),
    `${URL_1} ${URL_1}`,
    'the connection is gone',
  )
  t.equal(outcome({ replyTo: URL_1, faultTo: 'https://other.example.org/' }, { allowed }), 'WSA_REPLY_TO FaultTo')
  t.equal(outcome({ faultTo: faults }, { allowed }), 'WSA_REPLY_TO FaultTo', 'answers here, faults there')
  t.equal(outcome({ replyTo: `${WSA}/none`, faultTo: faults }, { allowed }), 'WSA_REPLY_TO FaultTo')
})

t.test('WS-Addressing Core, 3.3: an answer elsewhere needs a MessageID to relate to', async (t) => {
  const allowed = ['ehr.example.jp']
  t.equal(outcome({ replyTo: URL_1, messageId: undefined }, { allowed }), 'WSA_MESSAGE_ID_MISSING MessageID')
})
