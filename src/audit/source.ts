// Who writes audit messages: what a process and its network say of themselves in every one (DICOM PS3.15 A.5.1, AuditSourceIdentification).

export interface AuditSource {
  /** Base address of the HTTPS door, without a slash at its end. */
  readonly publicUrl: string
  /** Base address of the administration's door, without a slash at its end. */
  readonly managementUrl: string
  /** Name by which others know this host. */
  readonly hostName: string
  /** Product and instance, e.g. `Tsunagi gw1`. */
  readonly product: string
  /** Process id of the operating system: AlternativeUserID of our own side. */
  readonly pid: number
  /** OID of the community, without `urn:oid:`. */
  readonly enterpriseSiteId?: string
  /** AuditSourceID: tells apart the installations of one network. */
  readonly sourceId: string
}
