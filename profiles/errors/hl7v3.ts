// Refusals of PIXv3 messages, and of feed and query in HL7 v2 (ITI TF-2 3.8, 3.9, 3.44, 3.45; HL7 table 0357 and AcknowledgementDetailCode).

import type { V2Code, V3Code } from '../../src/model/error.ts'
import { row } from './define.ts'

const UNKNOWN_KEY: V3Code = { ack: 'CE', code: '204', codeSystem: '2.16.840.1.113883.12.357' }
const DUPLICATE_KEY: V3Code = { ack: 'CE', code: '205', codeSystem: '2.16.840.1.113883.12.357' }

function v2(table0357: number): V2Code {
  return { ack: 'AE', table0357 }
}

/** A warning of an accepted HL7 v2 message. */
function v2Warning(table0357: number): V2Code {
  return { ack: 'AA', table0357 }
}

function content(code: string): V3Code {
  return { ack: 'CE', code, codeSystem: '2.16.840.1.113883.5.1100' }
}

function header(code: string): V3Code {
  return { ack: 'CR', code, codeSystem: '2.16.840.1.113883.5.1100' }
}

export const hl7v3Errors = [
  row({
    code: 'V3_UNKNOWN_KEY',
    v2: v2(204),
    v3: UNKNOWN_KEY,
    message: 'The patient identifier or its domain is not known',
    hint: 'Check identifier and assigning authority (root and extension; CX.1 and CX.4) against the domains agreed with the network operator',
    ja: '患者IDまたはそのドメインが登録されていません。',
  }),
  row({
    code: 'V3_OBSOLETE_ID',
    v2: v2(204),
    v3: UNKNOWN_KEY,
    message: 'The patient identifier is obsolete and is not used again',
    hint: 'Send the identifier that replaced it',
    ja: 'この患者IDは無効化されており再使用できません。後継のIDを送信してください。',
  }),
  row({
    code: 'V3_ID_ELSEWHERE',
    v2: v2(205),
    v3: DUPLICATE_KEY,
    message: 'The identifiers of the message belong to records of different persons',
    hint: 'An add or revise does not move an identifier; have the registration staff of the network link the records',
    ja: 'メッセージ内の患者IDが異なる人物の記録に属しています。紐付けは登録担当者に依頼してください。',
  }),
  row({
    code: 'V3_SEVERAL_IDS',
    v2: v2(205),
    v3: content('SYN110'),
    message: 'The message would give one patient two identifiers of the same domain',
    hint: 'Send one identifier a domain; a duplicate number is resolved by a merge (PRPA_IN201304UV02, ADT^A40)',
    ja: '同一ドメインの患者IDが複数になります。1ドメインにつき1つとし、重複番号は統合（201304、A40）してください。',
  }),
  row({
    code: 'V3_MERGE_SAME_ID',
    v2: v2(205),
    v3: DUPLICATE_KEY,
    message: 'The surviving and the subsumed patient identifier are the same',
    hint: 'Name the identifier that goes in priorRegistration (MRG-1) and the one that stays in patient/id (PID-3)',
    ja: '統合元と統合先の患者IDが同一です。MRG-1（priorRegistration）に統合元を指定してください。',
  }),
  row({
    code: 'V3_MERGE_OTHER_DOMAIN',
    v2: v2(204),
    v3: UNKNOWN_KEY,
    message: 'The surviving and the subsumed patient identifier are of different domains',
    hint: 'A merge is inside one domain; numbers of different domains are linked by the registration staff of the network',
    ja: '統合元と統合先のドメインが異なります。統合は同一ドメイン内のみです。異なるドメイン間の紐付けは登録担当者に依頼してください。',
  }),
  row({
    code: 'PDQ_NO_PARAMETER',
    v2: v2(101),
    v3: content('SYN100'),
    message: 'The query asks for nothing by which a patient could be found',
    hint: 'Send a name, a birth date, a telephone number, a postal code or a patient id',
    ja: '検索条件がありません。氏名・生年月日・電話番号・郵便番号・患者IDのいずれかを指定してください。',
  }),
  row({
    code: 'PDQ_TOO_WIDE',
    v2: v2(207),
    v3: content('SYN'),
    message: 'Too many patients would answer to this query',
    hint: 'Send more: family and given name, the whole birth date, or a patient id; a beginning of a name has two characters at least',
    ja: '該当する患者が多すぎます。姓と名、生年月日（年月日）、患者IDなどで絞り込んでください。前方一致は2文字以上必要です。',
  }),
  row({
    code: 'PDQ_UNKNOWN_QUERY',
    v2: v2(204),
    v3: UNKNOWN_KEY,
    message:
      'There is no open query with this id: it has ended, was cancelled or expired, or was asked by another system',
    hint: 'Send the query again; its further pages are kept for 10 minutes after each one',
    ja: 'この照会IDの続きはありません（終了・取消・期限切れ、または別システムの照会です）。照会を再送してください。',
  }),
  row({
    code: 'XCPD_NOT_COMPARED',
    v3: content('SYN'),
    message: 'A parameter of the discovery is of what this community does not keep, so that it could not be compared',
    hint: 'Leave it out; name, birth date, sex, address, telephone, name of the mother and patient ids are compared (ITI TF-2 3.55.4.1.2)',
    ja: 'この検索条件に当たる情報は当ネットワークで保持しておらず照合できません。除いて再送してください（照合対象：氏名・生年月日・性別・住所・電話番号・母の氏名・患者ID）。',
  }),
  row({
    code: 'XCPD_DEFERRED',
    v3: header('NS250'),
    message: 'The deferred response mode is not supported',
    hint: 'Ask with responsePriorityCode I and the action without Deferred; the answer may come to an address of its own by WS-Addressing ReplyTo',
    ja: '遅延応答（Deferred）モードには対応していません。responsePriorityCode I（即時）で照会してください。非同期の応答はWS-AddressingのReplyToで受け取れます。',
  }),
  row({
    code: 'V3_STRUCTURE',
    v3: content('SYN'),
    message: 'An element stands where the schema or the profile does not allow it',
    hint: 'Follow the element order of the HL7 v3 schema (Normative Edition 2008) and ITI TF-2 3.44 or 3.45',
    ja: '要素の位置または順序がスキーマ・プロファイルに反しています。',
  }),
  row({
    code: 'V3_ELEMENT_MISSING',
    v3: content('SYN100'),
    message: 'A required element is missing or has no value',
    hint: 'Send the named element (ITI TF-2 3.44.4.1.2 or 3.45.4.1.2)',
    ja: '必須要素がないか値がありません。',
  }),
  row({
    code: 'V3_ATTRIBUTE_MISSING',
    v3: content('SYN101'),
    message: 'A required attribute is missing',
    hint: 'Send the named attribute as the HL7 v3 schema demands',
    ja: '必須属性がありません。',
  }),
  row({
    code: 'V3_DATA_TYPE',
    v2: v2(102),
    v3: content('SYN102'),
    message: 'A value does not have the form of its data type',
    hint: 'Times are digits YYYY[MM[DD[hh[mm[ss]]]]] with an optional zone +ZZZZ; identifier roots of devices and domains are OIDs',
    ja: '値の形式がデータ型に適合しません。日時は数字（YYYYMMDDHHMMSS）、識別子のrootはOIDとしてください。',
  }),
  row({
    code: 'V3_VALUE',
    v2: v2(103),
    v3: content('SYN103'),
    message: 'A code or fixed value is not one of those allowed here',
    hint: 'Send the value that ITI TF-2 gives for the named element',
    ja: 'コードまたは固定値が許容値ではありません。',
  }),
  row({
    code: 'V3_CODE_SYSTEM',
    v3: content('SYN104'),
    message: 'The code system is not allowed here',
    hint: 'Send the code system that ITI TF-2 gives for the named element, or leave the attribute out',
    ja: 'コード体系が許容されていません。',
  }),
  row({
    code: 'V3_TOO_MANY',
    v2: v2(102),
    v3: content('SYN110'),
    message: 'An element is repeated more often than allowed',
    hint: 'Send one patient, one receiver, one patientIdentifier and one merged pair a message, and one value a parameter',
    ja: '要素の繰り返しが多すぎます。1メッセージにつき患者1名、受信者1つ、patientIdentifier 1つ、統合は1組としてください。',
  }),
  row({
    code: 'V3_ATTRIBUTE_NOT_ALLOWED',
    v3: content('SYN112'),
    message: 'An attribute is not allowed here',
    hint: 'Identifiers of devices, organizations and data sources are bare OIDs in root, without extension',
    ja: '許可されない属性です。機器・組織・dataSourceの識別子はrootのOIDのみとし、extensionは付けないでください。',
  }),
  row({
    code: 'V3_INTERACTION',
    v3: header('NS200'),
    message: 'interactionId does not name the interaction of the root element',
    hint: 'interactionId: root 2.16.840.1.113883.1.6, extension equal to the name of the root element',
    ja: 'interactionIdがルート要素と一致しません。',
  }),
  row({
    code: 'V3_VERSION',
    v3: header('NS202'),
    message: 'This ITS version is not supported',
    hint: 'Send ITSVersion="XML_1.0"',
    ja: 'このITSVersionには対応していません。XML_1.0を指定してください。',
  }),
  row({
    code: 'V3_PROCESSING_ID',
    v3: header('NS203'),
    message: 'This processingCode is not supported',
    hint: 'Send P (production), T (test) or D (debugging)',
    ja: 'processingCodeはP、T、Dのいずれかとしてください。',
  }),
  row({
    code: 'V3_PROCESSING_MODE',
    v3: header('NS250'),
    message: 'This processing mode is not supported',
    hint: 'Send processingModeCode T (current processing)',
    ja: 'processingModeCodeはTとしてください。',
  }),
  row({
    code: 'V3_ID_IGNORED',
    v2: v2Warning(204),
    v3: UNKNOWN_KEY,
    severity: 'Warning',
    message: 'An identifier was not stored because its domain is not known; the others were',
    hint: 'Leave it out, or agree its domain with the network operator',
    ja: 'ドメインが未登録のため一部の患者IDは保存されませんでした。',
  }),
  row({
    code: 'V3_OTHER_ID_TAKEN',
    v2: v2Warning(205),
    v3: DUPLICATE_KEY,
    severity: 'Warning',
    message: 'An identifier in asOtherIDs was not stored because it, or another one of its domain, is already in use',
    hint: 'Nothing was linked; if both numbers mean one person, have the registration staff of the network link them',
    ja: 'asOtherIDsの患者IDは既に使用中のため保存されませんでした。自動紐付けは行いません。登録担当者に確認してください。',
  }),
  row({
    code: 'V3_DEMOGRAPHICS_DIFFER',
    v2: v2Warning(205),
    v3: DUPLICATE_KEY,
    severity: 'Warning',
    message: 'The identifier is already registered with other demographics, which were kept',
    hint: 'Send a revise (PRPA_IN201302UV02) if the patient’s data changed; check the number if it is another patient',
    ja: 'この患者IDは異なる属性で登録済みのため更新されませんでした。変更の場合はrevise（201302）を送信してください。',
  }),
  row({
    code: 'V3_MERGE_REVIEW',
    v2: v2Warning(0),
    v3: DUPLICATE_KEY,
    severity: 'Warning',
    message:
      'The number was merged, but the persons of the two numbers were not: the former one has numbers of other sources',
    hint: 'What other sources know of the former person stays with that person until the network merges its patient ids',
    ja: '番号は統合しましたが、旧番号の人物に他の発行元の番号があるため人物は統合していません。登録担当者の確認が必要です。',
  }),
  row({
    code: 'V3_MESSAGE_ID_REUSED',
    v2: v2Warning(205),
    v3: DUPLICATE_KEY,
    severity: 'Warning',
    message: 'The message id was used before for another message; this one was processed as a new message',
    hint: 'Give every message its own id; only an unchanged repetition keeps the id',
    ja: 'メッセージIDは別の内容で使用済みです。新しいメッセージとして処理しました。IDはメッセージごとに変えてください。',
  }),
  row({
    code: 'V3_LOST_CHARACTER',
    v2: v2Warning(102),
    v3: content('SYN102'),
    severity: 'Warning',
    message: 'A name contains U+FFFD: the sender lost a character before sending',
    hint: 'Check the character conversion of the sending system; send a revise with the right name',
    ja: '氏名にU+FFFD（文字化け）が含まれています。送信側の文字変換を確認してください。',
  }),
  row({
    code: 'V3_TOLERATED',
    v2: v2Warning(0),
    v3: content('SYN'),
    severity: 'Warning',
    message: 'The message was accepted although it departs from its section of ITI TF-2 or from Appendix E',
    hint: 'Correct the named element or field in the sending system',
    ja: 'プロファイルとの相違がありますが受理しました。示された要素を修正してください。',
  }),
  row({
    code: 'NOTIFICATION_UNDELIVERED',
    soap: { code: 'Receiver' },
    http: 500,
    blame: 'neighbour',
    retry: 'later',
    message: 'A subscriber of update notifications could not be reached, or said that it cannot take the message now',
    hint: 'It is sent again for about 72 hours; see that the endpoint of the subscription answers under a certificate of the network',
    ja: '更新通知を送信先に届けられませんでした。約72時間再送を続けます。送信先の稼働と証明書を確認してください。',
  }),
  row({
    code: 'NOTIFICATION_PARKED',
    soap: { code: 'Receiver' },
    http: 500,
    blame: 'neighbour',
    message:
      'An update notification waits for a decision: the subscriber refused it, or could not be reached for too long',
    hint: 'Mend the cause with the subscriber, then "tsunagi notifications retry", or give it up by "tsunagi notifications skip"; later ones about the same patient wait for it',
    ja: '更新通知が送信先に拒否されたか、長時間届かなかったため保留中です。原因を解消して再送（notifications retry）するか、破棄（notifications skip）してください。同じ患者の後続の通知は待機します。',
  }),
] as const
