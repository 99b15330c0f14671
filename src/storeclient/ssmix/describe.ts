// What a stored message says that its path in a storage needs: day, number and department, by the reader of its kind.

import { parseHl7Time } from '../../model/hl7-time.ts'
import { type Er7Message, value } from '../../model/hl7v2.ts'
import { practiceSettingOf, UNKNOWN_DEPARTMENT } from '../author.ts'
import { decideKind } from '../kind.ts'
import { readerOf } from '../kinds/index.ts'
import type { Reading } from '../kinds/reader.ts'
import { NONE } from './path.ts'

export interface Described {
  readonly department: string
  readonly careDate?: string
  readonly orderNumber?: string
  /** The message says that the document is deleted or cancelled. */
  readonly isDeletion: boolean
  readonly files: NonNullable<Reading['files']>
}

const DEPARTMENT = /^[A-Za-z0-9.-]{1,5}$/
/** Kinds whose files name no department, whatever the message says. */
const WITHOUT_DEPARTMENT = new Set(['ADT-00', 'ADT-61'])

/** Of several orders in a message the one that is named; undefined for what can no longer be read. */
export function describe(message: Er7Message, kind: string, orderNumber?: string): Described | undefined {
  const reading = readingOf(message, kind, orderNumber)
  if (reading === undefined) return undefined
  const { careDate, number, files = [] } = reading
  return {
    department: departmentOf(message, kind, reading),
    ...(careDate === undefined ? {} : { careDate }),
    ...(number === undefined ? {} : { orderNumber: number.normalised }),
    isDeletion: reading.deletes === 'whole',
    files,
  }
}

function readingOf(message: Er7Message, kind: string, orderNumber: string | undefined): Reading | undefined {
  const sentAt = parseHl7Time(value(message, 'MSH', 7)) ?? parseHl7Time('19700101')
  if (sentAt === undefined) return undefined
  try {
    const found = decideKind(message, kind)
    const readings =
      readerOf(found.kind.kind)?.documents(message, {
        header: { found, sentAt, warnings: [] },
      }) ?? []
    return readings.find(({ number }) => number?.normalised === orderNumber) ?? readings[0]
  } catch {
    // What came by a storage was taken for what its path said, and may not say it itself.
    return undefined
  }
}

function departmentOf(message: Er7Message, kind: string, reading: Reading): string {
  const { code } = practiceSettingOf(message, reading)
  if (WITHOUT_DEPARTMENT.has(kind) || code === UNKNOWN_DEPARTMENT || !DEPARTMENT.test(code)) return NONE
  return code
}
