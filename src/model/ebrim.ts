// ebRIM 3.0 registry objects as they travel, untyped (ITI TF-3 4.2.1). The typed views are in document-entry.ts.

export interface Slot {
  readonly name: string
  readonly values: readonly string[]
}

/** A coded attribute (`scheme`) or an object label (`node`), ITI TF-3 4.2.3.1.2. */
export interface Classification {
  readonly id: string
  readonly scheme?: string
  readonly node?: string
  readonly nodeRepresentation: string
  readonly classifiedObject: string
  readonly slots: readonly Slot[]
  readonly name?: string
}

export interface ExternalIdentifier {
  readonly id: string
  readonly scheme: string
  readonly registryObject: string
  readonly value: string
  readonly name?: string
}

export interface RegistryObject {
  readonly kind: 'ExtrinsicObject' | 'RegistryPackage'
  readonly id: string
  readonly lid?: string
  readonly objectType?: string
  readonly mimeType?: string
  readonly status?: string
  readonly home?: string
  readonly version?: string
  readonly slots: readonly Slot[]
  readonly name?: string
  readonly description?: string
  readonly classifications: readonly Classification[]
  readonly externalIdentifiers: readonly ExternalIdentifier[]
}

export interface Association {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly target: string
  readonly status?: string
  readonly slots: readonly Slot[]
  readonly classifications: readonly Classification[]
  readonly name?: string
}

/** lcm:SubmitObjectsRequest as read from the wire (ITI-42 body, ITI-41 inner part). */
export interface SubmitObjects {
  readonly objects: readonly RegistryObject[]
  readonly associations: readonly Association[]
}

export function slotValues(object: { readonly slots: readonly Slot[] }, name: string): readonly string[] {
  return object.slots.find((slot) => slot.name === name)?.values ?? []
}
