// An ATNA audit message as DICOM PS3.15 A.5 has it, before it is XML (ITI TF-2 3.20.4.1).

/** A coded element: csd-code, codeSystemName, originalText (PS3.15 A.5.1). */
export interface AuditCode {
  readonly code: string
  readonly system: string
  readonly text: string
}

export interface AuditParticipant {
  readonly userId: string
  /** Our process id, on our own side. */
  readonly alternativeUserId?: string
  readonly userName?: string
  readonly isRequestor: boolean
  /** DNS name or address, without port. */
  readonly networkAccessPoint?: { readonly id: string; readonly type: 'name' | 'address' }
  readonly roles: readonly AuditCode[]
}

export interface AuditDetail {
  readonly type: string
  /** Plain; the codec writes it in base64. */
  readonly value: string
}

export interface AuditObject {
  readonly id: string
  readonly typeCode: 1 | 2 | 3 | 4
  readonly typeCodeRole?: number
  readonly lifeCycle?: number
  readonly sensitivity?: string
  readonly idType: AuditCode
  readonly name?: string
  /** Plain; the codec writes it in base64. A message has a name or a query. */
  readonly query?: string
  readonly details: readonly AuditDetail[]
}

export interface AuditMessage {
  /** By which a receiver recognises a message that comes twice; carried as an object of type 4, role 26. */
  readonly uuid: string
  readonly eventId: AuditCode
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E'
  readonly at: Date
  readonly outcome: 0 | 4 | 8 | 12
  readonly eventTypes: readonly AuditCode[]
  readonly outcomeDescription?: string
  readonly purposesOfUse: readonly AuditCode[]
  readonly participants: readonly AuditParticipant[]
  readonly source: {
    readonly enterpriseSiteId?: string
    readonly sourceId: string
    readonly types: readonly AuditCode[]
  }
  readonly objects: readonly AuditObject[]
}
