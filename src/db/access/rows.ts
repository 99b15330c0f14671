// Rows of the access rooms as values of the actors.

/** A column without a value is an absent member, a moment is its ISO text. */
export function shownRow<T extends object>(row: T): T {
  const members = Object.entries(row).filter(([, value]) => value !== null)
  return Object.fromEntries(
    members.map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
  ) as T
}
