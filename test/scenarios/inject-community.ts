// A neighbouring community for the time of one case: one that is down, or one whose answers cannot be passed on (ITI TF-2 3.38).

import { randomUUID, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { iti38 } from '../../profiles/transactions/index.ts'
import { issueServerCertificate } from '../../src/certificates/authority.ts'
import { readAuthority } from '../../src/certificates/pki-directory.ts'
import { readEnvelope } from '../../src/codec/soap/read.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { trusted } from '../../src/codec/xml/write.ts'
import type { Values } from './cases.ts'
import type { Scenario } from './harness.ts'

const COMMUNITY = '2.25.9201'
const HOME = `urn:oid:${COMMUNITY}`
const NUMBER = 'FX-EAST'
const PATIENT_ID = 'urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427'

/** Port 1 is no one's. */
export const communityDown = (scenario: Scenario, values: Values) => know(scenario, values, 'https://localhost:1/xca')

/** Its registry answers with the entry of a patient for whom nobody asked. */
export const communityOfStranger = (scenario: Scenario, values: Values) => answering(scenario, values, `home="${HOME}"`)

/** Its gateway forgets what makes its objects retrievable. */
export const communityWithoutHome = (scenario: Scenario, values: Values) => answering(scenario, values, '')

async function answering(scenario: Scenario, values: Values, attributes: string): Promise<() => Promise<void>> {
  const { config } = scenario.server
  const authority = await readAuthority(join(config.dataDir, 'pki'))
  const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })
  const gateway = createServer({ cert: certificatePem, key: privateKeyPem }, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { messageId = '' } = readEnvelope(readXml(Buffer.concat(chunks)))
    response.setHeader('content-type', 'application/soap+xml; charset=UTF-8')
    const body = trusted(answer(attributes, attributes === '' ? NUMBER : 'SOMEBODY-ELSE', values))
    response.end(writeEnvelope({ action: iti38.responseAction, relatesTo: messageId, body }))
  })
  gateway.listen(0, 'localhost')
  await once(gateway, 'listening')
  const forget = await know(scenario, values, `https://localhost:${(gateway.address() as AddressInfo).port}/xca`)
  return async () => {
    await forget()
    gateway.closeAllConnections()
    gateway.close()
  }
}

function answer(attributes: string, patient: string, values: Values): string {
  const id = `urn:uuid:${randomUUID()}`
  return `<query:AdhocQueryResponse xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
    status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"><rim:RegistryObjectList><rim:ExtrinsicObject id="${id}" ${attributes}
    objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1" status="urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"><rim:ExternalIdentifier
    id="urn:uuid:${randomUUID()}" registryObject="${id}" identificationScheme="${PATIENT_ID}"
    value="${patient}^^^&amp;${values('DOMAIN_EAST')}&amp;ISO"><rim:Name><rim:LocalizedString value="XDSDocumentEntry.patientId"/></rim:Name></rim:ExternalIdentifier></rim:ExtrinsicObject></rim:RegistryObjectList></query:AdhocQueryResponse>`
}

/** It has a number of the patient, and an agreement lets us ask it. */
async function know({ pool }: Scenario, values: Values, url: string): Promise<() => Promise<void>> {
  await pool.query(
    `insert into access.partner (facility_id, community, query_url, retrieve_url, added_by) values ('network-east', $1, $2, $2, 'fixture')`,
    [COMMUNITY, url],
  )
  await pool.query(
    `insert into access.agreement (title, partner_community, direction, valid_from, valid_to, recorded_by)
     values ('fixture', $1, 'incoming', now() - interval '1 day', now() + interval '1 day', 'fixture')`,
    [COMMUNITY],
  )
  await pool.query(
    `insert into identity.identifier (domain, value, person_key, status)
     select $1, $2, person_key, 'active' from identity.identifier where value = $3 and status = 'active'`,
    [values('DOMAIN_EAST'), NUMBER, values('XAD')],
  )
  return async () => {
    await pool.query(`delete from identity.identifier where value = $1`, [NUMBER])
    await pool.query(`delete from access.agreement where partner_community = $1`, [COMMUNITY])
    await pool.query(`delete from access.partner where community = $1`, [COMMUNITY])
  }
}

/** Its PIX Manager is our own, whose authorities know the certificate that feeds, and nobody by it. */
export async function communityThatRefuses({ pool, server }: Scenario, values: Values): Promise<() => Promise<void>> {
  const { fingerprint256 } = new X509Certificate(await readFile(server.config.tls.certificate))
  await pool.query(
    `insert into access.client_certificate (fingerprint, system_id, serial, subject, issuer, not_before, not_after)
     values ($1, 'network-east', '1', 'server', 'ca', now(), now() + interval '1 hour')`,
    [fingerprint256],
  )
  await pool.query(
    `insert into access.partner (facility_id, community, pix_url, identity, added_by) values ('network-east', $1, $2, 'pix', 'fixture')`,
    [COMMUNITY, `https://localhost:${values('HTTPS_PORT')}/pix/manager`],
  )
  await pool.query(
    `insert into access.agreement (title, partner_community, direction, valid_from, valid_to, recorded_by)
     values ('fixture', $1, 'outgoing', now() - interval '1 day', now() + interval '1 day', 'fixture')`,
    [COMMUNITY],
  )
  await pool.query(
    `insert into access.consent (person_key, kind, recorded_by, shares_with_communities)
     select person_key, 'comprehensive', 'fixture', true from identity.identifier where value = $1 and status = 'active'`,
    [values('XAD')],
  )
  return async () => {
    await pool.query(`delete from access.consent where recorded_by = 'fixture'`)
    for (const table of ['jobs.synchronisation', 'identity.synchronised', 'identity.synchronising'])
      await pool.query(`delete from ${table}`)
    await pool.query(`delete from access.agreement where partner_community = $1`, [COMMUNITY])
    await pool.query(`delete from access.partner where community = $1`, [COMMUNITY])
    await pool.query('delete from access.client_certificate where fingerprint = $1', [fingerprint256])
  }
}
