// Connections that we open: certificate, key and authorities are read again when they are others, and only then (ITI TF-2 3.19).

import { createSecureContext, type SecureContextOptions } from 'node:tls'
import t from 'tap'
import { keptContext } from '../../src/http/outgoing-tls.ts'

t.test('the same material is read once; another certificate, key or authority at the next connection', async (t) => {
  const read: SecureContextOptions[] = []
  const contextOf = keptContext((options) => {
    read.push(options)
    return createSecureContext({})
  })
  const [cert, key, file] = [Buffer.from('certificate'), Buffer.from('key'), Buffer.from('authority')]
  const first = contextOf({ cert, key, ca: [file, 'of the facility'] })
  t.equal(contextOf({ cert, key, ca: [file, 'of the facility'] }), first, 'in a new list')
  t.equal(read.length, 1)
  const changes: readonly SecureContextOptions[] = [
    { cert: Buffer.from('renewed'), key, ca: [file, 'of the facility'] },
    { cert, key: Buffer.from('renewed'), ca: [file, 'of the facility'] },
    { cert, key, ca: [file] },
    { cert, key, ca: [file, 'another'] },
    { cert, key, ca: [file, 'another'], minVersion: 'TLSv1.3' },
    { cert, key, ca: [file, 'another'] },
  ]
  for (const [place, change] of changes.entries()) {
    t.not(contextOf(change), first)
    t.equal(read.length, place + 2, `change ${place}`)
  }
})
