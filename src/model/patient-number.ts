// Patient numbers of facilities and the one form in which each facility's are kept and compared.

/** `exact`: as written; `pad:n`: with zeros to n digits; `strip`: without leading zeros. The latter two for numbers of digits only. */
export type LocalIdForm = 'exact' | `pad:${number}` | 'strip'

/** The form under which links are kept and compared: half-width digits, no spaces around it, zeros as the facility writes them. */
export function canonicalNumber(received: string, form: LocalIdForm): string {
  const narrow = received.replaceAll(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0)).trim()
  if (form === 'exact' || !/^\d+$/.test(narrow)) return narrow
  return form === 'strip' ? narrow.replace(/^0+(?=\d)/, '') : narrow.padStart(Number(form.slice(4)), '0')
}
