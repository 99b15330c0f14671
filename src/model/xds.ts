// XDS.b constants (ITI TF-3 4.2.2 to 4.2.4): status, object types and association types, exactly as they travel.

export const STATUS_APPROVED = 'urn:oasis:names:tc:ebxml-regrep:StatusType:Approved'
export const STATUS_DEPRECATED = 'urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated'

export const RESPONSE_SUCCESS = 'urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success'
export const RESPONSE_FAILURE = 'urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure'
/** The only response status with the IHE prefix. */
export const RESPONSE_PARTIAL = 'urn:ihe:iti:2007:ResponseStatusType:PartialSuccess'

export const SEVERITY_ERROR = 'urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error'
export const SEVERITY_WARNING = 'urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning'

export const OBJECT_STABLE = 'urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1'
export const OBJECT_ON_DEMAND = 'urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248'
export const OBJECT_PACKAGE = 'urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:RegistryPackage'
export const OBJECT_ASSOCIATION = 'urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association'
export const OBJECT_CLASSIFICATION = 'urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Classification'
export const OBJECT_EXTERNAL_IDENTIFIER = 'urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:ExternalIdentifier'

export const HAS_MEMBER = 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember'
export const RPLC = 'urn:ihe:iti:2007:AssociationType:RPLC'
export const XFRM = 'urn:ihe:iti:2007:AssociationType:XFRM'
export const APND = 'urn:ihe:iti:2007:AssociationType:APND'
export const XFRM_RPLC = 'urn:ihe:iti:2007:AssociationType:XFRM_RPLC'
export const SIGNS = 'urn:ihe:iti:2007:AssociationType:signs'
export const IS_SNAPSHOT_OF = 'urn:ihe:iti:2010:AssociationType:IsSnapshotOf'
/** Trigger associations of Update Document Set, never stored (ITI TF-2 3.57). */
export const UPDATE_AVAILABILITY_STATUS = 'urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus'
export const SUBMIT_ASSOCIATION = 'urn:ihe:iti:2010:AssociationType:SubmitAssociation'
