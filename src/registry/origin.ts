// Whom a submission says it comes from, against the certificate: author institutions and sourceId (ITI TF-3 4.2.3.1.4, 4.2.3.3.10; access rule of the network).

import { finding } from '../../profiles/metadata/rules.ts'
import type { Caller } from '../model/caller.ts'
import type { Submission } from '../model/document-entry.ts'
import type { IheError } from '../model/error.ts'
import type { RegistryPorts } from './ports.ts'

/** The certificate wins, never the message; a system set apart from the access rule may name any facility. */
export async function originFindings(
  submission: Submission,
  caller: Caller,
  { access }: Pick<RegistryPorts, 'access'>,
): Promise<readonly IheError[]> {
  const source = sourceFindings(submission, caller.sourceIds ?? [])
  if (caller.accessMode === 'affinity-domain') return source
  const numbers = new Set(institutionsOf(submission).flatMap((institution) => institution.numbers))
  for (const own of [caller.facilityOid, caller.facilityCode]) numbers.delete(own ?? '')
  if (numbers.size === 0) return source
  return [...source, ...institutionFindings(submission, await access.foreignFacilities(caller, [...numbers]))]
}

/** @param foreign OIDs and codes of facilities for which the sender does not act. */
export function institutionFindings(submission: Submission, foreign: ReadonlySet<string>): readonly IheError[] {
  return institutionsOf(submission)
    .filter(({ numbers }) => numbers.some((number) => foreign.has(number)))
    .map(({ at, value }) => finding('XDS-AUTHOR-INSTITUTION-OWN', { at, value }))
}

/** @param permitted none: any sourceId may be sent. */
export function sourceFindings({ submissionSet }: Submission, permitted: readonly string[]): readonly IheError[] {
  const { sourceId } = submissionSet.value
  if (permitted.length === 0 || permitted.includes(sourceId)) return []
  return [finding('XDS-SS-SOURCEID-OWN', { at: 'SubmissionSet.sourceId', value: sourceId })]
}

interface Institution {
  readonly at: string
  readonly value: string
  /** What identifies it: XON.10, and the authority in XON.6 for a part of an institution. A name proves nothing either way. */
  readonly numbers: readonly string[]
}

function institutionsOf({ submissionSet, entries }: Submission): readonly Institution[] {
  const authored = [
    { at: 'SubmissionSet', authors: submissionSet.value.author },
    ...entries.map(({ value }) => ({ at: `DocumentEntry(${value.entryUUID})`, authors: value.author })),
  ]
  return authored.flatMap(({ at, authors }) =>
    authors.flatMap(({ authorInstitution }) =>
      authorInstitution.map((value) => ({ at: `${at}.authorInstitution`, value, numbers: numbersOf(value) })),
    ),
  )
}

function numbersOf(xon: string): readonly string[] {
  const components = xon.split('^')
  const [, authority] = (components[5] ?? '').split('&')
  return [components[9] ?? '', authority ?? ''].filter((number) => number !== '')
}
