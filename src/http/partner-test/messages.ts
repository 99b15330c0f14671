// A query about a patient and a document that nobody has: a neighbouring community answers them without telling of anybody (ITI TF-2 3.38, 3.39).

import { randomUUID } from 'node:crypto'
import { findDocuments } from '../../../profiles/queries/index.ts'
import { iti38, iti39 } from '../../../profiles/transactions/index.ts'
import type { Finding, TestStep } from '../../access/administration/partner-test.ts'
import { writeFindDocuments } from '../../codec/ebxml/query-request.ts'
import type { Community, ForeignDocument } from '../../gateway/ports.ts'
import type { Caller } from '../../model/caller.ts'
import type { OutgoingCall } from '../../model/evidence.ts'
import { formatCx, newOid, type Oid } from '../../model/identifiers.ts'
import type { PartnerClient } from '../partner-client.ts'
import { since } from './line.ts'
import { failed, passed } from './line-words.ts'

export interface Asked {
  readonly community: Community
  /** Domain of its patient numbers. */
  readonly domain: Oid
  readonly caller: Caller
  readonly client: Pick<PartnerClient, 'ask' | 'fetch' | 'discover'>
  readonly discard: (document: ForeignDocument) => Promise<void>
}

/** A step, and the call for the audit log. */
export interface Tried {
  readonly step: TestStep
  readonly call: OutgoingCall
}

export async function tryQuery({ community, domain, caller, client }: Asked): Promise<Tried> {
  const patientId = { value: `TEST-${randomUUID()}`, authority: domain }
  const text = writeFindDocuments({ patientId, returnType: 'LeafClass' })
  const started = performance.now()
  const reply = await client.ask(community, text, caller)
  const place = { step: 'query', at: community.queryUrl, ms: since(started) } as const
  const query = { id: findDocuments.id, text, home: community.home }
  const call = { transaction: iti38.id, endpoint: community.queryUrl, query, patients: [formatCx(patientId)] }
  if (reply.kind === 'unavailable') return { step: { ...place, ...unavailable(reply.reason) }, call: lost(call, reply) }
  const codes = codesOf(reply.errors).filter((code) => code !== 'XDSUnknownPatientId')
  const found =
    reply.objects.length > 0
      ? failed(
          `it answered with ${reply.objects.length} objects for a patient whom nobody has`,
          'Tell its operator: a query is answered with what is of the patient whose id it has, and nothing else',
          `存在しない患者の照会に${reply.objects.length}件が返されました。患者IDの条件が無視されていないか、相手側に確認してください。`,
        )
      : refusedOr(codes, passed('it answered: nothing is known of this patient', '該当なしの応答がありました'))
  return { step: { ...place, ...found }, call: { ...call, result: 'success' } }
}

export async function tryRetrieve({ community, caller, client, discard }: Asked): Promise<Tried> {
  const document = { repositoryUniqueId: newOid(), documentUniqueId: newOid() }
  const requests = [{ ...document, homeCommunityId: community.home }]
  const started = performance.now()
  const reply = await client.fetch(community, requests, caller)
  const place = { step: 'retrieve', at: community.retrieveUrl, ms: since(started) } as const
  const call = { transaction: iti39.id, endpoint: community.retrieveUrl, documents: requests, patients: [] }
  if (reply.kind === 'unavailable') return { step: { ...place, ...unavailable(reply.reason) }, call: lost(call, reply) }
  await Promise.all(reply.documents.map(discard))
  const codes = codesOf(reply.errors).filter((code) => !NOT_THERE.has(code))
  const found =
    reply.documents.length > 0
      ? failed(
          'it answered with a document that was not asked for',
          'Tell its operator: there is no document of this id',
          '存在しない文書IDの取得に対して文書が返されました。相手側に確認してください。',
        )
      : refusedOr(codes, passed('it answered: there is no such document', '該当文書なしの応答がありました'))
  return {
    step: { ...place, ...found },
    call: { ...call, result: 'failure', reason: codesOf(reply.errors)[0] ?? 'none' },
  }
}

/** What a repository says of what it does not have (ITI TF-3 Table 4.2.4.1-2). */
const NOT_THERE: ReadonlySet<string> = new Set([
  'XDSDocumentUniqueIdError',
  'XDSUnknownRepositoryId',
  'XDSRepositoryError',
])

function codesOf(errors: readonly { readonly errorCode: string }[]): readonly string[] {
  return [...new Set(errors.map(({ errorCode }) => errorCode.slice(errorCode.lastIndexOf(':') + 1)))]
}

function lost(call: Omit<OutgoingCall, 'result'>, { reason }: { readonly reason: string }): OutgoingCall {
  return { ...call, result: 'failure', reason }
}

function refusedOr(codes: readonly string[], good: Finding): Finding {
  if (codes.length === 0) return good
  const said = codes.join(', ')
  if (codes.includes('XDSUnknownCommunity'))
    return failed(
      `it says that it is not this community (${said})`,
      'Check its homeCommunityId with its operator; it is compared as written, urn:oid: and all',
      `homeCommunityIdが相手側のものと一致しません（${said}）。相手側に確認してください。`,
    )
  return failed(
    `it refuses (${said})`,
    'See the answer: tsunagi journal search --facility … ; ask its operator what it demands',
    `拒否されました（${said}）。ジャーナルの応答を確認し、相手側の条件を確認してください。`,
  )
}

export function unavailable(reason: string): Finding {
  const [code = '', rule = ''] = reason.split(': ')
  const words = UNAVAILABLE.find(([pattern]) => pattern.test(reason))?.[1]
  const { hint, ja } = words ?? OTHERWISE
  const shown = rule === '' ? code : `${code}: ${rule}`
  return failed(`no answer that can be used (${shown})`, hint, `${ja}（${shown}）`)
}

const OTHERWISE = {
  hint: 'See what came: tsunagi journal search --facility …, and the log of the community at this time',
  ja: '使用できる応答がありません。ジャーナルの応答と相手側のログを確認してください。',
}

/** By what the client says of a call that failed. */
const UNAVAILABLE: readonly (readonly [RegExp, { readonly hint: string; readonly ja: string }])[] = [
  [
    /^SOAP fault (Security|FailedAuthentication|InvalidSecurity\w*|InvalidTokenType|MessageExpired|UnsupportedSecurityToken)/,
    {
      hint: 'It wants an assertion about who asks (XUA), or does not trust ours: tsunagi partner change … --assertion <audience>, and have its operator register our signing certificate',
      ja: '利用者アサーション（XUA）が必要か、署名が信頼されていません。partner change --assertion の設定と、署名証明書の登録を確認してください。',
    },
  ],
  [
    /^SOAP fault/,
    {
      hint: 'It understood that we asked and refused the message: its log says why; often our system is not registered there, or the address is that of another service',
      ja: '相手側がメッセージを拒否しました。システムの登録と宛先アドレスを相手側に確認してください。',
    },
  ],
  [
    /in time/,
    {
      hint: 'It is too slow, or hangs: change --query-seconds and --retrieve-seconds only when its operator says that it takes that long',
      ja: '時間内に応答がありません。相手側の状態を確認してください。',
    },
  ],
  [
    /^CONTENT_TYPE/,
    {
      hint: 'What answers is no SOAP 1.2, perhaps a page of a proxy: check the address; documents come as MTOM, unless a tolerance is agreed (tsunagi partner tolerance add)',
      ja: 'SOAP 1.2の応答ではありません（プロキシのページの可能性があります）。アドレスを確認してください。',
    },
  ],
  [
    /the answer is not one to this message/,
    {
      hint: 'Its answer has another action, or does not relate to our message: its operator mends that, or a tolerance is agreed for a time (tsunagi partner tolerance add)',
      ja: '応答のActionまたはRelatesToがこちらのメッセージと合いません。相手側の修正、または期限付きの許容（partner tolerance add）が必要です。',
    },
  ],
]
