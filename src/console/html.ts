// HTML as a tagged template that escapes whatever is put into it; well-formed, so that a reader of XML can check it.

const MARKUP = Symbol('markup')

/** Text that is HTML already; only `html` and `own` make it. */
export interface Html {
  readonly [MARKUP]: string
}

export type Insert = string | number | undefined | Html | readonly Insert[]

/** html`<td>${value}</td>`: texts are escaped, HTML is set in as it is, lists one after the other; undefined is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Insert[]): Html {
  const parts: string[] = [strings[0] ?? '']
  for (const [index, value] of values.entries()) {
    append(parts, value)
    parts.push(strings[index + 1] ?? '')
  }
  return { [MARKUP]: parts.join('') }
}

/** A text of our own that is HTML as it stands; never one that holds what came from outside. */
export function own(text: string): Html {
  return { [MARKUP]: text }
}

export function rendered(markup: Html): string {
  return markup[MARKUP]
}

function append(parts: string[], value: Insert): void {
  if (value === undefined) return
  if (typeof value === 'string') parts.push(escaped(value))
  else if (typeof value === 'number') parts.push(String(value))
  else if (MARKUP in value) parts.push(value[MARKUP])
  else for (const one of value) append(parts, one)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** For content and for quoted attributes. */
function escaped(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

/**
 * Control characters and overrides of the writing direction of a foreign text would change what is read beside it (`10 mg` as
 * `01 mg`): they are shown as a dot. Lone surrogates and noncharacters have no place in a document.
 */
export function visible(text: string): string {
  return text.replace(/(?![\t\n\r])\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Cs}/gu, '·')
}
