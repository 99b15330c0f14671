// The code systems of Japanese messages whose codes are searched for in a registry: name in CWE.3, OID, form of a code (SS-MIX2; HL7 v2.5 2.A.13).

export interface CodeSystem {
  /** As messages name it in CWE.3 and CWE.6. */
  readonly name: string
  readonly scheme: string
  readonly pattern: RegExp
}

const JLAC10: Omit<CodeSystem, 'name'> = { scheme: '1.2.392.200119.4.504', pattern: /^[0-9A-Z]{5,17}$/ }

export const codeSystems: readonly CodeSystem[] = [
  { name: 'HOT9', scheme: '1.2.392.200119.4.403.1', pattern: /^\d{9}$/ },
  { name: 'HOT7', scheme: '1.2.392.200119.4.403.2', pattern: /^\d{7}$/ },
  { name: 'HOT13', scheme: '1.2.392.200119.4.402.1', pattern: /^\d{13}$/ },
  { name: 'YJ', scheme: '1.2.392.100495.20.2.73', pattern: /^\d{7}[A-Z]\d{4}$/ },
  { name: 'JC10', ...JLAC10 },
  { name: 'JLAC10', ...JLAC10 },
  { name: 'MDCDX2', scheme: '1.2.392.200119.4.101.2', pattern: /^\d{8}$/ },
  // No public OID of these two lists is known; these are the project's own.
  { name: 'J-FAGY', scheme: '2.25.304140585485444293554592230588836021051', pattern: /^J[0-9A-Z]{11}$/ },
  { name: 'JJ1017', scheme: '2.25.202169957469459777319194404190827134764', pattern: /^[0-9A-Z]{15,32}$/ },
]

/** HOT codes tell by their length which of the three they are; many systems write no more than `HOT`. */
export const HOT_BY_LENGTH: ReadonlyMap<number, string> = new Map([
  [7, 'HOT7'],
  [9, 'HOT9'],
  [13, 'HOT13'],
])

/** JLAC10 without its last part (15), or one from before it had its present form (13): understood, but incomplete. */
export const SHORT_JLAC10: ReadonlySet<number> = new Set([13, 15])

/** Fields that do not repeat and that are read (HL7 v2.5 chapters 3, 4, 7, 9, 12; SS-MIX2 ZPR). */
export const singleFields: ReadonlyMap<string, readonly number[]> = new Map([
  ['EVN', [2, 6]],
  ['PV1', [2, 3, 6, 10, 36, 44, 45]],
  ['PV2', [1, 8, 9, 47]],
  ['ORC', [1, 2, 3, 4, 5, 9, 17]],
  ['OBR', [2, 3, 4, 7, 8, 22, 24, 25, 26]],
  ['OBX', [2, 3, 4, 6, 7, 11, 14]],
  ['SPM', [2, 4, 8, 17]],
  ['TQ1', [2, 6, 7, 8, 10, 11, 12, 14]],
  ['RXE', [2, 3, 4, 5, 6, 10, 11, 15, 19, 22, 23, 24, 25, 26]],
  ['RXR', [1, 2, 3]],
  ['RXC', [1, 2, 3, 4, 5, 6]],
  ['RXA', [3, 4, 5, 6, 7, 12, 13, 14, 20, 21]],
  ['ODS', [1]],
  ['PRB', [1, 3, 4, 7, 9, 13, 14, 18, 25]],
  ['ZPR', [2, 7]],
  ['IAM', [2, 3, 4, 6, 11, 12, 17]],
  ['IPC', [1, 3]],
  ['TXA', [2, 4, 6, 12, 13, 16, 17, 18, 19]],
])

/** Values of HL7 tables that fields of orders and results are checked against; another value is kept and warned about. */
export const fieldTables: readonly {
  readonly field: string
  readonly table: string
  readonly values: ReadonlySet<string>
}[] = [
  {
    field: 'ORC-1',
    table: 'HL7 table 0119',
    values: new Set(
      'AF CA CH CN CR DC DE DF DR FU HD HR LI MC NA NW OC OD OE OF OH OK OP OR PA PR PY RE RF RL RO RP RQ RR RU SC SN SR SS UA UC UD UF UH UM UN UR UX XO XR XX'.split(
        ' ',
      ),
    ),
  },
  { field: 'OBX-11', table: 'HL7 table 0085', values: new Set('CDFINOPRSXUW') },
  { field: 'ODS-1', table: 'HL7 table 0159', values: new Set('DSP') },
  { field: 'RXA-20', table: 'HL7 table 0322', values: new Set(['', 'CP', 'NA', 'PA', 'RE']) },
  { field: 'RXA-21', table: 'HL7 table 0323', values: new Set(['', 'A', 'D', 'U', 'X']) },
  { field: 'RXC-1', table: 'HL7 table 0166', values: new Set('BA') },
]
