// SS-MIX2 storages of other stacks, when they lie beside this project: imported twice, each file with the outcome that its content gives it.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { isObject, textOf } from '../../src/cli/admin-client.ts'
import { startNetwork, temporaryDirectory } from '../faults/support.ts'
import { registerSamples, systemOf } from './sample-network.ts'
import { stateOf, tsunagi } from './ssmix-support.ts'

t.setTimeout(170_000)

const folder = fileURLToPath(new URL('../../../shared/samples/storeclient/storage/', import.meta.url))
const HOSPITAL = '1311234567'

/** Folders of patients in the samples, and who they are said to be by most of the messages in them. */
const PATIENTS = [
  { id: '0009999013', name: ['患者', '太郎', 'カンジャ', 'タロウ'], birthTime: '19480405', sex: 'M' },
  { id: '0123456789', name: ['国病', '太郎', 'コクビョウ', 'タロウ'], birthTime: '20040401', sex: 'M' },
  { id: '1339594973', name: ['仮井上', '真綾', 'カリイノウエ', 'マアヤ'], birthTime: '19760101', sex: 'F' },
] as const

/** By a piece of the path: the code of the refusal, or of warnings that must be among those of the acceptance. */
const REFUSED: Readonly<Record<string, string>> = {
  // Name and birth date are another person's.
  '9999013_-_ADT-61_': 'SC-IDENTITY',
  '9999013_20111220_OMG-11_': 'SC-IDENTITY',
  // The birth date stands in PID-9.
  '9999013_20111220_OMG-13_': '101',
}
const WARNED: Readonly<Record<string, string>> = {
  '9999013_20111013_OMD_': 'SC-IDENTITY',
  '9999013_20111220_OML-11_': 'SC-IDENTITY',
}

interface Line {
  readonly path: string
  readonly outcome: string
  readonly code?: string
  readonly text?: string
  readonly warnings?: readonly string[]
}

t.test('SS-MIX2: storages of other stacks', async (t) => {
  if (!existsSync(folder)) return void t.pass('there are none')
  const network = await startNetwork(t)
  const { admin, pool, server } = network
  await registerSamples(network)
  for (const { id, name, birthTime, sex } of PATIENTS) {
    const [family, given, kana, kanaGiven] = name
    const names = [
      { representation: 'IDE', family, given },
      { representation: 'SYL', family: kana, given: kanaGiven },
    ]
    const { body } = await admin.post('/patients', { demographics: { names, sex, birthTime } })
    const xad = isObject(body) ? textOf(body.xad) : ''
    await admin.post(`/patients/${xad}/links`, { facilityId: `facility-${HOSPITAL}`, id, reason: 'registration' })
    await admin.post(`/patients/${xad}/consents`, { kind: 'comprehensive' })
  }
  for (const tree of ['made_standard', 'published_standard', 'published_extended', 'ssmixtwins_standard'])
    await t.test(tree, async (t) => {
      const report = join(await temporaryDirectory(t), 'report.ndjson')
      const run = () =>
        tsunagi(server, 'ssmix', 'import', join(folder, tree), '--as', systemOf(HOSPITAL), '--report', report)
      await run()
      const first = await linesOf(report)
      for (const line of first) {
        const refused = Object.entries(REFUSED).find(([part]) => line.path.includes(part))?.[1]
        t.match(
          line,
          refused === undefined ? { outcome: 'accepted' } : { outcome: 'refused', code: refused },
          `${line.path} ${line.text}`,
        )
        const warned = Object.entries(WARNED).find(([part]) => line.path.includes(part))?.[1]
        if (warned !== undefined) t.ok(line.warnings?.includes(warned), `${line.path}: ${line.warnings}`)
      }
      const before = await stateOf(pool)
      await run()
      t.same((await linesOf(report)).map(withoutText), first.map(withoutText), 'answered as the first time')
      t.same(await stateOf(pool), before, 'nothing changed')
    })
})

/** Texts name the journal entry of their own exchange. */
function withoutText({ text: _text, ...line }: Line): Omit<Line, 'text'> {
  return line
}

async function linesOf(report: string): Promise<readonly Line[]> {
  const lines = (await readFile(report, 'utf8')).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as Line).sort((a, b) => (a.path < b.path ? -1 : 1))
}
