// The index of exported storages, table SSMIXIDX as CSV: one row a file, or a content folder of the extended storage.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoragePath } from '../../storeclient/ssmix/path.ts'
import { writeWhole } from './tree.ts'

export const INDEX_FILE = 'SSMIXIDX.csv'

const COLUMNS = [
  'VolumeLabel',
  'FacilityID',
  'PatientID',
  'OrderDate',
  'DataKind',
  'OrderNo',
  'ProcessingType',
  'EnterOrgCD',
  'TransactionDatetime',
  'OutRelDirectory',
  'FileName',
  'UpdateDatetime',
]
const PATIENT_COLUMN = 2
const JST_MS = 9 * 3_600_000

export interface IndexedFile {
  readonly facility: string
  readonly said: StoragePath
  readonly path: string
  readonly isDeletion: boolean
  /** ISO 8601. */
  readonly storedAt: string
}

export interface StorageIndex {
  readonly add: (file: IndexedFile) => void
  /** Writes the whole index; of patients who were not exported this time it keeps what it said. */
  readonly write: (folder: string) => Promise<void>
}

export function startIndex(): StorageIndex {
  const rows: string[] = []
  const patients = new Set<string>()
  return {
    add: (file) => {
      patients.add(file.said.patientId)
      rows.push(rowOf(file))
    },
    write: async (folder) => {
      const kept = (await formerRows(join(folder, INDEX_FILE))).filter(
        (row) => !patients.has(row.split('","')[PATIENT_COLUMN] ?? ''),
      )
      await writeWhole(join(folder, INDEX_FILE), `${[quoted(COLUMNS), ...kept, ...rows].join('\r\n')}\r\n`)
    },
  }
}

function rowOf({ facility, said, path, isDeletion, storedAt }: IndexedFile): string {
  const named = said.file === undefined ? path : path.slice(0, path.lastIndexOf('/'))
  const cut = named.lastIndexOf('/')
  return quoted([
    said.file === undefined ? 'STD01' : 'ANX01',
    facility,
    said.patientId,
    said.careDate,
    said.folder,
    said.orderNumber,
    isDeletion ? 'DEL' : 'INS',
    said.department ?? '',
    said.writtenAt,
    named.slice(0, cut),
    named.slice(cut + 1),
    timestamp(storedAt),
  ])
}

/** In the time of the network, as every other time of a storage. */
function timestamp(iso: string): string {
  return new Date(Date.parse(iso) + JST_MS).toISOString().replace('T', ' ').replace('Z', '')
}

function quoted(values: readonly string[]): string {
  return values.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')
}

async function formerRows(file: string): Promise<readonly string[]> {
  try {
    return (await readFile(file, 'utf8'))
      .split('\r\n')
      .slice(1)
      .filter((line) => line !== '')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
