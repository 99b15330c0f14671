// What a log may say of an unexpected failure: its message may quote what a patient's record holds, so that stays out (security: e.34).

/** Class and code of an error. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? error.name : `${error.name} ${code}`
}

/** Where it was thrown. The stack repeats the message before its frames, and a message may have lines that look like frames. */
export function framesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return []
  const { stack = '', message } = error
  const place = stack.indexOf(message)
  const lines = place < 0 ? [] : stack.slice(place + message.length).split('\n')
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim())
}
