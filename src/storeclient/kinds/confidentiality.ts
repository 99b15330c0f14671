// How discreet a sender asks to be with a diagnosis or a document, as codes of the affinity domain (HL7 v2.5 tables 0177 and 0272).

/** What the tables have besides (employee, VIP …), and what they have not, asks for more discretion than usual. */
export const MORE_DISCREET = 'R'

const CODES: ReadonlyMap<string, string> = new Map([
  ['V', 'V'],
  ['R', 'R'],
  ['U', 'N'],
  ['N', 'N'],
  ['', 'N'],
])

/** Of both tables: some senders take the word of the other one. Undefined for any other code. */
export function confidentialityOf(code: string): string | undefined {
  return CODES.get(code)
}
