// Codes by time against the vectors of RFC 6238 B, recovery codes, sessions.

import t from 'tap'
import {
  enrolment,
  isSession,
  newAccessCode,
  newRecoveryCodes,
  newSecret,
  newSession,
  recoveryDigest,
  sessionDigest,
  stepOf,
} from '../../../src/access/accounts/one-time.ts'

/** The secret of the vectors for SHA-1; their eight digits end in our six. */
const SECRET = Buffer.from('12345678901234567890')

t.test('RFC 6238 appendix B', async (t) => {
  for (const [seconds, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ] as const)
    t.equal(stepOf(code, SECRET, seconds * 1000), Math.floor(seconds / 30), code)
})

t.test('a clock may be one step off, not two; full width and spaces are how people type', async (t) => {
  const code = '005924'
  const now = 1_234_567_890_000
  const step = Math.floor(now / 30_000)
  for (const off of [-30_000, 0, 30_000]) t.equal(stepOf(code, SECRET, now + off), step)
  for (const off of [-60_000, 60_000]) t.equal(stepOf(code, SECRET, now + off), undefined)
  t.equal(stepOf('００５ ９２４', SECRET, now), step)
  for (const none of ['', '5924', '0059241', 'abcdef', '005925']) t.equal(stepOf(none, SECRET, now), undefined)
})

t.test('an authenticator reads the address', async (t) => {
  const secret = newSecret()
  t.equal(secret.length, 20)
  t.match(enrolment(secret, 'sato'), {
    secret: /^[A-Z2-7]{32}$/,
    uri: /^otpauth:\/\/totp\/Tsunagi:sato\?issuer=Tsunagi&secret=[A-Z2-7]{32}&algorithm=SHA1&digits=6&period=30$/,
  })
})

t.test('recovery codes are read without case and hyphens, and are one person’s', async (t) => {
  const codes = newRecoveryCodes()
  t.equal(new Set(codes).size, 10)
  const [code = ''] = codes
  t.match(code, /^[2-9a-hjkmnp-z]{5}(-[2-9a-hjkmnp-z]{5}){2}$/)
  const digest = recoveryDigest('sato', code)
  t.ok(recoveryDigest('sato', ` ${code.toUpperCase().replaceAll('-', ' ')}`).equals(digest))
  t.notOk(recoveryDigest('suzuki', code).equals(digest))
})

t.test('sessions are 256 random bits, kept as digests', async (t) => {
  const session = newSession()
  t.ok(isSession(session))
  t.equal(Buffer.from(session, 'base64url').length, 32)
  t.equal(sessionDigest(session).length, 32)
  for (const none of ['', session.slice(1), `${session}A`, `${session.slice(1)}!`]) t.notOk(isSession(none))
  t.match(newAccessCode(), /^[2-9a-hjkmnp-z]{5}(-[2-9a-hjkmnp-z]{5}){3}$/)
})
