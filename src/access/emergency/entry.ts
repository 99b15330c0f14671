// What staff type to open a patient in an emergency: the number at another facility, then #EMS (docs/emergency.md).

const ENTRY = /^(.+)#EMS$/i

/** Full-width forms of ASCII, as an input method leaves them (Unicode U+FF01 to U+FF5E). */
const FULL_WIDTH = /[！-～]/g
const TO_HALF_WIDTH = 0xfee0

/** The number of an entry `<number>#EMS`, in half or full width and any case; undefined for what is no such entry. */
export function readEntry(typed: string): string | undefined {
  const narrow = typed
    .replaceAll(FULL_WIDTH, (letter) => String.fromCharCode(letter.charCodeAt(0) - TO_HALF_WIDTH))
    .trim()
  const number = ENTRY.exec(narrow)?.[1]?.trim()
  return number === '' ? undefined : number
}
