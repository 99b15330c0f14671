// Refusals of assertions about users (ITI TF-2 3.40; WSS SOAP Message Security 1.1, 12). Their text is the same whatever was found: what it was stands
// in the journal, so that nobody is guided past a check.

import { row } from './define.ts'

export const xuaErrors = [
  row({
    code: 'XUA_MISSING',
    soap: { code: 'Sender', subcode: 'FailedAuthentication', vocabulary: 'wsse' },
    message: 'This endpoint needs a SAML 2.0 assertion about the user, and the message has none',
    hint: 'Send wsse:Security with one signed saml2:Assertion in the SOAP header (ITI TF-2 3.40); the network operator knows which issuers are trusted',
    ja: '利用者のSAML 2.0アサーションが必要です。SOAPヘッダのwsse:Securityに署名済みのアサーションを1つ付けて送信してください。',
  }),
  row({
    code: 'XUA_SECURITY',
    soap: { code: 'Sender', subcode: 'InvalidSecurity', vocabulary: 'wsse' },
    message: 'The wsse:Security header is malformed',
    hint: 'Send one wsse:Security header with one saml2:Assertion, which carries one enveloped signature with one reference to its own ID; no comments, CDATA or processing instructions inside. The journal says what was found',
    ja: 'wsse:Securityヘッダが不正です。ヘッダ1つにアサーション1つ、そのIDを参照する署名1つとし、コメント・CDATA・処理命令を含めないでください。詳細は取引記録にあります。',
  }),
  row({
    code: 'XUA_TOKEN_TYPE',
    soap: { code: 'Sender', subcode: 'UnsupportedSecurityToken', vocabulary: 'wsse' },
    message: 'The wsse:Security header carries a token that is no plain SAML 2.0 assertion',
    hint: 'Send a saml2:Assertion, not encrypted; user names, binary tokens and SAML 1.1 are not taken',
    ja: '対応していないセキュリティトークンです。暗号化されていないSAML 2.0アサーションを送信してください。',
  }),
  row({
    code: 'XUA_ALGORITHM',
    soap: { code: 'Sender', subcode: 'UnsupportedAlgorithm', vocabulary: 'wsse' },
    message: 'The assertion is signed with an algorithm that is not accepted',
    hint: 'Sign with rsa-sha256 or rsa-sha512 and SHA-256 or SHA-512 digests, transforms enveloped-signature then exclusive canonicalisation without comments',
    ja: 'アサーションの署名アルゴリズムは受け付けられません。rsa-sha256（またはsha512）と排他的正規化を使用してください。',
  }),
  row({
    code: 'XUA_TOKEN',
    soap: { code: 'Sender', subcode: 'InvalidSecurityToken', vocabulary: 'wsse' },
    message: 'The assertion is not valid here: version, issuer, times, audience, authentication or a required part',
    hint: 'Check the clock, IssueInstant, NotBefore and NotOnOrAfter, the audience (the address of this server or the home community id), and that the issuer is registered with the network. The journal says what was found',
    ja: 'アサーションが無効です。発行者の登録、時刻・有効期間、Audience、認証方法、必須要素を確認してください。詳細は取引記録にあります。',
  }),
  row({
    code: 'XUA_NOT_HERE',
    soap: { code: 'Sender', subcode: 'FailedAuthentication', vocabulary: 'wsse' },
    message: 'The assertion may not be used in this message',
    hint: 'Its user, organisation and key have to belong to the client certificate, its patient to the message, and an assertion for one use is used once. The journal says what was found',
    ja: 'このメッセージでは使用できないアサーションです。施設・鍵とクライアント証明書、対象患者、使用回数を確認してください。詳細は取引記録にあります。',
  }),
  row({
    code: 'XUA_SIGNATURE',
    soap: { code: 'Sender', subcode: 'FailedCheck', vocabulary: 'wsse' },
    message: 'The signature of the assertion is not that of its issuer',
    hint: 'Send the assertion exactly as it was signed; when the issuer has a new certificate, have the network operator register it',
    ja: 'アサーションの署名を検証できません。発行時のまま送信してください。発行者の証明書を更新した場合は運用者に登録を依頼してください。',
  }),
  row({
    code: 'XUA_REFERENCE',
    soap: { code: 'Sender', subcode: 'SecurityTokenUnavailable', vocabulary: 'wsse' },
    message: 'The wsse:Security header refers to a token that is not in the message',
    hint: 'Send the assertion itself in the header; a wsse:SecurityTokenReference may only name its ID',
    ja: '参照されたセキュリティトークンがメッセージ内にありません。アサーション自体をヘッダに含めてください。',
  }),
  row({
    code: 'XUA_EXPIRED',
    soap: { code: 'Sender', subcode: 'MessageExpired', vocabulary: 'wsu' },
    message: 'The wsu:Timestamp of the message has expired',
    hint: 'Check the clock, and send the message as soon as it is made',
    ja: 'メッセージのwsu:Timestampの有効期限が切れています。時計を確認し、作成後すぐに送信してください。',
  }),
] as const

/** Codes of these rows. */
export const XUA_CODES: ReadonlySet<string> = new Set(xuaErrors.map(({ code }) => code))
