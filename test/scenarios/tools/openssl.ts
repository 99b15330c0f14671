// Stands in for openssl where it is not installed: the few uses that docs/onboarding.md makes of it, by Node and @peculiar/x509.

import 'reflect-metadata'
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:tls'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto)

const [command = '', ...argv] = process.argv.slice(2)
const has = (flag: string): boolean => argv.includes(flag)
const one = (name: string): string => {
  const at = argv.indexOf(name)
  const value = argv[at + 1]
  if (at < 0 || value === undefined) throw new Error(`openssl stand-in: ${command} needs ${name}`)
  return value
}
const text = (name: string): string => readFileSync(one(name), 'utf8')
const say = (line: string | Buffer): void => {
  process.stdout.write(line)
}

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) } as const

async function makeRequest(): Promise<void> {
  const algorithm = { ...RSA, modulusLength: Number(one('-newkey').replace('rsa:', '')) }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const name = one('-subj').slice(1).replaceAll('/', ', ')
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  writeFileSync(one('-keyout'), `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`, { mode: 0o600 })
  writeFileSync(one('-out'), `${request.toString('pem')}\n`)
}

async function req(): Promise<void> {
  if (has('-new')) await makeRequest()
  else say(Buffer.from(new x509.Pkcs10CertificateRequest(text('-in')).rawData))
}

function showCertificate(): void {
  const certificate = new X509Certificate(text('-in'))
  if (has('-out')) writeFileSync(one('-out'), certificate.toString())
  if (has('-fingerprint')) say(`sha256 Fingerprint=${certificate.fingerprint256}\n`)
  if (has('-subject')) say(`subject=${certificate.subject.replaceAll('\n', ', ')}\n`)
  if (has('-enddate')) say(`notAfter=${certificate.validTo}\n`)
}

function base64(): void {
  const given = readFileSync(0)
  say(has('-d') ? Buffer.from(given.toString('latin1'), 'base64') : given.toString('base64'))
}

/** Ends when its input does, with what has come by then. */
function client(): void {
  const [host = '', port = ''] = one('-connect').split(':')
  const socket = connect({
    host,
    port: Number(port),
    servername: one('-verify_hostname'),
    ca: text('-CAfile'),
    cert: text('-cert'),
    key: text('-key'),
  })
  socket.on('secureConnect', () => process.stdin.pipe(socket))
  socket.on('data', say)
  socket.on('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}

switch (command) {
  case 'req':
    await req()
    break
  case 'x509':
    showCertificate()
    break
  case 'base64':
    base64()
    break
  case 'rand':
    say(`${randomBytes(Number(argv.at(-1))).toString('hex')}\n`)
    break
  case 's_client':
    client()
    break
  case '--version':
    say('stand-in\n')
    break
  default:
    throw new Error(`openssl stand-in: ${command} is not known`)
}
