// The notation of message structures: segments and groups, required or optional, once or repeating (HL7 v2.5 2.12).

type Use = 'required' | 'optional'

export interface SegmentPart {
  readonly segment: string
  readonly use: Use
  readonly repeats: boolean
  /** Warning row raised when the segment is met at this place, where the standard does not have it. */
  readonly tolerated?: string
}

export interface GroupPart {
  readonly group: string
  readonly use: Use
  readonly repeats: boolean
  readonly parts: readonly StructurePart[]
}

export type StructurePart = SegmentPart | GroupPart

export interface MessageStructure {
  readonly id: string
  readonly parts: readonly StructurePart[]
  /** Optional segments whose place does not change their meaning: elsewhere they are warned about, not refused. */
  readonly loose: readonly string[]
}

/** `PID`, `[PD1]`, `{SPM}`, `[{NTE}]` in the notation of HL7 v2.5 2.12. */
export function part(notation: string): SegmentPart {
  return {
    segment: notation.replaceAll(/[[\]{}]/g, ''),
    use: notation.startsWith('[') ? 'optional' : 'required',
    repeats: notation.includes('{'),
  }
}

export function segments(notation: string): readonly SegmentPart[] {
  return notation.split(' ').map(part)
}

export function group(name: string, frame: '{}' | '[]' | '[{}]', parts: readonly StructurePart[]): GroupPart {
  return { group: name, use: frame.startsWith('[') ? 'optional' : 'required', repeats: frame.includes('{'), parts }
}

/** Insurance data: in messages of admissions and of orders alike. */
export const INSURANCES = group('INSURANCE', '[{}]', segments('IN1 [IN2] [{IN3}] [{ROL}]'))
