// Clinical content as JSON: times in ISO 8601 with +09:00, files by name, size and document instead of their bytes.

import { createHash } from 'node:crypto'
import type { EmbeddedFile } from '../../model/clinical.ts'
import type { ClinicalView, ViewedFile } from '../../model/clinical-view.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import { isoOf, jstIso } from '../../model/jst.ts'

export function clinicalJson({ document, patient, content, former, segments }: ClinicalView): unknown {
  const { serviceStartMs, serviceStopMs, createdMs, files, ...known } = document
  return {
    document: {
      ...known,
      serviceStart: isoOrAbsent(serviceStartMs),
      serviceStop: isoOrAbsent(serviceStopMs),
      created: isoOrAbsent(createdMs),
      files: files.map(({ hash: _hash, ...file }) => file),
    },
    patient,
    content: content === undefined ? null : toJson(content, files),
    former: former === undefined ? undefined : toJson(former, []),
    segments,
  }
}

function isoOrAbsent(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : jstIso(ms)
}

function toJson(value: unknown, files: readonly ViewedFile[]): unknown {
  if (Array.isArray(value)) return value.map((one) => toJson(one, files))
  if (typeof value !== 'object' || value === null) return value
  if (isTime(value)) return isoOf(value)
  if (isFile(value)) return fileJson(value, files)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member, files)]))
}

function isTime(value: object): value is Hl7Time {
  return 'jstDate' in value && 'startMs' in value
}

function isFile(value: object): value is EmbeddedFile {
  return 'bytes' in value && Buffer.isBuffer(value.bytes)
}

/** The document that was made of a file has its checksum. */
function fileJson({ bytes, ...file }: EmbeddedFile, files: readonly ViewedFile[]): unknown {
  const sha1 = createHash('sha1').update(bytes).digest('hex')
  const document = files.find(({ hash }) => hash.toLowerCase() === sha1)
  return { ...file, sizeBytes: bytes.length, uniqueId: document?.uniqueId }
}
