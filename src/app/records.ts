// Composition root: the audit log for its readers, with names of kinds of documents and titles out of the registry (docs/access-log.md).

import { CLASS_NAMES } from '../../profiles/audit/words.ts'
import { NS } from '../../profiles/transactions/index.ts'
import type { RecordPorts } from '../audit/records/ports.ts'
import { attributeOf, childrenOf } from '../codec/xml/navigate.ts'
import { readXml } from '../codec/xml/read.ts'
import { createRecordStore } from '../db/audit/record-store.ts'
import type { Given } from './actor-ports.ts'

export function recordPorts({ pool, affinityDomain }: Given): RecordPorts {
  const japanese = new Map<string, string>(affinityDomain.classCode.map(({ code, display }) => [code, display]))
  return {
    store: createRecordStore(pool, readTitle),
    kindName: (code) => ({ ja: japanese.get(code) ?? code, en: CLASS_NAMES[code] ?? code }),
  }
}

/** The title of an entry is the first text of its Name (ITI TF-3 4.2.3.2.28). */
function readTitle(texts: string): string {
  const name = readXml(Buffer.from(`<rim:Name xmlns:rim="${NS.rim}">${texts}</rim:Name>`))
  const [first] = childrenOf(name, NS.rim, 'LocalizedString')
  return first === undefined ? '' : (attributeOf(first, 'value') ?? '')
}
