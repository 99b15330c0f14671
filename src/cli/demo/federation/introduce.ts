// How two communities come to know each other: partner, authority, certificate, agreement, and of the patient consent and link (docs/federation.md).

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isObject, rowsOf, textOf } from '../../admin-client.ts'
import { segment } from '../../admin-command.ts'
import { RefusedError } from '../../failure.ts'
import { localAddresses } from '../../running-server.ts'
import type { DemoRun } from '../run.ts'
import { communityOf, type Side } from './side.ts'

/** One of the two, with the patient who is shown, as both know each other's. */
export interface Member {
  readonly side: Side
  readonly run: DemoRun
  /** Affinity-domain id of the patient there. */
  readonly xad: string
}

/** Setting that says that the two know each other. */
const markerOf = ({ side }: Member): string => `demo-${side.facilityId}`

/** Once; what staff change afterwards stays changed. Certificates are looked at every time, since they are renewed. */
export async function introduce(here: Member, there: Member): Promise<void> {
  const { admin, say } = here.run
  const isFirst = !(await isDone(here, there))
  await partner(here, there)
  await believe(here, there)
  if (!isFirst) return
  await agree(here, there)
  await share(here)
  await link(here, there)
  await admin.put(`/settings/${markerOf(there)}`, { value: new Date().toISOString() })
  say(`${there.side.title} is a partner / 隣接ネットワークを登録しました`)
}

async function isDone({ run: { admin } }: Member, there: Member): Promise<boolean> {
  const answer = await admin.get(`/settings/${markerOf(there)}`).catch((error: unknown) => {
    // A setting that was never put is a refusal of the admin API; a server that is away shows at the next step.
    if (error instanceof RefusedError) return undefined
    throw error
  })
  return isObject(answer?.body) && textOf(answer.body.value) !== ''
}

async function partner({ run: { admin } }: Member, { side, run }: Member): Promise<void> {
  const url = `${localAddresses(run.server).httpsUrl}/xca/responding`
  const { facilityId } = side
  const addresses = { queryUrl: url, retrieveUrl: url }
  const known = rowsOf((await admin.get('/partners')).body).find((row) => row.facilityId === facilityId)
  if (known === undefined) await admin.post('/partners', { facilityId, community: communityOf(side), ...addresses })
  else if (known.queryUrl !== url)
    await admin.patch(`/partners/${segment(facilityId)}`, { ...addresses, reason: 'デモ用: ポートの変更' })
}

/** Its server calls with the certificate of its door. */
async function believe({ run: { admin } }: Member, { side }: Member): Promise<void> {
  const { facilityId } = side
  const [authority, certificate] = await Promise.all(
    ['ca.crt', 'server.crt'].map((name) => readFile(join(side.directory, 'pki', name), 'utf8')),
  )
  const known = rowsOf((await admin.get('/trust-anchors')).body)
  if (!known.some(({ label }) => label === facilityId))
    await admin.post('/trust-anchors', { label: facilityId, pem: authority ?? '', facilityId })
  await admin.post(`/systems/${segment(facilityId)}/certificates`, { pem: certificate ?? '' })
}

async function agree({ run: { admin } }: Member, { side }: Member): Promise<void> {
  const partnerCommunity = communityOf(side)
  const known = rowsOf((await admin.get('/agreements')).body)
  if (known.some((row) => row.partnerCommunity === partnerCommunity)) return
  await admin.post('/agreements', {
    title: '広域的利用に係る合意書（デモ用）',
    partnerCommunity,
    direction: 'both',
    validFrom: '2026-01-01T00:00:00+09:00',
    validTo: '2099-01-01T00:00:00+09:00',
  })
}

async function share(member: Member): Promise<void> {
  const consentId = await consentOf(member)
  if (consentId === undefined) throw new RefusedError(`no consent of ${member.xad} stands any more`)
  const change = { sharesWithCommunities: true, reason: 'デモ用: 本人の申し出' }
  await member.run.admin.patch(`/consents/${segment(consentId)}`, change)
}

/** The consent that stands; undefined when it was withdrawn. */
export async function consentOf({ run: { admin }, xad }: Member): Promise<string | undefined> {
  const consents = rowsOf((await admin.get(`/patients/${segment(xad)}/consents`)).body)
  const standing = consents.find((row) => textOf(row.withdrawnAt) === '' && textOf(row.replacedBy) === '')
  return standing === undefined ? undefined : textOf(standing.consentId)
}

async function link({ run: { admin }, xad }: Member, there: Member): Promise<void> {
  const { facilityId } = there.side
  await admin.post(`/patients/${segment(xad)}/links`, { facilityId, id: there.xad, reason: 'デモ用: 窓口で本人確認' })
}
