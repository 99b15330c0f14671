// Writes PKCS#12 for systems that cannot make a certificate request (RFC 7292; AES-256 key, HMAC-SHA-256 integrity).

import { X509Certificate } from 'node:crypto'
import forge from 'node-forge'
import type { IssuedCertificate } from './authority.ts'

/** RFC 8018 asks for at least 1000; importers of old devices become slow above this. */
const ITERATIONS = 10_000
const SALT_BYTES = 16
/** How key and integrity are protected. Windows before 2019 reads no AES in PKCS#12, but 3DES and SHA-1. */
const FORMS = {
  modern: { algorithm: 'aes256', digest: 'sha256', digestBytes: 32 },
  legacy: { algorithm: '3des', digest: 'sha1', digestBytes: 20 },
} as const
/** Purpose byte of the PKCS#12 key derivation for integrity keys (RFC 7292 B.3). */
const MAC_KEY = 3

const { asn1, pki, pkcs12, md, hmac, random } = forge
const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class
const { BMPSTRING, INTEGER, NULL, OCTETSTRING, OID, SEQUENCE, SET } = asn1.Type
type Node = forge.asn1.Asn1

export interface Pkcs12Options {
  readonly password: string
  /** Name under which an importing system lists the key. */
  readonly friendlyName: string
  /** Certificates above the issued one, PEM, one each. */
  readonly chain?: readonly string[]
  readonly form?: keyof typeof FORMS
}

/**
 * The certificate, its private key and its chain as PKCS#12, protected by a password.
 * The containers are written here: the library would write the certificate anew, which changes its bytes and breaks its signature.
 * @throws {Error} when the key is not RSA: the library that encrypts it knows no other.
 */
export function writePkcs12(
  issued: IssuedCertificate,
  { password, friendlyName, chain = [], form = 'modern' }: Pkcs12Options,
): Buffer {
  const certificate = new X509Certificate(issued.certificatePem)
  const attributes = bagAttributes(friendlyName, certificate.fingerprint.replaceAll(':', ''))
  const authorities = chain.map((pem) => certificateBag(new X509Certificate(pem)))
  const safe = sequence([
    data(sequence([certificateBag(certificate, attributes), ...authorities])),
    data(sequence([keyBag(issued.privateKeyPem, { password, form }, attributes)])),
  ])
  const content = derOf(safe)
  const pfx = sequence([integer(3), data(safe), macData(content, { password, form })])
  return Buffer.from(derOf(pfx), 'binary')
}

function certificateBag(certificate: X509Certificate, attributes?: Node): Node {
  const octets = primitive(OCTETSTRING, certificate.raw.toString('binary'))
  const bag = sequence([oid('x509Certificate'), explicit(octets)])
  return sequence([oid('certBag'), explicit(bag), ...(attributes === undefined ? [] : [attributes])])
}

interface Protection {
  readonly password: string
  readonly form: keyof typeof FORMS
}

function keyBag(privateKeyPem: string, { password, form }: Protection, attributes: Node): Node {
  const key = pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(pki.privateKeyFromPem(privateKeyPem)))
  const { algorithm, digest: prfAlgorithm } = FORMS[form]
  const options = { algorithm, prfAlgorithm, count: ITERATIONS, saltSize: SALT_BYTES } as const
  return sequence([oid('pkcs8ShroudedKeyBag'), explicit(pki.encryptPrivateKeyInfo(key, password, options)), attributes])
}

/** The key id is what pairs key and certificate for an importer; both bags carry the same. */
function bagAttributes(friendlyName: string, keyIdHex: string): Node {
  return asn1.create(UNIVERSAL, SET, true, [
    sequence([oid('friendlyName'), asn1.create(UNIVERSAL, SET, true, [primitive(BMPSTRING, friendlyName)])]),
    sequence([
      oid('localKeyId'),
      asn1.create(UNIVERSAL, SET, true, [primitive(OCTETSTRING, forge.util.hexToBytes(keyIdHex))]),
    ]),
  ])
}

function macData(content: string, { password, form }: Protection): Node {
  const { digest: name, digestBytes } = FORMS[form]
  const salt = random.getBytesSync(SALT_BYTES)
  const digest = md[name].create()
  const key = pkcs12.generateKey(password, forge.util.createBuffer(salt), MAC_KEY, ITERATIONS, digestBytes, digest)
  const mac = hmac.create()
  mac.start(md[name].create(), key)
  mac.update(content)
  const algorithm = sequence([oid(name), primitive(NULL, '')])
  const digestInfo = sequence([algorithm, primitive(OCTETSTRING, mac.getMac().getBytes())])
  return sequence([digestInfo, primitive(OCTETSTRING, salt), integer(ITERATIONS)])
}

/** PKCS#7 ContentInfo of type data. */
function data(content: Node): Node {
  return sequence([oid('data'), explicit(primitive(OCTETSTRING, derOf(content)))])
}

function derOf(node: Node): string {
  return asn1.toDer(node).getBytes()
}

function oid(name: string): Node {
  return primitive(OID, asn1.oidToDer(pki.oids[name] ?? '').getBytes())
}

function integer(value: number): Node {
  return primitive(INTEGER, asn1.integerToDer(value).getBytes())
}

function explicit(content: Node): Node {
  return asn1.create(CONTEXT_SPECIFIC, 0, true, [content])
}

function sequence(parts: Node[]): Node {
  return asn1.create(UNIVERSAL, SEQUENCE, true, parts)
}

function primitive(type: forge.asn1.Type, bytes: string): Node {
  return asn1.create(UNIVERSAL, type, false, bytes)
}
