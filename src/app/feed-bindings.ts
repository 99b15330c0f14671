// Composition root, part three: the transactions of patient identity, at the PIX Manager and at the Document Registry.

import {
  iti44Add,
  iti44Merge,
  iti44RegistryAdd,
  iti44RegistryMerge,
  iti44RegistryRevise,
  iti44Revise,
  iti45,
} from '../../profiles/transactions/index.ts'
import { type Binding, bind } from '../http/binding.ts'
import { iti44Codec, iti44MergeCodec, iti45Codec } from '../http/transactions/pix.ts'
import { feedAdd, feedMerge, feedRevise } from '../identity/feed.ts'
import { pixQuery } from '../identity/pix-manager.ts'
import type { IdentityPorts } from '../identity/ports.ts'

/** One actor behind both endpoints; the registry takes the ids that are patient ids of its metadata. */
export function identityBindings(identity: IdentityPorts): readonly Binding[] {
  const registry: IdentityPorts = { ...identity, takes: 'patient ids of the registry' }
  return [
    bind(iti44Add, iti44Codec, (request, caller) => feedAdd(request, caller, identity)),
    bind(iti44Revise, iti44Codec, (request, caller) => feedRevise(request, caller, identity)),
    bind(iti44Merge, iti44MergeCodec, (request, caller) => feedMerge(request, caller, identity)),
    bind(iti44RegistryAdd, iti44Codec, (request, caller) => feedAdd(request, caller, registry)),
    bind(iti44RegistryRevise, iti44Codec, (request, caller) => feedRevise(request, caller, registry)),
    bind(iti44RegistryMerge, iti44MergeCodec, (request, caller) => feedMerge(request, caller, registry)),
    bind(iti45, iti45Codec, (request, caller) => pixQuery(request, caller, identity)),
  ]
}
