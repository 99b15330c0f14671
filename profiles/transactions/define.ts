// The shape of a transaction row: every station of the pipeline reads what it needs from here (design §2).

import type { Role } from '../../src/model/caller.ts'

export interface QName {
  readonly ns: string
  readonly name: string
}

/** ATNA codes of the server side (ITI TF-2 table of the transaction, section Security Audit Considerations). */
export interface AuditRow {
  readonly eventId: '110106' | '110107' | '110110' | '110112'
  readonly eventName: 'Export' | 'Import' | 'Patient Record' | 'Query'
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E'
  readonly typeCode: string
  readonly typeName: string
}

export interface Transaction {
  /** `ITI-44 revise` where one transaction number has several interactions. */
  readonly id: string
  readonly name: string
  /** IHE actor as spelled in WSDL definitions/@name, but for an actor that two profiles have: the second one's has its profile before it. */
  readonly actor:
    | 'DocumentRegistry'
    | 'DocumentRepository'
    | 'PIXManager'
    | 'PIXConsumer'
    | 'PDSupplier'
    | 'RespondingGateway'
    | 'InitiatingGateway'
    | 'XcpdRespondingGateway'
  /** Section that defines the message. */
  readonly section: string
  /** WSDL operation without the actor prefix, e.g. `RegistryStoredQuery`. */
  readonly operation: string
  readonly action: string
  readonly responseAction: string
  /**
   * `root`: among the rows of this kind the root of the body decides, whichever of their actions came with it: IHE's texts and WSDLs
   * do not agree on the actions of continuation and cancellation (ITI TF-2 3.47.4.3, 3.47.4.4).
   */
  readonly chosenBy?: 'root'
  readonly request: QName
  readonly response: QName
  /** `required`: multipart/related both ways, even with nothing attached (ITI TF-2 Appendix V.3.6). */
  readonly mtom: 'never' | 'required'
  /** A caller must hold one of these. */
  readonly roles: readonly Role[]
  readonly audit: AuditRow
}

/** A transaction of HL7 v2, which has no endpoint, action or WSDL of its own. */
export type Hl7v2Transaction = Pick<Transaction, 'id' | 'name' | 'section' | 'roles' | 'audit'>

/** A query of HL7 v2: QBP and the RSP that answers it (HL7 v2.5 5.3). */
export interface Hl7v2Query extends Hl7v2Transaction {
  /** MSH-9.2 of the query. */
  readonly trigger: string
  /** QPD-1 as the profile names the query; any name is taken. */
  readonly queryName: string
  /** MSH-9.2 and MSH-9.3 of the answer. */
  readonly response: { readonly trigger: string; readonly structure: string }
}

/** Path of each actor's endpoint (design §5). */
export const ENDPOINTS = {
  DocumentRegistry: '/xds/registry',
  DocumentRepository: '/xds/repository',
  PIXManager: '/pix/manager',
  PIXConsumer: '/pix/consumer',
  PDSupplier: '/pdq/supplier',
  RespondingGateway: '/xca/responding',
  InitiatingGateway: '/xca/initiating',
  XcpdRespondingGateway: '/xcpd/responding',
} as const satisfies Record<Transaction['actor'], string>

export const NS = {
  query: 'urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0',
  rim: 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0',
  rs: 'urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0',
  lcm: 'urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0',
  xds: 'urn:ihe:iti:xds-b:2007',
  rmd: 'urn:ihe:iti:rmd:2017',
  hl7: 'urn:hl7-org:v3',
  xop: 'http://www.w3.org/2004/08/xop/include',
} as const
