// Composition root: the SOAP endpoints, each with the transactions of its actor bound to codec and function (design §2).

import {
  ENDPOINTS,
  iti18,
  iti41,
  iti42,
  iti43,
  iti51,
  iti57,
  iti61,
  iti62,
  iti86,
  iti92,
  transactions,
} from '../../profiles/transactions/index.ts'
import { CORRELATION_LIFE } from '../codec/hl7v3/correlation-life.ts'
import { writeWsdl } from '../codec/soap/wsdl.ts'
import { hearOfUpdate } from '../db/synchronisation/news.ts'
import { type Binding, bind } from '../http/binding.ts'
import type { PartnerClient } from '../http/partner-client.ts'
import type { RepositoryClient } from '../http/repository-client.ts'
import type { SoapEndpoint } from '../http/soap-receive.ts'
import { iti62Codec, registerCodec, storedQueryCodec } from '../http/transactions/registry.ts'
import { iti41Codec, iti43Codec, iti86Codec } from '../http/transactions/repository.ts'
import type { IdentityPorts } from '../identity/ports.ts'
import type { Caller } from '../model/caller.ts'
import type { RegistryPorts } from '../registry/ports.ts'
import type { StoredQueryPorts } from '../registry/query-ports.ts'
import { register, registerOnDemand } from '../registry/register.ts'
import { removeMetadata } from '../registry/remove.ts'
import { storedQuery } from '../registry/stored-query.ts'
import { restrictedUpdate, updateDocumentSet } from '../registry/update.ts'
import type { BlobStore, RepositoryPorts } from '../repository/ports.ts'
import { provideAndRegister } from '../repository/provide-and-register.ts'
import { removeDocuments } from '../repository/remove.ts'
import { retrieve } from '../repository/retrieve.ts'
import { documentRemovalPorts, type Given, pdqPorts, pixQueryPorts, removalPorts } from './actor-ports.ts'
import { discoveryBindings } from './discovery.ts'
import { gatewayBindings } from './federation.ts'
import { consumerBindings, demographicsBindings, identityBindings } from './feed-bindings.ts'

/** A repository registers for itself; a trusted system as it says. */
function repositoriesOf(caller: Caller): readonly string[] | undefined {
  return caller.accessMode === 'affinity-domain' ? undefined : caller.repositories
}

export function endpointsOf(
  given: Given,
  actors: {
    readonly registry: RegistryPorts
    readonly queries: StoredQueryPorts
    readonly repository: RepositoryPorts
    readonly identity: IdentityPorts
    readonly blobs: BlobStore
    readonly partners: PartnerClient
    readonly repositories: RepositoryClient
  },
): readonly SoapEndpoint[] {
  const { config } = given
  const { registry, queries, repository, identity, blobs } = actors
  const metadataRemoval = removalPorts(given)
  const documentRemoval = documentRemovalPorts(given, blobs)
  const bindings: readonly Binding[] = [
    bind(iti18, storedQueryCodec('ITI-18'), (request, caller) => storedQuery(request, caller, queries)),
    bind(iti51, storedQueryCodec('ITI-51'), (request, caller) => storedQuery(request, caller, queries)),
    bind(iti42, registerCodec, (request, caller) =>
      register({ ...request, documents: [], repositories: repositoriesOf(caller) }, caller, registry),
    ),
    bind(iti61, registerCodec, (request, caller) =>
      registerOnDemand({ ...request, documents: [], repositories: repositoriesOf(caller) }, caller, registry),
    ),
    bind(iti57, registerCodec, (request, caller) => updateDocumentSet(request, caller, registry)),
    bind(iti92, registerCodec, (request, caller) => restrictedUpdate(request, caller, registry)),
    bind(iti41, iti41Codec(blobs), (request, caller) => provideAndRegister(request, caller, repository)),
    bind(iti43, iti43Codec, (request, caller) => retrieve(request, caller, repository)),
    bind(iti62, iti62Codec, (request, caller) => removeMetadata(request, caller, metadataRemoval)),
    bind(iti86, iti86Codec, (request, caller) => removeDocuments(request, caller, documentRemoval)),
    ...gatewayBindings(given, actors),
    ...discoveryBindings(given, identity),
    ...identityBindings(identity, pixQueryPorts(given, identity)),
    ...consumerBindings((heard) => hearOfUpdate(given.pool, heard)),
    ...demographicsBindings(pdqPorts(given, identity)),
  ]
  return Object.entries(ENDPOINTS).map(([actor, path]) => ({
    path,
    bindings: bindings.filter((binding) => binding.transaction.actor === actor),
    wsdl: writeWsdl({
      actor: actor as keyof typeof ENDPOINTS,
      transactions,
      address: `${config.https.publicUrl}${path}`,
    }),
    ...(actor === 'DocumentRepository' ? { staging: blobs } : {}),
    ...(actor === 'XcpdRespondingGateway' ? { understood: new Set([CORRELATION_LIFE]) } : {}),
  }))
}
