// Refusals below the message: certificate, content type, size, overload (ITI TF-2 3.19, Appendix V; RFC 9110).

import { row } from './define.ts'

const INTERNAL = { code: 'Receiver' } as const

export const transportErrors = [
  row({
    code: 'CERTIFICATE_REFUSED',
    http: 403,
    message: 'The client certificate is missing, not trusted, expired, revoked or not registered',
    hint: 'Connect with the certificate that the network operator issued for this system; the reason is in the operator’s journal',
    ja: 'クライアント証明書がない、信頼できない、期限切れ、失効、または未登録です。ネットワーク運用者が発行した証明書で接続してください。',
  }),
  row({
    code: 'ROLE_MISSING',
    ihe: 'XDSRepositoryError',
    v2: { ack: 'AR', table0357: 207, application: 'SC-FACILITY' },
    v3: { ack: 'CR', code: 'RTEDEST', codeSystem: '2.16.840.1.113883.5.1100' },
    message: 'Not authorised: this system may not call this transaction, or its facility is suspended',
    hint: 'Ask the network operator to give the system the role of the transaction',
    ja: 'このシステムには当該トランザクションの権限がないか、施設が停止中です。ネットワーク運用者に役割の付与を依頼してください。',
  }),
  row({
    code: 'NO_ENDPOINT',
    http: 404,
    message: 'There is no endpoint at this path',
    hint: 'POST to one of the paths listed',
    ja: 'このパスにエンドポイントはありません。一覧のパスへPOSTしてください。',
  }),
  row({
    code: 'CONTENT_TYPE',
    http: 415,
    message: 'This content type or character set is not accepted here',
    hint: 'SOAP 1.2: application/soap+xml or multipart/related with type="application/xop+xml", UTF-8; StoreClient: x-application/hl7-v2+er7',
    ja: 'このContent-Typeまたは文字コードは受け付けられません。SOAP 1.2はapplication/soap+xml、StoreClientはx-application/hl7-v2+er7を使用してください。',
  }),
  row({
    code: 'TOO_LARGE',
    http: 413,
    v2: { ack: 'AE', table0357: 207, application: 'SC-TOOLARGE' },
    message: 'The message or one of its parts is larger than this endpoint accepts',
    hint: 'Send less in one message; documents travel as MTOM parts, not inside the metadata',
    ja: 'メッセージが受付上限を超えています。1回の送信量を減らしてください。',
  }),
  row({
    code: 'TOO_SLOW',
    http: 408,
    retry: 'same',
    v2: { ack: 'AE', table0357: 207, application: 'SC-TOOSLOW' },
    message: 'The message arrived more slowly than this endpoint waits for',
    hint: 'Nothing was stored; the rate needed is given: see to the line or the sender, then send the same message again',
    ja: 'メッセージの受信速度が下限を下回りました。何も保存されていません。回線または送信側を確認し、同じメッセージを再送してください。',
  }),
  row({
    code: 'BUSY',
    ihe: 'XDSRegistryBusy',
    soap: INTERNAL,
    v2: { ack: 'AR', table0357: 207, application: 'SC-RETRY' },
    v3: { ack: 'CR', code: 'NOSTORE', codeSystem: '2.16.840.1.113883.5.1100' },
    http: 503,
    blame: 'us',
    retry: 'later',
    message: 'The server cannot take this message now',
    hint: 'Nothing was stored; send the same message again later',
    ja: '現在処理できません。何も保存されていません。同じメッセージを後で再送してください。',
  }),
  row({
    code: 'OUTCOME_UNKNOWN',
    ihe: 'XDSRegistryBusy',
    soap: INTERNAL,
    v2: { ack: 'AR', table0357: 207, application: 'SC-RETRY' },
    v3: { ack: 'CR', code: 'INTERR', codeSystem: '2.16.840.1.113883.5.1100' },
    http: 503,
    blame: 'us',
    retry: 'same',
    message:
      'The connection to the database was lost while this message was being committed, so it may or may not be stored',
    hint: 'Send the very same message again, with the same message id: it takes effect once, whatever happened',
    ja: '確定処理中にデータベース接続が失われたため、保存されたか不明です。同じメッセージIDで同じメッセージを再送してください（二重登録にはなりません）。',
  }),
  row({
    code: 'INTERNAL',
    soap: INTERNAL,
    v2: { ack: 'AR', table0357: 207, application: 'SC-RETRY' },
    v3: { ack: 'CR', code: 'INTERR', codeSystem: '2.16.840.1.113883.5.1100' },
    http: 500,
    blame: 'us',
    retry: 'later',
    message: 'The server failed on this message',
    hint: 'Nothing was stored; give the journal id to the network operator, who can see the cause',
    ja: 'サーバ内部の障害です。何も保存されていません。ジャーナルIDをネットワーク運用者に伝えてください。',
  }),
] as const
