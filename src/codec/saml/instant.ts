// Times of SAML and WS-Security: xs:dateTime with a time zone (SAML Core 1.3.3).

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

/** Undefined for what is no such time: a time without zone would mean another moment on each machine. */
export function readInstant(text: string): Date | undefined {
  if (!INSTANT.test(text)) return undefined
  // Beyond milliseconds nothing is decided.
  const time = new Date(text.replace(/(\.\d{3})\d+/, '$1'))
  return Number.isNaN(time.getTime()) ? undefined : time
}
