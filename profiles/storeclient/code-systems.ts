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
