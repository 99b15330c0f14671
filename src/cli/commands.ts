// Every command of the command line, in the order help lists them (design §5).

import type { Registration } from './context.ts'

type Load = () => Promise<Registration>

const loadLogin: Load = async () => (await import('./login.ts')).registerLogin

/** Loaded when they are asked for: what a command does not need would only make it start later. */
export const COMMANDS: Readonly<Record<string, Load>> = {
  serve: async () => (await import('./serve.ts')).registerServe,
  demo: async () => (await import('./demo.ts')).registerDemo,
  migrate: async () => (await import('./migrate.ts')).registerMigrate,
  config: async () => (await import('./config-command.ts')).registerConfig,
  selftest: async () => (await import('./selftest.ts')).registerSelftest,
  login: loadLogin,
  logout: loadLogin,
  whoami: loadLogin,
  account: async () => (await import('./account.ts')).registerAccount,
  staff: async () => (await import('./staff.ts')).registerStaff,
  facility: async () => (await import('./facility.ts')).registerFacility,
  system: async () => (await import('./system.ts')).registerSystem,
  invite: async () => (await import('./invite.ts')).registerInvite,
  union: async () => (await import('./union.ts')).registerUnion,
  rights: async () => (await import('./rights.ts')).registerRights,
  access: async () => (await import('./access.ts')).registerAccess,
  agreement: async () => (await import('./agreement.ts')).registerAgreement,
  partner: async () => (await import('./partner.ts')).registerPartner,
  repository: async () => (await import('./repository.ts')).registerRepository,
  'service-contract': async () => (await import('./service-contract.ts')).registerServiceContract,
  consent: async () => (await import('./consent.ts')).registerConsent,
  emergency: async () => (await import('./emergency.ts')).registerEmergency,
  patient: async () => (await import('./patient.ts')).registerPatient,
  calendar: async () => (await import('./calendar.ts')).registerCalendar,
  document: async () => (await import('./document.ts')).registerDocument,
  review: async () => (await import('./review.ts')).registerReview,
  matching: async () => (await import('./matching.ts')).registerMatching,
  domain: async () => (await import('./domain.ts')).registerDomain,
  subscription: async () => (await import('./subscription.ts')).registerSubscription,
  notifications: async () => (await import('./notifications.ts')).registerNotifications,
  held: async () => (await import('./withheld.ts')).registerHeld,
  quarantine: async () => (await import('./withheld.ts')).registerQuarantine,
  usage: async () => (await import('./usage.ts')).registerUsage,
  audit: async () => (await import('./audit.ts')).registerAudit,
  cert: async () => (await import('./cert.ts')).registerCert,
  issuer: async () => (await import('./issuer.ts')).registerIssuer,
  xua: async () => (await import('./xua.ts')).registerXua,
  journal: async () => (await import('./journal.ts')).registerJournal,
  anchor: async () => (await import('./anchor.ts')).registerAnchor,
  push: async () => (await import('./push.ts')).registerPush,
  ssmix: async () => (await import('./ssmix/index.ts')).registerSsmix,
  feed: async () => (await import('./feed.ts')).registerFeed,
  pix: async () => (await import('./pix.ts')).registerPix,
  pdq: async () => (await import('./pdq.ts')).registerPdq,
  query: async () => (await import('./query.ts')).registerQuery,
  provide: async () => (await import('./provide.ts')).registerProvide,
  update: async () => (await import('./update.ts')).registerUpdate,
  retrieve: async () => (await import('./retrieve.ts')).registerRetrieve,
  remove: async () => (await import('./remove.ts')).registerRemove,
  generate: async () => (await import('./generate.ts')).registerGenerate,
  bench: async () => (await import('./bench/bench.ts')).registerBench,
}

/** Of the command that stands first; when none does, as before help or after an option, of all. */
export async function registrationsFor([first]: readonly string[]): Promise<readonly Registration[]> {
  const asked = first === undefined || !Object.hasOwn(COMMANDS, first) ? undefined : COMMANDS[first]
  const loads = asked === undefined ? new Set(Object.values(COMMANDS)) : [asked]
  return Promise.all([...loads].map((load) => load()))
}
