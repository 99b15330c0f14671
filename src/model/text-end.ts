// What stands at the end of a text goes.

/**
 * The text without the characters at its end that `character`, a pattern for one, knows. A pattern for the whole end (`+$`) begins anew
 * at every place of a run inside the text: eighty thousand of them would keep the process for a minute.
 */
export function withoutEnd(text: string, character: RegExp): string {
  let end = text.length
  while (end > 0 && character.test(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}
