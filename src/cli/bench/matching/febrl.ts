// The FEBRL data sets (ANU, Christen and Churches) as samples: invented Australians, the number in rec_id is the true person.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { uuidToOid } from '../../../model/identifiers.ts'
import type { Demographics } from '../../../model/person.ts'
import type { Sample, SampleRecord } from './sample.ts'

export const FEBRL_SETS = [1, 2, 3] as const

const COLUMNS = [
  'rec_id',
  'given_name',
  'surname',
  'street_number',
  'address_1',
  'address_2',
  'suburb',
  'postcode',
  'state',
  'date_of_birth',
  'soc_sec_id',
] as const
type Row = Readonly<Record<(typeof COLUMNS)[number], string>>

const REC_ID = /^rec-(\d+)-(org|dup-\d+)$/
const SOCIAL_SECURITY = uuidToOid('6f0c2c5e-4f0b-4c7b-9a53-0000000000ff')

/** @returns undefined when the directory has no such file. */
export async function febrlSample(
  directory: string,
  given: { readonly set: number; readonly withNumber: boolean },
): Promise<Sample | undefined> {
  const path = join(directory, `dataset${given.set}.csv`)
  if (!existsSync(path)) return undefined
  const text = await readFile(path, 'utf8')
  return {
    name: `FEBRL ${given.set} ${given.withNumber ? 'with' : 'without'} soc_sec_id`,
    isInvented: false,
    records: rowsOf(text).map((row) => recordOf(row, given.withNumber)),
    relation: () => 'strangers',
  }
}

function rowsOf(text: string): readonly Row[] {
  const [header = '', ...lines] = text.trim().split('\n')
  if (cells(header).join() !== COLUMNS.join()) throw new Error(`no FEBRL data: the columns are "${header}"`)
  return lines.map((line) => {
    const values = cells(line)
    return Object.fromEntries(COLUMNS.map((column, index) => [column, values[index] ?? ''])) as Row
  })
}

function cells(line: string): readonly string[] {
  return line.split(',').map((cell) => cell.trim())
}

/** The original and each duplicate are of a domain of their own: nobody's duplicate is in the domain of the original. */
function recordOf(row: Row, withNumber: boolean): SampleRecord {
  const id = REC_ID.exec(row.rec_id)
  if (id === null) throw new Error(`no FEBRL data: rec_id is "${row.rec_id}"`)
  const hasNumber = withNumber && row.soc_sec_id !== ''
  return {
    domain: id[2] ?? '',
    truth: Number(id[1]),
    errors: [],
    described: {
      demographics: demographicsOf(row),
      identifiers: hasNumber ? [`${row.soc_sec_id}^^^&${SOCIAL_SECURITY}&ISO`] : [],
    },
  }
}

function demographicsOf(row: Row): Demographics {
  const street = `${row.street_number} ${row.address_1}`.trim()
  const text = [street, row.address_2, row.suburb, row.state].filter((part) => part !== '').join(', ')
  return {
    names: [{ representation: 'ABC', family: row.surname, given: row.given_name }],
    ...(row.date_of_birth === '' ? {} : { birthTime: row.date_of_birth }),
    addresses: [{ ...(row.postcode === '' ? {} : { postalCode: row.postcode }), text }],
    telecoms: [],
  }
}
