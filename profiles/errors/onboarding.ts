// Refusals of a vendor's first hour: invitation and certificate request (POST /onboarding/redeem; docs/onboarding.md).

import { row } from './define.ts'

export const onboardingErrors = [
  row({
    code: 'INVITATION_REFUSED',
    http: 403,
    message: 'This invitation cannot be redeemed: it is not known, was redeemed, has expired or was withdrawn',
    hint: 'Compare the code with the one you were given (O is zero, I and L are one); if it is right, ask the network operator for a new invitation. A lost answer is given again within an hour to the same invitation with the same key',
    ja: 'この招待コードは使用できません（未登録・使用済み・期限切れ・取消のいずれか）。コードの入力を確認し、正しければ運用者に再発行を依頼してください。応答を受け取れなかった場合は、1時間以内に同じコードと同じ鍵で再送すると同じ証明書が返ります。',
  }),
  row({
    code: 'REDEEM_UNREADABLE',
    message: 'The request is not the JSON that redeems an invitation',
    hint: 'Send Content-Type: application/json with {"invitation": "…", "csr": "…"}: two texts and nothing else, csr as PEM or as Base64 of its DER, at most 32 KiB',
    ja: '招待コードの引換要求として読み取れません。Content-Type: application/json で {"invitation": "…", "csr": "…"} の2項目だけを32KiB以内で送信してください。csrはPEMまたはDERのBase64です。',
  }),
  row({
    code: 'REDEEM_TOO_OFTEN',
    http: 429,
    retry: 'later',
    message: 'Too many invitations were refused; for a time none is looked at',
    hint: 'Wait for the seconds that Retry-After names, then send the right code once',
    ja: '引換の失敗が続いたため、一時的に受付を停止しています。Retry-Afterの秒数だけ待ってから、正しいコードを1回だけ送信してください。',
  }),
  row({
    code: 'CSR_UNREADABLE',
    message: 'csr is not a certificate request (PKCS#10)',
    hint: 'Make one with: openssl req -new -newkey rsa:3072 -nodes -keyout system.key -out system.csr -subj "/CN=system"; send the whole text, with its BEGIN and END lines, or Base64 of the DER',
    ja: 'csrが証明書署名要求（PKCS#10）として読み取れません。openssl req -new -newkey rsa:3072 -nodes -keyout system.key -out system.csr -subj "/CN=system" で作成し、BEGIN行からEND行まで全体、またはDERのBase64を送信してください。',
  }),
  row({
    code: 'CSR_PRIVATE_KEY',
    message:
      'A private key was sent where the certificate request belongs. We have not kept it, but it is no longer secret',
    hint: 'Delete that key, make a new one with its request, and send the request only (BEGIN CERTIFICATE REQUEST)',
    ja: '証明書署名要求の代わりに秘密鍵が送信されました。保存はしていませんが、この鍵は漏えいしたものとして破棄し、新しい鍵で要求を作り直して、要求（BEGIN CERTIFICATE REQUEST）だけを送信してください。',
  }),
  row({
    code: 'CSR_KEY',
    message:
      'The key of the certificate request is too weak, of a kind that is not accepted, or known from another system or a revoked certificate',
    hint: 'Make a new key: RSA of 2048 to 8192 bits (3072 recommended), or EC on P-256 or P-384',
    ja: '証明書署名要求の鍵が弱い、受け付けていない種類、または他システムの鍵・失効した証明書の鍵です。新しい鍵（RSA 2048〜8192ビット（推奨3072）、またはECのP-256・P-384）を作成してください。',
  }),
  row({
    code: 'CSR_SIGNATURE',
    message: 'The certificate request is not signed by the key it carries',
    hint: 'Make key and request together in one command, and send the request unchanged',
    ja: '証明書署名要求の署名が、含まれる公開鍵と一致しません。鍵と要求を同じコマンドで作成し、変更せずに送信してください。',
  }),
] as const
