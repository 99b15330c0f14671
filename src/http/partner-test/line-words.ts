// What is found on the way to a neighbouring community, in words for its operator and ours: what it is, and what to do about it.

import type { Finding } from '../../access/administration/partner-test.ts'

export function passed(message: string, ja: string): Finding {
  return { result: 'passed', message, ja }
}

export function failed(message: string, hint: string, ja: string): Finding {
  return { result: 'failed', message, hint, ja }
}

export function unknownName(host: string, code: string): Finding {
  return failed(
    `the name ${host} has no address (${code})`,
    'Check the address with the operator of the community, and that this server may ask its DNS for names of the other network (/etc/resolv.conf, /etc/hosts)',
    `ホスト名 ${host} のアドレスが見つかりません（${code}）。アドレスと、このサーバのDNS設定を確認してください。`,
  )
}

export function unreachable(code: string): Finding {
  if (code === 'ECONNREFUSED')
    return failed(
      'the connection was refused (ECONNREFUSED)',
      'Nothing listens on this port there, or a firewall refuses: check the port with the operator of the community',
      '接続が拒否されました（ECONNREFUSED）。ポート番号と、相手側でサーバが動作していることを確認してください。',
    )
  return failed(
    `no connection (${code})`,
    'A firewall or the way between the networks lets nothing through: have both operators open the port, from the address of this server to theirs',
    `接続できません（${code}）。双方のファイアウォールと経路（VPN等）の設定を確認してください。`,
  )
}

/** Alerts with which the other side refuses our certificate (RFC 8446, 6.2). */
const OURS_REFUSED =
  /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)/

export function refusesOurs(code: string): boolean {
  return OURS_REFUSED.test(code)
}

export function oursRefused(why: string): Finding {
  return failed(
    `the community refuses our certificate (${why})`,
    'Its operator registers the certificate of this server (tls.certificate) or its authority: send them the file, or its authority’s',
    `相手側がこのサーバの証明書を受け付けません（${why}）。tls.certificate の証明書または認証局を相手側に登録してもらってください。`,
  )
}

export function handshakeFinding(code: string): Finding {
  if (refusesOurs(code)) return oursRefused(code)
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return failed(
      `what answers does not speak TLS (${code})`,
      'The port is one of plain HTTP or of something else: check the address',
      `TLSの応答ではありません（${code}）。ポート番号を確認してください（平文HTTPのポートの可能性があります）。`,
    )
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code))
    return failed(
      `no version of TLS in common (${code})`,
      'The community has to speak TLS 1.3, or TLS 1.2 where tls.preset is high+1.2',
      `使用できるTLSのバージョンが一致しません（${code}）。相手側をTLS 1.3（tls.preset が high+1.2 の場合は1.2も可）に対応させてください。`,
    )
  if (/HANDSHAKE_FAILURE|NO_SHARED_CIPHER|INSUFFICIENT_SECURITY/.test(code))
    return failed(
      `no cipher suite in common (${code})`,
      'The community has to offer AES-GCM or ChaCha20 suites with ECDHE; tls.atnaDhe adds those of ATNA with DHE',
      `使用できる暗号スイートが一致しません（${code}）。ECDHEとAES-GCMの組合せを相手側で有効にしてください。`,
    )
  return failed(
    `the TLS handshake ended (${code})`,
    'Something between the networks may cut it, or the other side refuses without saying why: see its log at this time',
    `TLSの接続確立に失敗しました（${code}）。経路上の機器と相手側のログを確認してください。`,
  )
}

export interface JudgedCertificate {
  readonly host: string
  readonly subject?: string
  readonly issuer?: string
  readonly names?: readonly string[]
  readonly daysLeft?: number
  readonly fault?: string
}

const WARN_DAYS = 30

export function certificateFinding(judged: JudgedCertificate): Finding {
  const { subject = '', issuer = '', daysLeft = 0, fault } = judged
  if (fault !== undefined) return certificateFault(fault, judged)
  const about = `${subject}, of ${issuer}, ${daysLeft} days left`
  const ja = `${subject}（発行者 ${issuer}、残り${daysLeft}日）`
  if (daysLeft >= WARN_DAYS) return passed(about, ja)
  return {
    result: 'warning',
    message: about,
    hint: 'It ends soon: ask the operator of the community for the date of its renewal',
    ja: `${ja}。まもなく期限切れになります。更新予定を相手側に確認してください。`,
  }
}

function certificateFault(fault: string, { host, issuer = '', names = [] }: JudgedCertificate): Finding {
  if (fault === 'CERT_HAS_EXPIRED' || fault === 'CERT_NOT_YET_VALID')
    return failed(
      `its certificate is not valid now (${fault})`,
      'Its operator renews it; when its dates are good, the clock of this server is wrong',
      `サーバ証明書が有効期間外です（${fault}）。相手側で更新が必要です。期間が正しい場合は、このサーバの時刻を確認してください。`,
    )
  if (fault === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return failed(
      `its certificate is for ${names.join(', ') || 'no name'}, not for ${host}`,
      'Use the name that is in the certificate, or have its operator renew it with this one',
      `サーバ証明書の名前（${names.join('、') || 'なし'}）が ${host} と一致しません。証明書の名前のアドレスを使うか、証明書を更新してもらってください。`,
    )
  if (fault === 'CERT_REVOKED')
    return failed(
      'its authority has revoked its certificate (CERT_REVOKED)',
      'Nobody speaks to it until its operator has another one',
      'サーバ証明書は認証局により失効しています。相手側で新しい証明書に交換されるまで接続できません。',
    )
  if (fault === 'CRL_HAS_EXPIRED' || fault === 'UNABLE_TO_GET_CRL')
    return failed(
      `the revocation list of its authority is not to be had, or too old (${fault})`,
      'tsunagi anchor list shows the list and why it could not be fetched (tls.crlStale says how long an old one will do)',
      `認証局の失効リスト（CRL）が取得できないか、期限切れです（${fault}）。tsunagi anchor list で状態を確認してください。`,
    )
  return failed(
    `its certificate leads to no authority that is trusted for it (${fault}); its issuer is ${issuer}`,
    'tsunagi anchor add … --facility with the certificate of that authority, which its operator sends; a missing intermediate is theirs to add',
    `信頼する認証局にたどり着けません（${fault}）。発行者は ${issuer} です。認証局の証明書を相手側から受け取り、tsunagi anchor add … --facility で登録してください。`,
  )
}
