// Composition root: nothing is signed for the future and nothing expired is believed by a clock that is wrong (reliability: lifecycle, guard).

import type pg from 'pg'
import { clockOffsetMs } from '../db/clock.ts'

/** Further off than any peer has to put up with (xua.skewSeconds, NotBefore of a certificate). */
const MOST_MS = 60_000
/** A clock that is set is noticed so soon by what comes with every message. */
const ASKED_EVERY_MS = 10_000

/** In words why this server must not issue certificates or accept assertions; undefined while its clock is right. */
export type ClockConcern = () => Promise<string | undefined>

export function clockConcern(pool: pg.Pool): ClockConcern {
  return async () => {
    const offset = await clockOffsetMs(pool)
    if (Math.abs(offset) <= MOST_MS) return undefined
    const seconds = Math.round(Math.abs(offset) / 1000)
    return `the clock of this server is ${seconds} seconds ${offset > 0 ? 'ahead of' : 'behind'} that of its database`
  }
}

/** The same, asked for at most every few seconds. */
export function rememberedClockConcern(pool: pg.Pool): ClockConcern {
  const ask = clockConcern(pool)
  let last: { readonly atMs: number; readonly concern: Promise<string | undefined> } | undefined
  return () => {
    if (last !== undefined && performance.now() - last.atMs < ASKED_EVERY_MS) return last.concern
    const mine = { atMs: performance.now(), concern: ask() }
    last = mine
    // What could not be asked is no answer to others.
    mine.concern.catch(() => {
      if (last === mine) last = undefined
    })
    return mine.concern
  }
}
