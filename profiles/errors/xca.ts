// RegistryError rows of the gateways between communities (ITI TF-3 Table 4.2.4.1-2; ITI TF-2 3.38, 3.39).

import { row } from './define.ts'

export const xcaErrors = [
  row({
    code: 'HOME_MISSING',
    ihe: 'XDSMissingHomeCommunityId',
    message: 'A homeCommunityId is required here',
    hint: 'Send the home that came with the object: attribute home of AdhocQuery for a query without a patient id, HomeCommunityId as first child of DocumentRequest',
    ja: 'homeCommunityIdが必要です。検索結果に付いていたhomeを、AdhocQueryのhome属性、またはDocumentRequestの先頭のHomeCommunityIdに指定してください。',
  }),
  row({
    code: 'HOME_UNKNOWN',
    ihe: 'XDSUnknownCommunity',
    message: 'No community that is reached here has this homeCommunityId',
    hint: 'Send it exactly as it was received, with urn:oid: before the OID; ask the operator which communities are connected',
    ja: 'このhomeCommunityIdのコミュニティには接続していません。受け取った値を urn:oid: を付けたまま指定してください。',
  }),
  row({
    code: 'COMMUNITY_UNAVAILABLE',
    ihe: 'XDSUnavailableCommunity',
    http: 502,
    blame: 'neighbour',
    retry: 'later',
    message: 'A neighbouring community did not answer',
    hint: 'What the other communities answered stands; ask again later, or tell the operator of the community that is named',
    ja: '隣接ネットワークから応答がありません。他のネットワークの結果は有効です。後で再度照会するか、示されたネットワークの運用者に連絡してください。',
  }),
  row({
    code: 'COMMUNITY_ANSWER_INVALID',
    ihe: 'XDSRegistryMetadataError',
    http: 502,
    blame: 'neighbour',
    retry: 'never',
    message: 'A neighbouring community answered with what cannot be passed on, so that it was left out',
    hint: 'Tell the operator of the community that is named; what stands beside it in the answer is complete',
    ja: '隣接ネットワークの応答に転送できない内容があったため除外しました。示されたネットワークの運用者に連絡してください。',
  }),
  row({
    code: 'ANSWER_UNAWAITED',
    http: 202,
    blame: 'neighbour',
    retry: 'never',
    message: 'An asynchronous answer came that nobody waits for',
    hint: 'RelatesTo is the MessageID of a call of this network to the community whose certificate it came with, once, and within the time of the call',
    ja: '待ち受けていない非同期応答です。RelatesToには、この証明書のネットワークへの照会のMessageIDを指定し、制限時間内に一度だけ応答してください。',
  }),
  row({
    code: 'COMMUNITY_ANSWER_WITHOUT_HOME',
    ihe: 'XDSMissingHomeCommunityId',
    http: 502,
    blame: 'neighbour',
    retry: 'never',
    message: 'A neighbouring community answered with objects without homeCommunityId, which were left out',
    hint: 'Tell the operator of the community that is named (ITI TF-2 3.38.4.1.3); without a home nobody could retrieve them',
    ja: '隣接ネットワークの応答にhomeCommunityIdのない項目があったため除外しました。示されたネットワークの運用者に連絡してください。',
  }),
  row({
    code: 'SYNCHRONISATION_PARKED',
    ihe: 'XDSUnavailableCommunity',
    http: 502,
    blame: 'neighbour',
    message:
      'What a neighbouring community must be told of a patient waits for a decision: its PIX Manager refused it, or could not be reached for too long',
    hint: 'Mend the cause with the operator of the community, then "tsunagi partner sync <facility> resume"; a change of the patient is tried by itself',
    ja: '隣接ネットワークのPIXマネージャに患者情報の通知が拒否されたか、長時間届かなかったため保留中です。相手先の運用者と原因を解消し、再開（partner sync resume）してください。患者情報に変更があれば自動で再送します。',
  }),
]
