// May the files of a message be kept? Size and content at once, viruses by a scanner that may be somewhere else and may not answer.

import { createHash } from 'node:crypto'
import { iheError } from '../../../profiles/errors/index.ts'
import type { EmbeddedFile } from '../../model/clinical.ts'
import type { IheError } from '../../model/error.ts'
import type { StoreClientPorts } from '../ports.ts'
import { forbiddenIn } from './file-content.ts'

const RULE = 'magic bytes of the file'

function placeOf({ occurrence }: EmbeddedFile): string {
  return `OBX[${occurrence}]-5`
}

/**
 * Judges size and content of the files of a document.
 * @returns warnings about files that are something else than their sender says.
 * @throws {IheError} HL7_FILE_TOO_LARGE or HL7_FILE_FORBIDDEN at the first file that may not be kept.
 */
export function checkFiles(files: readonly EmbeddedFile[], maxBytes: number): readonly IheError[] {
  for (const file of files) {
    if (file.bytes.length > maxBytes) {
      throw iheError('HL7_FILE_TOO_LARGE', {
        at: placeOf(file),
        value: `${file.bytes.length} bytes`,
        rule: `at most ${maxBytes} bytes`,
      })
    }
    const reason = forbiddenIn(file)
    if (reason !== undefined) throw iheError('HL7_FILE_FORBIDDEN', { at: placeOf(file), value: reason, rule: RULE })
  }
  return files
    .filter(({ declaredType }) => declaredType !== undefined)
    .map((file) =>
      iheError('HL7_FILE_TYPE', { at: placeOf(file), value: `${file.declaredType}: ${file.mimeType}`, rule: RULE }),
    )
}

/** SHA-256 of the test string of the virus scanners (EICAR), which is no virus but must be found by every scanner. */
const TEST_STRING = '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f'
const TEST_STRING_BYTES = 68

/**
 * Scans files for viruses; without a scanner only the test string is found.
 * @returns the refusal HL7_FILE_INFECTED or HL7_SCAN_UNAVAILABLE; undefined when all are clean.
 */
export async function scanFiles(
  files: readonly EmbeddedFile[],
  scan: StoreClientPorts['scan'],
): Promise<IheError | undefined> {
  for (const file of files) {
    if (isTestString(file.bytes)) return iheError('HL7_FILE_INFECTED', { at: placeOf(file), rule: 'EICAR test file' })
    const verdict = await scan(file.bytes)
    if (verdict === 'infected') return iheError('HL7_FILE_INFECTED', { at: placeOf(file), rule: 'virus scan' })
    // Nothing is published unscanned: the sender keeps the message and comes again.
    if (verdict === 'unavailable') return iheError('HL7_SCAN_UNAVAILABLE', { at: placeOf(file), rule: 'virus scan' })
  }
  return undefined
}

function isTestString(bytes: Buffer): boolean {
  const digest = createHash('sha256').update(bytes.subarray(0, TEST_STRING_BYTES)).digest('hex')
  return digest === TEST_STRING
}
