// tsunagi bench --xua: what consent rule and assertions cost: ITI-18 for a user beside the same query of a system that is simply trusted (design §7).

import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { X509CertificateGenerator } from '@peculiar/x509'
import { roleTable } from '../../../profiles/access/index.ts'
import { privatePem } from '../../certificates/authority.ts'
import { writeAssertion, writeSecurity } from '../../codec/saml/write.ts'
import type { Markup } from '../../codec/xml/write.ts'
import { type Config, loadConfig } from '../../config/config.ts'
import { type AdminClient, createAdminClient, isObject, textOf } from '../admin-client.ts'
import { issue } from '../cert.ts'
import { type Credentials, readCredentials } from '../credentials.ts'
import { compare, type Measuring, rounded, target } from './compare.ts'
import { createGun, type Shot } from './load.ts'
import { type BenchPatient, findShot } from './messages.ts'
import { ENTRIES, fill, isFound } from './transactions.ts'

const LEAST_RATIO = 0.7
const ISSUER = 'urn:tsunagi:bench:idp'
const LIFETIME_SECONDS = 3600
/** Of the first figure: each works on with the assertion of their session, as users do. */
const USERS = 16
/** Of the second figure, for each millisecond of a round: more than are used up. */
const FRESH_PER_MS = 0.75

interface Key {
  readonly key: string
  readonly certificate: string
}

export async function measureXua(given: Measuring): Promise<void> {
  const { subject, directory, world, run } = given
  const [reader] = world.patients
  if (reader === undefined) throw new Error('the bench has no patient')
  await fill(given)
  const { managementPort, adminToken } = subject.ready
  const config = loadConfig({ flags: { dataDir: directory }, env: {} })
  const admin = createAdminClient({ baseUrl: `http://127.0.0.1:${managementPort}`, token: adminToken })
  const trusted = await trustedSystem(config, admin)
  const idp = await issuer(admin)
  const plain = findShot(reader)
  const session = Array.from({ length: USERS }, (_, number) => asserted(reader, header(config, idp, number)))
  const fresh: Shot[] = []
  for (let number = 0; number < run.roundMs * FRESH_PER_MS; number++)
    fresh.push(asserted(reader, header(config, idp, number)))
  const sides = [
    { name: 'one assertion a session', shots: session, least: LEAST_RATIO },
    { name: 'a new assertion a request', shots: fresh, least: undefined },
    { name: 'consent rule alone', shots: [plain], least: undefined },
  ]
  for (const { name, shots, least } of sides) {
    if (!name.includes(run.only)) continue
    const compared = await inTurn(given, { trusted, plain, shots })
    run.print({
      bench: `ITI-18 FindDocuments, ${ENTRIES} entries, consent rule, ${name}; beside a trusted system without assertion`,
      ...compared,
      assertions: shots === fresh || shots === session ? shots.length : 0,
      assertionBytes: (shots[0]?.body.length ?? 0) - plain.body.length,
      ...(least === undefined
        ? {}
        : target(`ratio >= ${least}`, rounded(compared.ratio) >= least && compared.failures === 0)),
    })
  }
}

async function inTurn(
  { subject, world, run }: Measuring,
  given: { readonly trusted: Credentials; readonly plain: Shot; readonly shots: readonly Shot[] },
) {
  const { callers } = run
  const at = { origin: subject.httpsUrl, path: '/xds/registry' }
  const bare = createGun({ ...at, tls: given.trusted }, callers)
  const ours = createGun({ ...at, tls: world.clinic }, callers)
  let number = 0
  const next = (): Shot => given.shots[number++ % given.shots.length] ?? given.plain
  const compared = await compare(
    {
      bare: (durationMs) => bare.run({ callers, durationMs, shot: () => given.plain, accepts: isFound }),
      ours: (durationMs) => ours.run({ callers, durationMs, shot: next, accepts: isFound }),
    },
    run.roundMs,
  )
  await Promise.all([bare.close(), ours.close()])
  return compared
}

/** A second system of the clinic to which no rule applies (access mode affinity-domain). */
async function trustedSystem(config: Config, admin: AdminClient): Promise<Credentials> {
  const { body } = await admin.get('/facilities/bench-clinic')
  const facilityOid = isObject(body) ? textOf(body.oid) : ''
  const systemId = 'bench-trusted'
  await admin.post('/systems', {
    systemId,
    facilityId: 'bench-clinic',
    roles: ['document-consumer'],
    accessMode: 'affinity-domain',
  })
  const { paths } = await issue(config, {
    systemId,
    facilityOid: facilityOid as Parameters<typeof issue>[1]['facilityOid'],
  })
  await admin.post(`/systems/${systemId}/certificates`, { pem: await readFile(paths.certificate, 'utf8') })
  return readCredentials(config, systemId)
}

async function issuer(admin: AdminClient): Promise<Key> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  }
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=bench',
    notAfter: new Date(Date.now() + LIFETIME_SECONDS * 1000),
    signingAlgorithm: algorithm,
    keys,
  })
  const certificate = made.toString('pem')
  await admin.post('/issuers', {
    issuerId: 'bench',
    entityId: ISSUER,
    scope: 'facilities',
    facilities: [{ facilityId: 'bench-clinic' }],
  })
  await admin.post('/issuers/bench/certificates', { pem: certificate })
  return { key: await privatePem(keys.privateKey), certificate }
}

function header(config: Config, key: Key, number: number): Markup {
  const assertion = writeAssertion(
    {
      issuer: ISSUER,
      subject: `user-${number}`,
      audience: config.community.homeCommunityId,
      issuedAt: new Date(),
      lifetimeSeconds: LIFETIME_SECONDS,
      authnContext: 'urn:oasis:names:tc:SAML:2.0:ac:classes:X509',
      displayName: '架空 花子',
      roles: [{ code: 'doctor', scheme: roleTable.ownSystem, display: 'doctor' }],
      purpose: { code: 'TREAT', scheme: '2.16.840.1.113883.1.11.20448', display: 'treatment' },
    },
    key,
  )
  return writeSecurity(assertion)
}

function asserted(reader: BenchPatient, security: Markup): Shot {
  return findShot(reader, security)
}
