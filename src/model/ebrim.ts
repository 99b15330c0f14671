// ebRIM 3.0 registry objects as they travel, untyped (ITI TF-3 4.2.1). The typed views are in document-entry.ts.

/** One text of a Name or Description; absent `lang` and `charset` mean the schema's defaults en-US and UTF-8. */
export interface LocalizedString {
  readonly value: string
  readonly lang?: string
  readonly charset?: string
}

/** A Name or Description in any number of languages; the first one is what XDS reads (ITI TF-3 4.2.3.1). */
export type InternationalString = readonly LocalizedString[]

export interface Slot {
  readonly name: string
  readonly slotType?: string
  readonly values: readonly string[]
}

/** Version of an object or of its content; an absent name means the schema's default 1.1. */
export interface VersionInfo {
  readonly versionName?: string
  readonly comment?: string
}

/** What ebRIM lets stand in any object and XDS does not interpret; kept and returned. */
interface Uninterpreted {
  readonly description?: InternationalString
  readonly versionInfo?: VersionInfo
  readonly classifications?: readonly Classification[]
  readonly externalIdentifiers?: readonly ExternalIdentifier[]
}

/** A coded attribute (`scheme`) or an object label (`node`), ITI TF-3 4.2.3.1.2. */
export interface Classification extends Uninterpreted {
  readonly id: string
  readonly scheme?: string
  readonly node?: string
  readonly nodeRepresentation: string
  readonly classifiedObject: string
  readonly slots: readonly Slot[]
  readonly name?: InternationalString
}

export interface ExternalIdentifier extends Uninterpreted {
  readonly id: string
  readonly scheme: string
  readonly registryObject: string
  readonly value: string
  readonly slots?: readonly Slot[]
  readonly name?: InternationalString
}

export interface RegistryObject {
  readonly kind: 'ExtrinsicObject' | 'RegistryPackage'
  readonly id: string
  readonly lid?: string
  readonly objectType?: string
  readonly mimeType?: string
  /** xs:boolean as it was written. */
  readonly isOpaque?: string
  readonly status?: string
  readonly home?: string
  /** VersionInfo/@versionName: the registry's own, whatever is submitted. */
  readonly version?: string
  readonly versionComment?: string
  readonly contentVersion?: VersionInfo
  readonly slots: readonly Slot[]
  readonly name?: InternationalString
  readonly description?: InternationalString
  readonly classifications: readonly Classification[]
  readonly externalIdentifiers: readonly ExternalIdentifier[]
}

export interface Association {
  readonly id: string
  readonly lid?: string
  readonly type: string
  readonly source: string
  readonly target: string
  readonly status?: string
  readonly home?: string
  readonly version?: string
  readonly versionComment?: string
  readonly slots: readonly Slot[]
  readonly name?: InternationalString
  readonly description?: InternationalString
  readonly classifications: readonly Classification[]
  readonly externalIdentifiers?: readonly ExternalIdentifier[]
}

/** lcm:SubmitObjectsRequest as read from the wire (ITI-42 body, ITI-41 inner part). */
export interface SubmitObjects {
  readonly objects: readonly RegistryObject[]
  readonly associations: readonly Association[]
}

export function slotValues(object: { readonly slots: readonly Slot[] }, name: string): readonly string[] {
  return object.slots.find((slot) => slot.name === name)?.values ?? []
}

/** The text that XDS reads of a Name or Description. */
export function plainText(text: InternationalString | undefined): string | undefined {
  return text?.[0]?.value
}
