// Figures of /metrics: Prometheus text, version 0.0.4, as far as the self-test reads it.

export interface Figure {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g

/** Those that have a value. */
export function readFigures(text: string): readonly Figure[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value = ''] = LINE.exec(line) ?? []
    const number = Number(value)
    if (name === undefined || Number.isNaN(number)) return []
    return [{ name, labels: labelsOf(labels), value: number }]
  })
}

function labelsOf(text: string): Figure['labels'] {
  return Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name = '', value = '']) => [
      name,
      value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character)),
    ]),
  )
}

/** The largest of a name, of those with these labels; undefined when there is none. */
export function largest(figures: readonly Figure[], name: string, labels: Figure['labels'] = {}): number | undefined {
  const values = figures
    .filter((figure) => figure.name === name)
    .filter((figure) => Object.entries(labels).every(([label, value]) => figure.labels[label] === value))
    .map(({ value }) => value)
  return values.length === 0 ? undefined : Math.max(...values)
}
