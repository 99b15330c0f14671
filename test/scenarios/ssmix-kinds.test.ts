// Every data kind there and back (SS-MIX2): what was pushed is exported, imported elsewhere, and is the same.

import { join } from 'node:path'
import t from 'tap'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { startNetwork, temporaryDirectory } from '../faults/support.ts'
import { readCases, requestOf } from './cases.ts'
import { stateOf, treeOf, tsunagi } from './ssmix-support.ts'

t.setTimeout(170_000)

t.test('SS-MIX2: documents of every kind, with their corrections and cancels', async (t) => {
  const first = await startNetwork(t)
  const connection = await first.mllp('hospital-a')
  const sent = new Set<string>()
  const cases = readCases().filter(
    ({ name, expected }) =>
      name.startsWith('storeclient/') && expected.system === 'hospital-a' && expected.ack === 'AA',
  )
  const push = async (name: string): Promise<void> => {
    const one = cases.find((other) => other.name === name)
    if (one === undefined || sent.has(name)) return
    sent.add(name)
    for (const before of one.expected.after ?? []) await push(`storeclient/${before}`)
    const { code } = readAck(await connection.send(requestOf(one).bytes))
    t.equal(code, 'AA', name)
  }
  for (const { name } of cases) await push(name)
  await connection.close()

  const folder = join(await temporaryDirectory(t), 'out')
  const exported = await tsunagi(first.server, 'ssmix', 'export', folder, '--facility', 'hospital-a')
  t.equal(exported.code, 0, exported.err)
  const second = await startNetwork(t)
  const report = join(await temporaryDirectory(t), 'report.ndjson')
  const imported = await tsunagi(second.server, 'ssmix', 'import', folder, '--as', 'hospital-a', '--report', report)
  t.equal(imported.code, 0, imported.err)
  const [here, there] = [await stateOf(first.pool), await stateOf(second.pool)]
  const current = ({ documents }: typeof here) => documents.filter(({ status }) => String(status).endsWith('Approved'))
  t.same(current(there), current(here), 'the same valid documents')
  const again = join(await temporaryDirectory(t), 'again')
  t.equal((await tsunagi(second.server, 'ssmix', 'export', again, '--facility', 'hospital-a')).code, 0)
  const [one, other] = [await treeOf(folder), await treeOf(again)]
  for (const [path, bytes] of Object.entries(one)) if (path.includes('/')) t.ok(other[path] === bytes, path)
  t.same(Object.keys(other).sort(), Object.keys(one).sort())
})
