// The command line itself: options, help, exit codes (design §5).

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { COMMANDS, registrationsFor } from '../../src/cli/commands.ts'
import { createProgram } from '../../src/cli/main.ts'
import { makePlace, run } from './fake-door.ts'

t.test('every command of the design is there, with a description', async (t) => {
  const terminal = { out: () => {}, err: () => {}, env: {}, cwd: '/' }
  const { commands } = createProgram(terminal, await registrationsFor([]))
  const names = commands.map((command) => command.name())
  t.same(names, Object.keys(COMMANDS), 'in the order of the table')
  for (const name of 'serve demo migrate config facility system union consent patient cert push feed pix pdq query provide update retrieve'.split(
    ' ',
  ))
    t.ok(names.includes(name), name)
  t.ok(commands.every((command) => command.description() !== ''))
})

t.test('a command is found by its name alone, without the others', async (t) => {
  const terminal = { out: () => {}, err: () => {}, env: {}, cwd: '/' }
  for (const name of Object.keys(COMMANDS)) {
    const found = createProgram(terminal, await registrationsFor([name, '--help']))
    t.ok(
      found.commands.some((command) => command.name() === name),
      name,
    )
    t.ok(found.commands.length <= 3, name)
  }
  for (const none of [[], ['--help'], ['pish'], ['--json', 'serve'], ['constructor']])
    t.equal((await registrationsFor(none)).length, new Set(Object.values(COMMANDS)).size, none.join(' '))
})

t.test('help is no failure; an unknown command, option or a missing one is wrong usage', async (t) => {
  t.equal((await run(['--help'])).code, 0)
  t.match((await run(['push', '--help'])).text, '--http')
  t.equal((await run(['pish'])).code, 2)
  t.equal((await run(['push', 'file.hl7'])).code, 2)
  const unknown = await run(['config', 'check', '--nonsense'])
  t.equal(unknown.code, 2)
  t.match(unknown.err, '--nonsense')
})

t.test('output that nobody reads any more, or that has no room, ends a command without a stack trace', async (t) => {
  const command = new URL('../../src/cli/tsunagi.js', import.meta.url).pathname
  const ended = async (stdout: 'pipe' | number) => {
    const child = spawn(process.execPath, [command, 'config', 'explain'], { stdio: ['ignore', stdout, 'pipe'] })
    child.stdout?.destroy()
    let said = ''
    child.stderr?.on('data', (chunk) => (said += chunk))
    const [code] = await once(child, 'close')
    return { code, said }
  }
  t.strictSame(await ended('pipe'), { code: 1, said: '' }, 'as with | head')
  const full = await open('/dev/full', 'w')
  const { code, said } = await ended(full.fd)
  await full.close()
  t.equal(code, 1)
  t.match(said, /ENOSPC/)
  t.notMatch(said, /^ +at /m)
})

t.test('config explain says where a value came from, and options stand before or after the command', async (t) => {
  for (const argv of [
    ['--set', 'https.port=9443', 'config', 'explain', '--json'],
    ['config', 'explain', '--json', '--set', 'https.port=9443'],
  ]) {
    const { code, text } = await run(argv)
    t.equal(code, 0)
    const row = JSON.parse(text).find(({ key }: { key: string }) => key === 'https.port')
    t.match(row, { value: '9443', source: '--set https.port' })
  }
  t.match(
    (await run(['config', 'explain', '--data-dir', '/srv/tsunagi'])).text,
    /dataDir +\/srv\/tsunagi +--set dataDir/,
  )
})

t.test('a wrong configuration is told in full and is exit code 2', async (t) => {
  const { code, err } = await run(['config', 'check', '--set', 'https.port=many', '--set', 'log.level=loud'])
  t.equal(code, 2)
  t.match(err, 'https.port')
  t.match(err, 'log.level')
  t.equal((await run(['config', 'check', '--set', 'https.port'])).code, 2)
})

t.test('--config names the file', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tsunagi-cli-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'other.yaml'), 'https:\n  port: 1443\n')
  const { text } = await run(['config', 'explain', '--config', 'other.yaml'], directory)
  t.match(text, /https\.port +1443 +.*other\.yaml/)
  t.equal((await run(['config', 'check', '--config', 'absent.yaml'], directory)).code, 2)
})

t.test('a system without certificate, and a data directory without token, are named', async (t) => {
  const place = await makePlace()
  t.teardown(place.remove)
  const stranger = await run(['pix', '--as', 'nobody', '--id', '1', '--data-dir', place.dataDir])
  t.equal(stranger.code, 2)
  t.match(stranger.err, /clients\/nobody\.key.*cert issue nobody/)
  const elsewhere = await run(['facility', 'list', '--data-dir', join(place.dataDir, 'pki')])
  t.equal(elsewhere.code, 2)
  t.match(elsewhere.err, 'admin-token')
})

t.test('a server that is not there is exit code 1, in both languages', async (t) => {
  const place = await makePlace()
  t.teardown(place.remove)
  const { code, err } = await run(['facility', 'list', '--data-dir', place.dataDir, '--set', 'management.port=1'])
  t.equal(code, 1)
  t.match(err, 'is the server running')
  t.match(err, 'サーバは起動していますか')
})
