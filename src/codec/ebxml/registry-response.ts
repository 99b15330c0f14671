// rs:RegistryResponse and its errors, both ways (ITI TF-3 4.2.4).

import { NS } from '../../../profiles/transactions/define.ts'
import { explain, type IheError, type RelayedError } from '../../model/error.ts'
import type { Result } from '../../model/evidence.ts'
import {
  RESPONSE_FAILURE,
  RESPONSE_PARTIAL,
  RESPONSE_SUCCESS,
  SEVERITY_ERROR,
  SEVERITY_WARNING,
} from '../../model/xds.ts'
import { attributeOf, childOf, childrenOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { el, type Markup } from '../xml/write.ts'

const STATUS: Readonly<Record<Result, string>> = {
  success: RESPONSE_SUCCESS,
  partial: RESPONSE_PARTIAL,
  failure: RESPONSE_FAILURE,
}

/** What every answer with a RegistryErrorList needs; `journalId` lets the sender and the operator speak of the same exchange. */
export interface Verdict {
  readonly result: Result
  readonly errors: readonly IheError[]
  readonly journalId: string
}

export function responseStatus(result: Result): string {
  return STATUS[result]
}

export function writeRegistryResponse(verdict: Verdict): Markup {
  return el('rs:RegistryResponse', { 'xmlns:rs': NS.rs, status: STATUS[verdict.result] }, ...writeErrorList(verdict))
}

/** Nothing when there is nothing to say: a Success without warnings carries no list. */
export function writeErrorList(verdict: Verdict): readonly Markup[] {
  if (verdict.errors.length === 0) return []
  const worst = verdict.errors.some((error) => error.row.severity === 'Error') ? SEVERITY_ERROR : SEVERITY_WARNING
  return [
    el(
      'rs:RegistryErrorList',
      { highestSeverity: worst },
      ...verdict.errors.map((error) => writeError(error, verdict.journalId)),
    ),
  ]
}

function writeError(error: IheError, journalId: string): Markup {
  const { relayed } = error
  if (relayed !== undefined) {
    const { errorCode, codeContext, severity, location } = relayed
    return el('rs:RegistryError', { errorCode, codeContext, severity, location })
  }
  return el('rs:RegistryError', {
    errorCode: error.row.ihe,
    codeContext: `${error.row.code}: ${explain(error)} (journal ${journalId})`,
    severity: error.row.severity === 'Error' ? SEVERITY_ERROR : SEVERITY_WARNING,
    location: error.location ?? error.at,
  })
}

export interface ReceivedResponse {
  readonly status: string
  readonly errors: readonly RelayedError[]
}

/** Reads status and errors of a RegistryResponse or of any answer that carries the same attributes and list. */
export function readRegistryResponse(response: XmlElement): ReceivedResponse {
  const list = childOf(response, NS.rs, 'RegistryErrorList')
  return {
    status: attributeOf(response, 'status') ?? '',
    errors: (list === undefined ? [] : childrenOf(list, NS.rs, 'RegistryError')).map((error) => {
      const location = attributeOf(error, 'location')
      return {
        errorCode: attributeOf(error, 'errorCode') ?? '',
        codeContext: attributeOf(error, 'codeContext') ?? '',
        severity: attributeOf(error, 'severity') ?? SEVERITY_ERROR,
        ...(location === undefined ? {} : { location }),
      }
    }),
  }
}
