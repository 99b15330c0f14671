// Tests the connection to a neighbouring community from the server that will use it: every step in words, nobody’s data (docs/federation.md).

import type { Transaction } from '../../../profiles/transactions/index.ts'
import { type PartnerTest, resultOf, type TestStep } from '../../access/administration/partner-test.ts'
import type { OutgoingCall } from '../../model/evidence.ts'
import type { OutgoingTls } from '../outgoing-tls.ts'
import { tryDiscovery } from './discovery.ts'
import { testLine } from './line.ts'
import { failed, passed } from './line-words.ts'
import { type Asked, tryQuery, tryRetrieve } from './messages.ts'
import { type Address, testService } from './service.ts'

export interface Tested {
  readonly facilityId: string
  readonly community: string
  /** What is sent to which address; none: it is not asked. */
  readonly addresses: readonly { readonly url: string; readonly transaction: Transaction }[]
  /** Does an agreement run that lets us ask it? */
  readonly mayBeAsked: boolean
  readonly tls: OutgoingTls
  /** How it is asked; absent: it has no address for that. */
  readonly asked?: Asked
}

/** The report, and the calls for the audit log. */
export async function testPartner(
  tested: Tested,
): Promise<{ readonly report: PartnerTest; readonly calls: readonly OutgoingCall[] }> {
  const { facilityId, community, addresses, asked, tls } = tested
  const steps: TestStep[] = [termsStep(tested)]
  const reached = new Set<string>()
  const lines = new Map<string, readonly TestStep[]>()
  for (const { url, transactions } of byUrl(addresses)) {
    const { origin } = new URL(url)
    const line = lines.get(origin) ?? (await testLine(url, tls))
    if (!lines.has(origin)) steps.push(...line)
    lines.set(origin, line)
    if (resultOf(line) === 'failed') continue
    const service = await testService({ url, transactions }, tls)
    steps.push(...service)
    if (resultOf(service) !== 'failed') reached.add(url)
  }
  const calls: OutgoingCall[] = []
  if (asked !== undefined) {
    const { queryUrl, retrieveUrl, discoveryUrl, identity } = asked.community
    for (const [url, attempt] of [
      [queryUrl, tryQuery],
      [retrieveUrl, tryRetrieve],
      [identity === 'xcpd' ? discoveryUrl : undefined, tryDiscovery],
    ] as const) {
      if (url === undefined || !reached.has(url)) continue
      const { step, call } = await attempt(asked)
      steps.push(step)
      calls.push(call)
    }
  }
  return { report: { facilityId, community, result: resultOf(steps), steps }, calls }
}

function byUrl(addresses: Tested['addresses']): readonly Address[] {
  const urls = [...new Set(addresses.map(({ url }) => url))]
  return urls.map((url) => ({
    url,
    transactions: addresses.filter((one) => one.url === url).map(({ transaction }) => transaction),
  }))
}

function termsStep({ addresses, mayBeAsked }: Tested): TestStep {
  if (addresses.length === 0)
    return {
      step: 'terms',
      ...failed(
        'it has no address: nothing is asked of it',
        'tsunagi partner change … --query-url <address of its Responding Gateway>',
        'アドレスが登録されていません。partner change --query-url で登録してください。',
      ),
    }
  if (mayBeAsked)
    return { step: 'terms', ...passed('an agreement that runs lets us ask it', '照会できる合意が有効です') }
  return {
    step: 'terms',
    result: 'warning',
    message: 'no agreement that runs lets us ask it: only this test does',
    hint: 'tsunagi agreement add … --direction incoming or both, for its homeCommunityId',
    ja: '照会できる有効な合意がありません（このテストのみ実行できます）。agreement add で登録してください。',
  }
}
