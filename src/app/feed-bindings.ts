// Composition root, part three: the transactions of patient identity, at PIX Manager, Document Registry and Patient Demographics Supplier, in v3 and v2.

import {
  iti44Add,
  iti44Merge,
  iti44RegistryAdd,
  iti44RegistryMerge,
  iti44RegistryRevise,
  iti44Revise,
  iti45,
  iti46Consumer,
  iti47,
  iti47Cancel,
  iti47Continue,
} from '../../profiles/transactions/index.ts'
import type { MessageHeader } from '../codec/hl7v2/header.ts'
import { type Binding, bind } from '../http/binding.ts'
import { feedService } from '../http/feed-door.ts'
import type { Hl7v2Service } from '../http/hl7v2-door.ts'
import { pdqCancelService, pdqQueryService, pixQueryService, unknownQueryService } from '../http/query-door.ts'
import { iti47CancelCodec, iti47Codec, iti47ContinueCodec } from '../http/transactions/pdq.ts'
import { iti44Codec, iti44MergeCodec, iti45Codec, iti46Codec } from '../http/transactions/pix.ts'
import { feedAdd, feedAdt, feedMerge, feedRevise } from '../identity/feed.ts'
import { pdqCancel, pdqContinue, pdqQuery } from '../identity/pdq.ts'
import type { PdqPorts } from '../identity/pdq-ports.ts'
import { pdqV2Query } from '../identity/pdq-v2.ts'
import { pixQuery } from '../identity/pix-manager.ts'
import type { IdentityPorts, PixQueryPorts } from '../identity/ports.ts'
import { type HearOfUpdate, updateNotified } from '../identity/update-notified.ts'

/** One actor behind both endpoints; the registry takes the ids that are patient ids of its metadata. */
export function identityBindings(identity: IdentityPorts, pix: PixQueryPorts): readonly Binding[] {
  const registry: IdentityPorts = { ...identity, takes: 'patient ids of the registry' }
  return [
    bind(iti44Add, iti44Codec, (request, caller) => feedAdd(request, caller, identity)),
    bind(iti44Revise, iti44Codec, (request, caller) => feedRevise(request, caller, identity)),
    bind(iti44Merge, iti44MergeCodec, (request, caller) => feedMerge(request, caller, identity)),
    bind(iti44RegistryAdd, iti44Codec, (request, caller) => feedAdd(request, caller, registry)),
    bind(iti44RegistryRevise, iti44Codec, (request, caller) => feedRevise(request, caller, registry)),
    bind(iti44RegistryMerge, iti44MergeCodec, (request, caller) => feedMerge(request, caller, registry)),
    bind(iti45, iti45Codec, (request, caller) => pixQuery(request, caller, pix)),
  ]
}

/** What a neighbouring community's PIX Manager tells this network. */
export function consumerBindings(hear: HearOfUpdate): readonly Binding[] {
  return [bind(iti46Consumer, iti46Codec, (request, caller) => updateNotified(request, caller, hear))]
}

/** The same actors over HL7 v2, by MSH-9; a message that is no query is a feed, or is told so. */
export function identityServices(
  identity: IdentityPorts,
  { pix, pdq }: { readonly pix: PixQueryPorts; readonly pdq: PdqPorts },
): (header: MessageHeader) => Hl7v2Service {
  const feeds = feedService((request, caller) => feedAdt(request, caller, identity))
  const pdqV2 = { ...pdq, store: identity.store }
  const queries = new Map([
    ['QBP^Q23', pixQueryService((request, caller) => pixQuery(request, caller, pix))],
    [
      'QBP^Q22',
      pdqQueryService({
        ask: (request, caller) => pdqV2Query(request, caller, pdqV2),
        proceed: (request, caller) => pdqContinue(request, caller, pdq),
      }),
    ],
    ['QCN^J01', pdqCancelService({ cancel: (request, caller) => pdqCancel(request, caller, pdq) })],
  ])
  const types = new Set([...queries.keys()].map((event) => event.split('^')[0]))
  const others = unknownQueryService([...queries.keys()])
  return ({ messageCode, trigger }) =>
    queries.get(`${messageCode}^${trigger}`) ?? (types.has(messageCode) ? others : feeds)
}

export function demographicsBindings(pdq: PdqPorts): readonly Binding[] {
  return [
    bind(iti47, iti47Codec, (request, caller) => pdqQuery(request, caller, pdq)),
    bind(iti47Continue, iti47ContinueCodec, (request, caller) => pdqContinue(request, caller, pdq)),
    bind(iti47Cancel, iti47CancelCodec, (request, caller) => pdqCancel(request, caller, pdq)),
  ]
}
