// Which settings a prepared network may be started with.

/** Dozens of databases are started on one machine, none of which holds much. */
export const SMALL_DATABASE = { 'database.sharedBuffers': '128 MiB' }

/** They say how a server listens, what it refuses and how long it waits, and shape nothing of what the demo network's load stores. */
const HARMLESS =
  /^(dataDir|limits\..+|(https|management|mllp\.(storeclient|pix)|audit\.receiver)\.port|log\.level|soap\.asyncReplyTo|notifications\.timeoutMs|onboarding\.failures(PerAddress)?|access\.emergencyMisses|tls\.crlSeconds)$/

/** False: a network with these settings is made from nothing. */
export function leaveStoredAlone(settings: Readonly<Record<string, string>>): boolean {
  return Object.keys(settings).every((key) => HARMLESS.test(key))
}
