// A text in every form in which it could stand somewhere: the character sets we accept, and how JSON, XML, URLs, MIME and databases write text.

/** Characters of JIS X 0208 by their bytes in EUC-JP and Shift_JIS: Node decodes these, but does not encode them. */
const EUC = bytesByCharacter('euc-jp', 0xa1)
const SHIFT_JIS = bytesByCharacter('shift_jis', 0x81)
const TO_KANJI = '\x1b$B'
const TO_ASCII = '\x1b(B'

function bytesByCharacter(charset: string, lowest: number): ReadonlyMap<string, Buffer> {
  const decoder = new TextDecoder(charset)
  const map = new Map<string, Buffer>()
  for (let lead = lowest; lead < 0xff; lead += 1)
    for (let trail = 0x40; trail < 0xff; trail += 1) {
      const bytes = Buffer.of(lead, trail)
      const text = decoder.decode(bytes)
      if ([...text].length === 1 && text !== '�' && !map.has(text)) map.set(text, bytes)
    }
  return map
}

function encoded(text: string, table: ReadonlyMap<string, Buffer>): Buffer {
  return Buffer.concat([...text].map((character) => table.get(character) ?? Buffer.from(character)))
}

/** JIS X 0208 in seven bits, without the escapes around it: what stands between them. */
export function jis(text: string): Buffer {
  return Buffer.from(encoded(text, EUC).map((byte) => byte & 0x7f))
}

/** As a message in ISO-2022-JP has it. */
export function iso2022jp(text: string): Buffer {
  const parts = text.match(/[ -~]+|[^ -~]+/g) ?? []
  return Buffer.concat(
    parts.map((part) =>
      /^[ -~]/.test(part)
        ? Buffer.from(part)
        : Buffer.concat([Buffer.from(TO_KANJI), jis(part), Buffer.from(TO_ASCII)]),
    ),
  )
}

export function shiftJis(text: string): Buffer {
  return encoded(text, SHIFT_JIS)
}

/** Base64 of a text that stands anywhere in what is encoded: what is the same at each of the three places. */
function inBase64(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const first = Math.ceil((before * 4) / 3)
    const last = Math.floor(((before + bytes.length) * 8) / 6)
    return whole.slice(first + (before === 0 ? 0 : 1), last)
  })
}

function references(text: string, write: (code: number) => string): string {
  return [...text].map((character) => write(character.codePointAt(0) ?? 0)).join('')
}

/** Every form that is looked for; short ones would be found by chance. */
export function formsOf(text: string): readonly Buffer[] {
  const utf8 = Buffer.from(text)
  const utf16 = Buffer.from(text, 'utf16le')
  const isAscii = /^[ -~]*$/.test(text)
  const plain = [utf8, utf16, Buffer.from(utf16).swap16()]
  const charsets = isAscii ? [] : [jis(text), encoded(text, EUC), shiftJis(text)]
  const written = [
    ...inBase64(utf8),
    utf8.toString('hex'),
    utf8.toString('hex').toUpperCase(),
    references(text, (code) => `\\u${code.toString(16).padStart(4, '0')}`),
    references(text, (code) => `&#${code};`),
    references(text, (code) => `&#x${code.toString(16)};`),
    references(text, (code) => `&#x${code.toString(16).toUpperCase()};`),
    ...(isAscii ? [] : [encodeURIComponent(text)]),
  ]
  return [...plain, ...charsets, ...written.map((form) => Buffer.from(form))]
}

/** What of `texts` stands in `content`, in whatever form. */
export function findPlanted(content: Buffer, texts: readonly Looked[]): readonly string[] {
  return texts.flatMap(({ text, forms }) => (forms.some((form) => content.includes(form)) ? [text] : []))
}

export interface Looked {
  readonly text: string
  readonly forms: readonly Buffer[]
}

export function look(texts: readonly string[]): readonly Looked[] {
  return texts.map((text) => ({ text, forms: formsOf(text) }))
}
