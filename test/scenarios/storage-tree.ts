// Generated storages of SS-MIX2 for tests: laboratory results of patients of the demo hospital, a superseded version for each second.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export const HOSPITAL = '1399100015'

const PATIENTS: Readonly<Record<string, string>> = {
  '0000012345': '架空^太郎^^^^^L^I~カクウ^タロウ^^^^^L^P||19580412|M',
  '0000012346': '見本^花子^^^^^L^I~ミホン^ハナコ^^^^^L^P||19620930|F',
  '0000012347': '例示^一郎^^^^^L^I~レイジ^イチロウ^^^^^L^P||19450101|M',
}

export interface Laboratory {
  readonly patientId: string
  readonly order: string
  /** 17 digits. */
  readonly time: string
  readonly value: string
}

export function laboratoryMessage({ patientId, order, time, value }: Laboratory): string {
  return [
    `MSH|^~\\&|EHR|${HOSPITAL}|GW|TSUNAGI|${time.slice(0, 14)}||OUL^R22^OUL_R22|T${order}${time}|P|2.5||||||UNICODE UTF-8`,
    `PID|0001||${patientId}^^^^PI||${PATIENTS[patientId]}`,
    'PV1|0001|O|01^^^^^C||||||||01',
    'SPM|1|||023^血清^JC10|||||||||||||202604100830',
    `OBR|1|${order}||E002^生化学検査^99O03|||202604100830`,
    `ORC|SC|${order}|||CM||||${time.slice(0, 14)}||||||||01^内科^HL70069`,
    `OBX|1|NM|3A010000002327101^総蛋白^JC10||${value}|g/dL^g/dL^ISO+|||||F`,
    '',
  ].join('\r')
}

export function pathOf({ patientId, order, time }: Laboratory, flag: string): string {
  const folders = `${patientId.slice(0, 3)}/${patientId.slice(3, 6)}/${patientId}/20260410/OML-11`
  return `${folders}/${patientId}_20260410_OML-11_${order}_${time}_01_${flag}`
}

/** Orders `from` to `to`, as many files for each as `versions`. @returns how many files it wrote. */
export async function writeStorage(
  folder: string,
  { from, to, versions = 1 }: { readonly from: number; readonly to: number; readonly versions?: number },
): Promise<number> {
  const ids = Object.keys(PATIENTS)
  for (let number = from; number < to; number++)
    for (let version = 0; version < versions; version++) {
      const laboratory: Laboratory = {
        patientId: ids[number % ids.length] ?? '',
        order: String(number).padStart(15, '0'),
        time: `202604101${String(version).padStart(1, '0')}0000000`,
        value: `7.${version}`,
      }
      await put(join(folder, HOSPITAL, pathOf(laboratory, version === versions - 1 ? '1' : '2')), laboratory)
    }
  return (to - from) * versions
}

export async function put(path: string, laboratory: Laboratory): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, laboratoryMessage(laboratory))
}
