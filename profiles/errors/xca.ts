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
]
