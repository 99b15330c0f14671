// Who sees what of emergency access when it is reviewed, and the monthly report of it (docs/emergency.md).

import { jstIso } from '../../model/jst.ts'
import type { Principal } from '../../model/user.ts'
import type { EmergencyStore, GrantView } from './store.ts'

/** Staff of the network and the host: they see that it happened, who did it and by which rule, not whom it is about or why in words. */
function isOfNetwork(principal: Principal): boolean {
  return principal.kind === 'host' || principal.facilityId === undefined
}

/** The facility whose grants somebody may see; undefined: of all. */
export function facilityOf(principal: Principal): string | undefined {
  return principal.kind === 'host' ? undefined : principal.facilityId
}

export function shownTo(principal: Principal, grant: GrantView): GrantView {
  return isOfNetwork(principal) ? { ...grant, number: null, reason: null, consentBy: null } : grant
}

/** Month in Japan, YYYY-MM, as the first moment of it and of the next one. */
export function monthOf(month: string): { readonly from: Date; readonly to: Date } {
  const [year = 0, index = 0] = month.split('-').map(Number)
  const next = index === 12 ? `${year + 1}-01` : `${month.slice(0, 5)}${String(index + 1).padStart(2, '0')}`
  return { from: new Date(`${month}-01T00:00:00+09:00`), to: new Date(`${next}-01T00:00:00+09:00`) }
}

const COLUMNS: readonly (readonly [string, (grant: GrantView) => string | null])[] = [
  ['GrantID', (grant) => grant.grantId],
  ['FacilityName', (grant) => grant.facilityName],
  ['PersonName', (grant) => grant.user],
  ['JobType', (grant) => grant.job],
  ['Origin', (grant) => grant.origin],
  ['PublisherName', (grant) => grant.publisherName],
  ['PatientNumber', (grant) => grant.number],
  ['StartedAt', (grant) => written(grant.startedAt)],
  ['EndsAt', (grant) => written(grant.endsAt)],
  ['EndedAt', (grant) => written(grant.endedAt)],
  ['EndReason', (grant) => grant.endReason],
  ['ReasonCode', (grant) => grant.reasonCode],
  ['Reason', (grant) => grant.reason],
  ['ConsentKind', (grant) => grant.consentKind],
  ['ConsentBy', (grant) => grant.consentBy],
  ['ChartNoted', (grant) => (grant.chartNoted ? '1' : '0')],
  ['Disaster', (grant) => (grant.inDisaster ? '1' : '0')],
  ['Contact', (grant) => grant.contact],
  [
    'ContactedAt',
    (grant) => grant.contacts.map(({ contactedAt }) => written(contactedAt)).find((at) => at !== '') ?? '',
  ],
  ['ReviewedAt', (grant) => written(grant.reviewedAt)],
  ['ReviewedBy', (grant) => grant.reviewedBy],
  ['ReviewComment', (grant) => grant.reviewComment],
]

export const REPORT_TITLES: readonly string[] = COLUMNS.map(([title]) => title)

/** Read at a time. */
const PAGE = 500

/** All grants of a month, the newest first, as cells under REPORT_TITLES, as far as the reader may see them. */
export async function* monthlyReport(
  month: string,
  principal: Principal,
  store: Pick<EmergencyStore, 'grants'>,
): AsyncGenerator<readonly string[]> {
  const facilityId = facilityOf(principal)
  const filter = { ...monthOf(month), limit: PAGE, ...(facilityId === undefined ? {} : { facilityId }) }
  let page = await store.grants(filter)
  while (page.length > 0) {
    for (const grant of page) yield COLUMNS.map(([, value]) => value(shownTo(principal, grant)) ?? '')
    const after = page.at(-1)?.grantId
    page = page.length < PAGE || after === undefined ? [] : await store.grants({ ...filter, after })
  }
}

/** yyyy/MM/dd HH:mm:ss in Japan. */
function written(moment: string | Date | null): string {
  return moment === null ? '' : jstIso(new Date(moment).getTime()).slice(0, 19).replace('T', ' ').replaceAll('-', '/')
}
