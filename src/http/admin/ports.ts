// What the admin API needs from the house: the store of administration, and the identity actor's work for registration staff.

import type { Fees } from '../../../profiles/storeclient/fees.ts'
import type { AccountPorts } from '../../access/accounts/ports.ts'
import type { PartnerTest } from '../../access/administration/partner-test.ts'
import type { EmergencyPorts } from '../../access/emergency/ports.ts'
import type { EmergencyStore } from '../../access/emergency/store.ts'
import type { ExplainingPorts } from '../../access/explaining/ports.ts'
import type { AdministrationStore, Change } from '../../access/ports.ts'
import type { RightsStore } from '../../access/rights/ports.ts'
import type { SimulationPorts } from '../../access/simulation/ports.ts'
import type { IssuerStore } from '../../access/xua/ports.ts'
import type { ChainPorts } from '../../audit/chain-ports.ts'
import type { RecordPorts } from '../../audit/records/ports.ts'
import type { DiscoveryAdministration } from '../../gateway/discovery-administration.ts'
import type { AdministrationPorts } from '../../identity/administration-ports.ts'
import type { SubscriptionStore } from '../../identity/subscription-ports.ts'
import type { SynchronisationStore } from '../../identity/synchronisation-ports.ts'
import type { ImportLine, ImportProgress } from '../../identity/transfer/import.ts'
import type { ReplayPorts } from '../../journal/replay-ports.ts'
import type { Oid } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import type { PersonRecord } from '../../model/person-record.ts'
import type { ToleratedRow } from '../../model/tolerated.ts'
import type { ContractStore } from '../../storeclient/contract/contract.ts'
import type { UsageReader } from '../../storeclient/contract/usage.ts'
import type { ReleasePorts } from '../../storeclient/hold/hold-ports.ts'
import type { Exported, ExportRequest } from '../../storeclient/ssmix/export.ts'
import type { CalendarPorts, ClinicalViewPorts } from '../../storeclient/view/calendar-ports.ts'
import type { DoorLog } from '../door.ts'
import type { JournalAccess } from '../journal-query.ts'
import type { OnboardingAdministration } from '../onboarding.ts'
import type { AnchorPorts } from './anchor-ports.ts'
import type { AuditTargetPorts } from './audit-target-ports.ts'
import type { CertificatePorts } from './certificate-ports.ts'

export interface AdminPorts {
  readonly token: string
  /** Names of this host, lower case, under which local programs may call besides loopback. */
  readonly hostNames?: readonly string[]
  readonly log: DoorLog
  readonly store: AdministrationStore
  /** repositoryUniqueId of this server. */
  readonly ownRepository: string
  readonly certificates: CertificatePorts
  readonly rights: RightsStore
  /** classCodes that a consent may exclude. */
  readonly documentKinds: readonly string[]
  readonly patients: PatientPorts
  readonly anchors: AnchorPorts
  /**
   * Tests the connection to a neighbouring community, as a system of this network or as nobody in particular; `missing` for an unknown or
   * removed one, `no system` when that system is not active.
   */
  readonly testPartner: (
    asked: Who & { readonly facilityId: string; readonly systemId?: string },
  ) => Promise<PartnerTest | 'missing' | 'no system'>
  /** Where audit records are sent. */
  readonly auditTargets: AuditTargetPorts
  readonly transfer: TransferPorts
  /** The master patient index as its administration works on it. */
  readonly index: AdministrationPorts
  readonly contracts: ContractStore
  /** Staff, their accounts and sessions. */
  readonly accounts: AccountPorts
  /** Who patients are in neighbouring communities. */
  readonly discovery: DiscoveryAdministration
  readonly emergency: { readonly ports: EmergencyPorts; readonly store: EmergencyStore }
  /** Why something is seen or not, and what a change of policy would do. */
  readonly explaining: ExplainingPorts
  readonly simulation: SimulationPorts
  /** The audit log for those who look after it. */
  readonly records: RecordPorts
  /** Held messages and quarantine. */
  readonly release: ReleasePorts
  readonly usage: UsageReader & { readonly fees: Fees }
  /** Messages of the journal, performed again. */
  readonly replays: ReplayPorts
  /** Called when a request has changed something, before it is answered. */
  readonly changed: () => void
  readonly subscriptions: SubscriptionStore
  /** Indexes that are kept alike with neighbouring communities. */
  readonly synchronisation: SynchronisationStore
  /** Issuers of assertions about users. */
  readonly issuers: IssuerStore
  /** What was tolerated in the messages of a system. */
  readonly tolerances: (systemId: string) => Promise<readonly ToleratedRow[]>
  /** The audit log by month: its state, its export, its end. */
  readonly chain: ChainPorts
  /** Calendar and content of documents, on behalf of a facility. */
  readonly viewing: CalendarPorts & ClinicalViewPorts
  /** What a facility published, as files of an SS-MIX2 storage. */
  readonly exportStorage: (request: ExportRequest) => AsyncIterable<Exported>
  readonly readCertificate: (pem: string) => Parameters<AdministrationStore['addCertificate']>[1]
  /** Exchanges and their messages. */
  readonly journal: JournalAccess
  /** Invitations of vendors' systems, and how far they are. */
  readonly onboarding: OnboardingAdministration
  /** What a connecting vendor needs to know of this network. */
  readonly network: () => Readonly<Record<string, unknown>>
}

export interface PersonAnswer {
  readonly key: string
  /** Value in the affinity domain; absent for a person whose records were all linked to another. */
  readonly xad?: string
  readonly identifiers: readonly { readonly domain: string; readonly value: string; readonly status: string }[]
}

/** Registration staff's work on the master patient index, as the identity actor offers it. */
export interface PatientPorts {
  readonly register: (demographics: Demographics, who: Who) => Promise<{ readonly xad: string }>
  readonly find: (value: string, domain?: string) => Promise<readonly PersonAnswer[]>
  readonly byXad: (xad: string) => Promise<PersonAnswer | undefined>
  /** Has the facility a number of its own for the person? */
  readonly isOf: (personKey: string, facilityId: string) => Promise<boolean>
  /** @throws {IheError} when the number belongs to someone with documents, or the person has another number there. */
  readonly link: (link: Link) => Promise<'linked' | 'no-domain'>
  readonly unlink: (link: Omit<Link, 'xad'>) => Promise<'linked' | 'no-domain'>
}

/** Who of the staff, and from where. */
export type Who = Pick<Change, 'by' | 'peer'>

export interface Link extends Who {
  readonly xad: string
  readonly facilityId: string
  readonly value: string
  readonly reason: string
}

/** The identity actor's work on many records at once. */
export interface TransferPorts {
  readonly affinityDomain: Oid
  readonly import: (
    batches: AsyncIterable<readonly ImportLine[]>,
    given: Who & { readonly isDryRun: boolean },
  ) => AsyncIterable<ImportProgress>
  readonly export: (request: Who & { readonly domain?: Oid }) => AsyncIterable<readonly PersonRecord[]>
}
