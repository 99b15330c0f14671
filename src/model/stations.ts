// Where the time of an exchange went: each station that it passes, in milliseconds (design §2: one straight walk).

/**
 * `receive`: the bytes come; `decode`: bytes to values, assertions; `wait`: until it is its turn; `act`: the actor, with its commit where
 * it writes; `encode`: values to bytes; `call`: another system is asked.
 */
export type Station = 'receive' | 'decode' | 'wait' | 'act' | 'encode' | 'call'

/** Shared by all copies of an exchange, since its walk is one. */
export interface Stations {
  at: Station
  sinceMs: number
  readonly spent: Partial<Record<Station, number>>
}

export function startAt(at: Station, nowMs: number): Stations {
  return { at, sinceMs: nowMs, spent: {} }
}

/** Leaves the station it is at; a station may be entered again. */
export function enter(stations: Stations | undefined, next: Station): void {
  if (stations === undefined) return
  const nowMs = performance.now()
  stations.spent[stations.at] = (stations.spent[stations.at] ?? 0) + nowMs - stations.sinceMs
  stations.at = next
  stations.sinceMs = nowMs
}

const PER_MS = 1000

/** Milliseconds by station until now, in microseconds' precision; where it is now counts too. */
export function timingsOf({ at, sinceMs, spent }: Stations, nowMs: number): Readonly<Partial<Record<Station, number>>> {
  const timings = { ...spent, [at]: (spent[at] ?? 0) + nowMs - sinceMs }
  for (const [station, ms] of Object.entries(timings)) timings[station as Station] = Math.round(ms * PER_MS) / PER_MS
  return timings
}
