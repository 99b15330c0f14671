// Stored queries this registry answers; every other id is XDSUnknownStoredQuery.

import type { StoredQueryRow } from './define.ts'
import { findDocuments } from './find-documents.ts'
import { getDocuments } from './get-documents.ts'

export type { QueryParameter, StoredQueryRow } from './define.ts'
export { findDocuments, getDocuments }

export const storedQueries: readonly StoredQueryRow[] = [findDocuments, getDocuments]
