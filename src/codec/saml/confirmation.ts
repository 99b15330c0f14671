// SubjectConfirmation with its times, recipient and keys (SAML Core 2.4.1; XML Signature 4.5).

import { X509Certificate } from 'node:crypto'
import { iheError } from '../../../profiles/errors/index.ts'
import type { ConfirmedKey, SubjectConfirmation } from '../../model/assertion.ts'
import { childOf, childrenOf, textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { DS, SAML2 } from './constants.ts'
import { readInstant } from './instant.ts'

export const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
export const HOLDER_OF_KEY = 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key'

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** @throws {IheError} XUA_TOKEN */
export function readConfirmation(confirmation: XmlElement): SubjectConfirmation {
  const method = confirmation.attributes.get('Method') ?? ''
  if (method === '') throw wrong('SubjectConfirmation/@Method', 'required')
  const data = childOf(confirmation, SAML2, 'SubjectConfirmationData')
  const keys = data === undefined ? [] : childrenOf(data, DS, 'KeyInfo').flatMap(keysOf)
  if (method === HOLDER_OF_KEY && keys.length === 0)
    throw wrong('SubjectConfirmationData/KeyInfo', 'X509Data/X509Certificate or KeyValue/RSAKeyValue')
  const recipient = data?.attributes.get('Recipient')
  return {
    method,
    keys,
    ...(recipient === undefined ? {} : { recipient }),
    ...timeOf(data, 'NotBefore', 'notBefore'),
    ...timeOf(data, 'NotOnOrAfter', 'notOnOrAfter'),
  }
}

function timeOf<K extends 'notBefore' | 'notOnOrAfter'>(
  data: XmlElement | undefined,
  name: string,
  key: K,
): Partial<Record<K, Date>> {
  const text = data?.attributes.get(name)
  if (text === undefined) return {}
  const read = readInstant(text)
  if (read === undefined) throw wrong(`SubjectConfirmationData/@${name}`, 'xs:dateTime with a time zone')
  return { [key]: read } as Partial<Record<K, Date>>
}

function keysOf(info: XmlElement): readonly ConfirmedKey[] {
  const certificates = childrenOf(info, DS, 'X509Data').flatMap((held) => childrenOf(held, DS, 'X509Certificate'))
  const values = childrenOf(info, DS, 'KeyValue').flatMap((held) => childrenOf(held, DS, 'RSAKeyValue'))
  return [...certificates.map(certificateOf), ...values.map(rsaOf)]
}

function certificateOf(element: XmlElement): ConfirmedKey {
  const der = bytesOf(element, 'X509Certificate')
  try {
    return { kind: 'certificate', der: new X509Certificate(der).raw }
  } catch {
    throw wrong('X509Certificate', 'a certificate')
  }
}

function rsaOf(value: XmlElement): ConfirmedKey {
  const part = (name: string): Buffer => {
    const element = childOf(value, DS, name)
    if (element === undefined) throw wrong(`RSAKeyValue/${name}`, 'required')
    return bytesOf(element, `RSAKeyValue/${name}`)
  }
  return { kind: 'rsa', modulus: part('Modulus'), exponent: part('Exponent') }
}

function bytesOf(element: XmlElement, at: string): Buffer {
  const text = textOf(element).replace(/\s+/g, '')
  if (!BASE64.test(text)) throw wrong(at, 'base64')
  return Buffer.from(text, 'base64')
}

function wrong(at: string, rule: string): Error {
  return iheError('XUA_TOKEN', { at, rule })
}
