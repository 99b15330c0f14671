// --assert: a file that says too little, too much or names a key that is not there is told before anything is sent.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readAssert } from '../../src/cli/assertion.ts'
import { UsageError } from '../../src/cli/failure.ts'
import { makeKey } from '../codec/saml/assertions.ts'

const folder = t.testdir({})
const key = await makeKey('person')
await writeFile(join(folder, 'me.key'), key.key)
await writeFile(join(folder, 'me.crt'), key.pem)
const good = { issuer: 'urn:i', key: 'me.key', certificate: 'me.crt', subject: 'sato' }

async function read(content: unknown): Promise<string> {
  const path = join(folder, 'me.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  try {
    return (await readAssert(path, 'urn:oid:2.25.1'))()
  } catch (error) {
    if (error instanceof UsageError) return error.message.replace(path, 'FILE')
    throw error
  }
}

t.test('the header says who, for the network unless another audience is named', async (t) => {
  t.match(await read(good), /<saml2:Audience>urn:oid:2\.25\.1</)
  t.match(await read({ ...good, audience: 'urn:a' }), /<saml2:Audience>urn:a</)
  t.match(
    await read({ ...good, role: 'nurse', purpose: 'BTG' }),
    /code="nurse"[\s\S]*code="BTG" codeSystem="2\.16\.840/,
  )
  t.match(await read({ ...good, role: '2221@2.25.9', patient: '1^^^&2.25.5&ISO' }), /code="2221" codeSystem="2\.25\.9"/)
})

t.test('what will not do is told in words', async (t) => {
  t.match(await read('{'), /FILE cannot be read as JSON/)
  t.match(await read([]), /FILE needs an object/)
  t.match(await read({ ...good, subject: '' }), /FILE needs subject/)
  t.match(await read({ ...good, password: 'x' }), /FILE: password is not one of issuer/)
  t.match(await read({ ...good, key: 'none.key' }), /none\.key cannot be read/)
  t.match(await read({ ...good, role: 'king' }), /role needs code@system, or one of doctor/)
})
