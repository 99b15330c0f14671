// The shape of a stored query row (ITI TF-2 3.18.4.1.2.3.7, 3.51.4.1.2).

export interface QueryParameter {
  readonly name: string
  readonly value: 'string' | 'code' | 'time' | 'like' | 'number'
  readonly list: 'no' | 'yes'
  /** May the slot be repeated, meaning AND (3.18.4.1.2.3.5)? */
  readonly repeat: 'no' | 'and'
  readonly required: 'no' | 'yes'
}

export type StoredQueryName =
  | 'FindDocuments'
  | 'FindDocumentsByReferenceId'
  | 'FindSubmissionSets'
  | 'FindFolders'
  | 'GetAll'
  | 'GetDocuments'
  | 'GetFolders'
  | 'GetAssociations'
  | 'GetDocumentsAndAssociations'
  | 'GetSubmissionSets'
  | 'GetSubmissionSetAndContents'
  | 'GetFolderAndContents'
  | 'GetFoldersForDocument'
  | 'GetRelatedDocuments'
  | 'FindDocumentsForMultiplePatients'
  | 'FindDocumentsByReferenceIdForMultiplePatients'
  | 'FindFoldersForMultiplePatients'

export type ReturnedObject = 'DocumentEntry' | 'SubmissionSet' | 'Folder' | 'Association'

export interface StoredQueryRow {
  readonly id: string
  readonly name: StoredQueryName
  /** The only transaction that knows the query. */
  readonly transaction: 'ITI-18' | 'ITI-51'
  readonly section: string
  readonly parameters: readonly QueryParameter[]
  readonly returns: readonly ReturnedObject[]
  /** Of these parameters exactly one must be given. */
  readonly exactlyOneOf?: readonly string[]
  /** Of these parameters one must be given, or more. */
  readonly atLeastOneOf?: readonly string[]
}

type Kind = 'S' | 'M' | 'C' | 'CA' | 'T' | 'L' | 'LS' | 'LA' | 'N'

const VALUES: Readonly<Record<Kind, QueryParameter['value']>> = {
  S: 'string',
  M: 'string',
  C: 'code',
  CA: 'code',
  T: 'time',
  L: 'like',
  LS: 'like',
  LA: 'like',
  N: 'number',
}

/**
 * Letters as in the tables: S single string, M list, C coded list, T time, L list of LIKE patterns, LS one LIKE pattern, N number; CA and
 * LA are lists whose slot may be repeated, meaning AND.
 */
export function parameter(name: string, kind: Kind, required: 'R' | 'O' = 'O'): QueryParameter {
  return {
    name,
    value: VALUES[kind],
    list: kind === 'S' || kind === 'T' || kind === 'LS' || kind === 'N' ? 'no' : 'yes',
    repeat: kind.endsWith('A') ? 'and' : 'no',
    required: required === 'R' ? 'yes' : 'no',
  }
}

/** Every query takes it: 1, or absent, for the newest version of each object, 2 for all of them (Metadata Update). */
export const METADATA_LEVEL = '$MetadataLevel'

/** Status of the associations that are returned or followed; Approved when absent (Metadata Update). */
export const ASSOCIATION_STATUS = '$XDSAssociationStatus'

export function storedQuery(given: StoredQueryRow): StoredQueryRow {
  const follows = given.returns.includes('Association') || given.name === 'GetFoldersForDocument'
  return {
    ...given,
    parameters: [
      ...given.parameters,
      ...(follows ? [parameter(ASSOCIATION_STATUS, 'M')] : []),
      parameter(METADATA_LEVEL, 'N'),
    ],
  }
}
