// What the placeholders of fixtures/ stand for in a running demo network (fixtures/README.md).

import type { RunningServer } from '../../src/app.ts'
import { facilityOf, loadDemoNetwork } from '../../src/cli/demo/network.ts'
import type { Scenario } from './harness.ts'

/** A further domain of hospital-a, for cases with two numbers of one facility. */
const DOMAIN_A2 = '2.25.118811470327043914837066416812057812113'

/** Asks the server for the ids it gave; registers the one domain that the demo network does not have. */
export async function networkValues(
  scenario: Pick<Scenario, 'pool' | 'tour'> & { readonly server: Pick<RunningServer, 'config' | 'httpsPort'> },
): Promise<Readonly<Record<string, string>>> {
  const { pool, server, tour } = scenario
  const network = await loadDemoNetwork()
  const domain = (facilityId: string): string => facilityOf(network, facilityId).patientDomain.oid
  await pool.query(
    `insert into identity.domain (oid, name, kind, facility_id) values ($1, 'HOSPITAL-A-2', 'facility', 'hospital-a')`,
    [DOMAIN_A2],
  )
  const xadOf = async (number: string): Promise<string> => {
    const { rows } = await pool.query<{ value: string }>(
      `select x.value from identity.identifier n join identity.identifier x using (person_key)
       where n.domain = $1 and n.value = $2 and x.domain = $3 and x.status = 'active'`,
      [domain('hospital-a'), number, server.config.identity.affinityDomainAuthority],
    )
    const [row] = rows
    if (row === undefined) throw new Error(`nobody has the number ${number}`)
    return row.value
  }
  const tester = network.systems.find(({ systemId }) => systemId === 'tester')
  return {
    DOMAIN_A: domain('hospital-a'),
    DOMAIN_A2,
    DOMAIN_B: domain('clinic-b'),
    DOMAIN_EAST: domain('network-east'),
    AFFINITY: server.config.identity.affinityDomainAuthority,
    HTTPS_PORT: String(server.httpsPort),
    XAD: tour.xad,
    XAD_2: await xadOf('0000012346'),
    XAD_UNCONSENTED: await xadOf('0000012349'),
    HOME: server.config.community.homeCommunityId,
    HOME_OID: server.config.community.homeCommunityId.replace('urn:oid:', ''),
    REPOSITORY: server.config.repository.uniqueId,
    TESTER_AUTHORITY: tester?.assigningAuthority ?? '',
    TESTER_REPOSITORY: tester?.repositories?.[0] ?? '',
  }
}
