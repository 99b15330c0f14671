// A coded value of XDS metadata (ITI TF-3 4.2.3.1.2): equality is code and scheme, never the display name.

export interface Code {
  readonly code: string
  readonly scheme: string
  readonly display: string
}

/** `code^^scheme`, the form of stored query parameters (ITI TF-2 3.18.4.1.2.3.5) and of our index columns. */
export function codeKey(code: Pick<Code, 'code' | 'scheme'>): string {
  return `${code.code}^^${code.scheme}`
}
