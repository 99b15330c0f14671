// A server that ends unasked says where and why in kind, and nothing of what a record holds (security: e.34).

import { spawn } from 'node:child_process'
import t from 'tap'
import { crashLine } from '../../src/cli/crash.ts'

t.test('an error of the database is told by name, code and place, without its message and its detail', async (t) => {
  const error = Object.assign(new Error('PLANTED message\n    at PLANTED frame'), {
    code: '23505',
    detail: 'Key (value)=(PLANTED) already exists.',
  })
  const line = crashLine(error)
  t.notMatch(line, 'PLANTED')
  t.match(JSON.parse(line), { cause: 'Error 23505', stack: [/^at .*crash\.test\.ts/], msg: /nobody caught/ })
  t.match(JSON.parse(crashLine('PLANTED')), { cause: 'string', stack: [] })
  t.notMatch(crashLine('PLANTED'), 'PLANTED')
})

t.test('the process writes that line and nothing else, and ends with status 1', async (t) => {
  const module = new URL('../../src/cli/crash.ts', import.meta.url).href
  const script = `const { endOnCrash } = await import(${JSON.stringify(module)}); endOnCrash();
    Promise.reject(Object.assign(new Error('PLANTED'), { detail: 'PLANTED' }))`
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const status = await new Promise((resolve) => child.once('close', resolve))
  t.equal(status, 1)
  t.match(JSON.parse(said), { level: 60, cause: 'Error' })
  t.notMatch(said, 'PLANTED')
})
