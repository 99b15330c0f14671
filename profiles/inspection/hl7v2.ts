// Fields of HL7 v2 that tell nothing of a person (docs/adr/0039).

import type { Harmless } from './values.ts'

/** `plain`: as it stands, where it is ASCII. */
export type FieldKind = Harmless | 'plain'

const header = (positions: readonly number[]): readonly (readonly [number, FieldKind])[] =>
  positions.map((position) => [position, 'plain'])

const FIELDS: Readonly<Record<string, readonly (readonly [number, FieldKind])[]>> = {
  MSH: header([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21]),
  BHS: header([1, 2, 3, 4, 5, 6, 7, 11, 12]),
  FHS: header([1, 2, 3, 4, 5, 6, 7, 11, 12]),
  BTS: header([1]),
  FTS: header([1]),
  EVN: [
    [1, 'plain'],
    [2, 'form'],
    [3, 'form'],
    [6, 'form'],
  ],
  PID: [
    [1, 'number'],
    [3, 'CX'],
    [7, 'form'],
    [33, 'form'],
  ],
  MRG: [[1, 'CX']],
  PV1: [[1, 'number']],
  ORC: [[1, 'token']],
  OBR: [
    [1, 'number'],
    [7, 'form'],
    [25, 'token'],
  ],
  OBX: [
    [1, 'number'],
    [2, 'token'],
    [11, 'token'],
  ],
  SPM: [[1, 'number']],
  NTE: [[1, 'number']],
  TXA: [
    [1, 'number'],
    [3, 'token'],
  ],
  MSA: header([1, 2]),
  ERR: header([1, 2, 3, 4, 5]),
  QPD: header([1, 2]),
  QAK: header([1, 2, 3, 4, 5, 6]),
  QID: header([1, 2]),
  RCP: header([1, 2, 3]),
}

const kinds = new Map(
  Object.entries(FIELDS).flatMap(([segment, fields]) =>
    fields.map(([position, kind]) => [`${segment}-${position}`, kind] as const),
  ),
)

/** Undefined: nothing of the field is shown. */
export function fieldKind(segment: string, position: number): FieldKind | undefined {
  return kinds.get(`${segment}-${position}`)
}
