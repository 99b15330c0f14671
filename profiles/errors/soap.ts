// Refusals of XML, SOAP 1.2, WS-Addressing and MTOM packaging (ITI TF-2 Appendix V; SOAP 1.2 Part 1 §5.4; WS-Addressing 1.0 SOAP Binding §6.4).

import { row } from './define.ts'

export const soapErrors = [
  row({
    code: 'XML_NOT_WELL_FORMED',
    message: 'The XML is not well-formed or not namespace-well-formed',
    hint: 'Check the message with an XML parser before sending; the position is given',
    ja: 'XMLが整形式ではありません。送信前にXMLパーサで確認してください。',
  }),
  row({
    code: 'XML_FORBIDDEN',
    message: 'DOCTYPE, entity declarations and processing instructions are not allowed in a SOAP message',
    hint: 'Remove them (SOAP 1.2 Part 1, section 5)',
    ja: 'SOAPメッセージ内のDOCTYPE・実体宣言・処理命令は禁止されています。削除してください。',
  }),
  row({
    code: 'XML_LIMIT',
    message: 'The XML is nested too deeply, or has too many elements, attributes or namespaces',
    hint: 'The limit reached is named; split the submission',
    ja: 'XMLの深さ・要素数・属性数が上限を超えています。分割して送信してください。',
  }),
  row({
    code: 'XML_ENCODING',
    message:
      'The bytes are not valid in the character encoding that was declared, or the declarations contradict each other',
    hint: 'Send UTF-8 and say so in Content-Type and XML declaration, or in neither',
    ja: '宣言された文字コードとして不正なバイト列です。UTF-8で送信してください。',
  }),
  row({
    code: 'SOAP_STRUCTURE',
    message: 'This is not a SOAP 1.2 envelope with an optional Header followed by a Body with one child',
    hint: 'Follow SOAP 1.2 Part 1, section 5',
    ja: 'SOAP 1.2のEnvelope（Header、Body、Bodyの子要素1つ）ではありません。',
  }),
  row({
    code: 'SOAP_VERSION',
    soap: { code: 'VersionMismatch' },
    http: 500,
    message: 'The envelope is not SOAP 1.2',
    hint: 'Use the namespace http://www.w3.org/2003/05/soap-envelope',
    ja: 'SOAP 1.2ではありません。名前空間 http://www.w3.org/2003/05/soap-envelope を使用してください。',
  }),
  row({
    code: 'SOAP_MUST_UNDERSTAND',
    soap: { code: 'MustUnderstand' },
    http: 500,
    message: 'A header block marked mustUnderstand is not known here',
    hint: 'Send without it, or without mustUnderstand',
    ja: 'mustUnderstandの付いた未知のヘッダがあります。ヘッダを外すかmustUnderstandを外してください。',
  }),
  row({
    code: 'WSA_ACTION_MISSING',
    soap: { code: 'Sender', subcode: 'MessageAddressingHeaderRequired' },
    message: 'The header has no wsa:Action',
    hint: 'Send the wsa:Action of the transaction in namespace http://www.w3.org/2005/08/addressing',
    ja: 'wsa:Actionがありません。トランザクションのActionを送信してください。',
  }),
  row({
    code: 'WSA_ACTION_UNKNOWN',
    soap: { code: 'Sender', subcode: 'ActionNotSupported' },
    message: 'This endpoint does not support this wsa:Action',
    hint: 'GET the endpoint with ?wsdl for the actions it supports',
    ja: 'このエンドポイントは当該wsa:Actionに対応していません。?wsdl で対応Actionを確認してください。',
  }),
  row({
    code: 'WSA_INVALID_HEADER',
    soap: { code: 'Sender', subcode: 'InvalidAddressingHeader' },
    message: 'A WS-Addressing header is repeated, empty or not an address',
    hint: 'Send each of Action, MessageID, To and ReplyTo once, without white space around the value',
    ja: 'WS-Addressingヘッダが重複または不正です。Action・MessageID・To・ReplyToを各1回送信してください。',
  }),
  row({
    code: 'WSA_MESSAGE_ID_MISSING',
    soap: { code: 'Sender', subcode: 'MessageAddressingHeaderRequired' },
    message: 'The answer is asked for at an address, but there is no wsa:MessageID that it could relate to',
    hint: 'Send a wsa:MessageID, a new urn:uuid: for each message, or leave ReplyTo out',
    ja: 'wsa:ReplyToに宛先がありますが、wsa:MessageIDがありません。メッセージごとに新しいurn:uuid:を送信してください。',
  }),
  row({
    code: 'WSA_BODY_MISMATCH',
    soap: { code: 'Sender', subcode: 'InvalidAddressingHeader' },
    message: 'wsa:Action and the root element of the body belong to different transactions',
    hint: 'Send the body that belongs to the action',
    ja: 'wsa:ActionとBodyの要素が一致しません。',
  }),
  row({
    code: 'WSA_REPLY_TO',
    soap: { code: 'Sender', subcode: 'OnlyAnonymousAddressSupported' },
    message: 'Answers to this system are not sent to this address',
    hint: 'Leave ReplyTo and FaultTo out or send http://www.w3.org/2005/08/addressing/anonymous; or ask the network operator to allow the https address (soap.asyncReplyTo)',
    ja: 'この宛先への応答送信は許可されていません。wsa:ReplyToを省略するかanonymousとしてください。非同期応答が必要な場合は、ネットワーク運用者に宛先（https）の許可を依頼してください。',
  }),
  row({
    code: 'REPLY_UNDELIVERED',
    soap: { code: 'Receiver' },
    http: 500,
    blame: 'neighbour',
    retry: 'same',
    message: 'The answer could not be delivered to the address in wsa:ReplyTo or wsa:FaultTo',
    hint: 'The message itself took effect; see that the address answers a POST with 2xx under a certificate of the network, then send the same message again with the same MessageID',
    ja: 'wsa:ReplyToまたはwsa:FaultToの宛先に応答を届けられませんでした。処理自体は完了しています。宛先の稼働と証明書を確認し、同じMessageIDで再送してください。',
  }),
  row({
    code: 'MTOM_PACKAGE',
    message:
      'The multipart package is broken: boundary, root part, part headers or end are wrong, or there are too many parts',
    hint: 'Follow RFC 2387 and the XOP packaging rules of ITI TF-2 Appendix V; the fault says what was missing',
    ja: 'multipart/related（MTOM）の構造が不正です。boundary・ルートパート・終端を確認してください。',
  }),
  row({
    code: 'MTOM_INCLUDE',
    message:
      'An xop:Include is not the only content of an xds:Document, does not use cid:, or refers to a part that another one already uses',
    hint: 'Use one xop:Include with a cid: reference per Document and one part per Include',
    ja: 'xop:Includeの使い方が不正です。Document 1つにつきcid:参照1つ、パート1つとしてください。',
  }),
] as const
