// Composition of the export of SS-MIX2 storages: its store, the blob store, and the reader of messages.

import { readEr7 } from '../codec/hl7v2/read.ts'
import { createSsmixExport } from '../db/storeclient/ssmix-export.ts'
import type { AdminPorts } from '../http/admin/ports.ts'
import type { BlobStore } from '../repository/ports.ts'
import { type ExportPorts, exportFacility } from '../storeclient/ssmix/export.ts'
import type { Given } from './actor-ports.ts'
import { readFragment } from './calendar-ports.ts'

export function storageExport({ pool }: Pick<Given, 'pool'>, blobs: BlobStore): AdminPorts['exportStorage'] {
  const store = createSsmixExport({ pool, readFile: blobs.read, readFragment })
  const decode: ExportPorts['decode'] = (bytes, hints) => {
    try {
      return readEr7(bytes, hints)
    } catch {
      // It was readable when it came; if it is not now, its path says what is known of it.
      return undefined
    }
  }
  return (request) => exportFacility(request, { ...store, decode })
}
