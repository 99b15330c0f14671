// What the path of a file says of its message (SS-MIX2 標準化ストレージ, 拡張ストレージ), and who may say it.

import t from 'tap'
import { readEr7 } from '../../../src/codec/hl7v2/read.ts'
import type { IheError } from '../../../src/model/error.ts'
import { accept } from '../../../src/storeclient/accept.ts'
import { originOf } from '../../../src/storeclient/ssmix/origin.ts'
import { caller, memory, msh, send, TP } from '../memory.ts'

const importer = {
  ...caller,
  facilityCode: '1399100015',
  roles: new Set(['store-client', 'storage-importer'] as const),
}
const LABORATORY = '000/001/0000012345/20260410/OML-11/0000012345_20260410_OML-11_000000000800001_202604101501000_01_1'

const origin = (path: string, label = '1399100015') => originOf({ label, path }, 'sha', importer)

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    return (error as IheError).row.code
  }
}

t.test('SS-MIX2: patient, day, kind, number, time and deletion are the path’s', async (t) => {
  t.match(origin(LABORATORY), {
    kind: 'OML-11',
    patientId: '0000012345',
    careDate: '20260410',
    orderNumber: '000000000800001',
    writtenAt: '20260410150100000',
    deleted: undefined,
  })
  const demographics = origin('000/001/0000012345/-/ADT-00/0000012345_-_ADT-00_999999999999999_20260410090001000_-_0')
  t.same(Object.keys(demographics).sort(), ['claim', 'deleted', 'kind', 'patientId', 'writtenAt'])
})

t.test('SS-MIX2: kinds by their folders, also where tools name them otherwise', async (t) => {
  const kindOf = (folder: string, file = '') =>
    origin(`000/001/0000012345/20260410/${folder}/0000012345_20260410_${folder}_1_20260410150100000_01_1${file}`).kind
  t.equal(kindOf('ADT-02'), 'ADT-01')
  t.equal(kindOf('L-OBSERVATIONS^OBSERVATIONS^99ZL01', '/main_document.hl7'), 'VITAL')
  t.equal(kindOf('NOTE^NOTE^99STC', '/main_document.hl7'), 'NOTE')
  t.equal(kindOf('^経過記録^^11506-3^経過記録^LN', '/main_document.hl7'), undefined, 'the message says it')
  t.equal(
    codeOf(() => kindOf('OMX-77')),
    'HL7_STORAGE_PATH',
  )
})

t.test(
  'SS-MIX2: superseding renames a file and leaves it the same; deleting, other content or another storage do not',
  async (t) => {
    const key = (path: string, label?: string) => origin(path, label).claim?.key
    t.equal(key(LABORATORY.replace(/1$/, '2')), key(LABORATORY))
    t.not(key(LABORATORY.replace(/1$/, '0')), key(LABORATORY))
    t.not(key(LABORATORY, '1399100015_2'), key(LABORATORY))
    t.not(originOf({ label: '1399100015', path: LABORATORY }, 'other', importer).claim?.key, key(LABORATORY))
    const vital = LABORATORY.replaceAll('OML-11', 'L-OBSERVATIONS^OBSERVATIONS^99ZL01')
    t.equal(key(`${vital.replace(/1$/, '2')}/main_document.hl7`), key(`${vital}/main_document.hl7`))
    t.not(key(`${vital.replace(/1$/, '0')}/main_document.hl7`), key(`${vital}/main_document.hl7`))
  },
)

t.test('SS-MIX2: who may not name paths, or not these', async (t) => {
  t.equal(
    codeOf(() => originOf({ label: 'x', path: LABORATORY }, 'sha', caller)),
    'ROLE_MISSING',
  )
  t.equal(
    codeOf(() => origin(LABORATORY, '0119999991_vol1')),
    'HL7_FACILITY',
  )
  t.equal(
    codeOf(() => origin(LABORATORY, 'STD01')),
    'none',
  )
  for (const label of ['', 'a\nb', 'x'.repeat(181)])
    t.equal(
      codeOf(() => origin(LABORATORY, label)),
      'HL7_STORAGE_PATH',
    )
  for (const path of ['', '../../etc/passwd', LABORATORY.slice(4), `${LABORATORY}/../x`])
    t.equal(
      codeOf(() => origin(path)),
      'HL7_STORAGE_PATH',
      path,
    )
})

t.test(
  'SS-MIX2: of several orders in a message a file is the one of its name, padded or not, in capitals or not',
  async (t) => {
    const group = (number: string) => [
      'SPM|1|||023^血清^JC10|||||||||||||202604100830',
      `OBR|1|${number}||E002^生化学^99O03`,
      `ORC|SC|${number}`,
      `OBX|1|NM|${TP}^項目^JC10||7.2|g/dL|||||F`,
    ]
    const message = `${[
      msh('OUL^R22^OUL_R22', { time: '20260410150000' }),
      'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I||19580412|M',
      ...group('Rad-1'),
      ...group('77'),
    ].join('\r')}\r`
    const file = (number: string, flag: string, at: ReturnType<typeof memory>) => {
      const path = `000/001/0000012345/20260410/OML-11/0000012345_20260410_OML-11_${number}_20260410150100000_01_${flag}`
      const bytes = Buffer.from(message)
      return accept({ message: readEr7(bytes), bytes, sha256: 'sha', origin: origin(path) }, importer, at.ports)
    }
    for (const [first, second] of [
      ['Rad-1', '77'],
      ['RAD-1', '077'],
      ['0000000000Rad-1', '000000000000077'],
    ] as const) {
      const at = memory()
      const numbers = () => at.current.map(({ row }) => row.number).sort()
      await file(first, '0', at)
      await file(second, '1', at)
      t.same(numbers(), ['000000000000077'], `${first} is deleted, ${second} stands`)
      await send(`${message.replace('|M1|', '|M2|').replace('20260410150000', '20260410160000')}`.trimEnd(), at)
      t.same(numbers(), ['000000000000077', 'RAD-1'], 'a push of the orders is about the same documents')
    }
  },
)
