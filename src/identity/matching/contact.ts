// Sex, telephone numbers, postal codes and identifiers, each in one spelling; what stands for "unknown" is absent.

import {
  PLACEHOLDER_IDENTIFIERS,
  PLACEHOLDER_PHONES,
  PLACEHOLDER_POSTAL_CODES,
} from '../../../profiles/matching/words.ts'
import { fold } from './fold-text.ts'

const SEXES: Readonly<Record<string, 'M' | 'F'>> = {
  M: 'M',
  '1': 'M',
  男: 'M',
  男性: 'M',
  MALE: 'M',
  F: 'F',
  '2': 'F',
  女: 'F',
  女性: 'F',
  FEMALE: 'F',
}

/** M or F from HL7, receipt codes and words; undefined for everything that says unknown. */
export function foldSex(text: string): 'M' | 'F' | undefined {
  return SEXES[fold(text)]
}

const EXTENSION = /(?:内線|EXT|;|,|#|X(?=\s*\d)).*$/u
const MOBILE = /^0[789]0\d{8}$/
const INTERNET = /^050\d{8}$/
const LANDLINE = /^0\d{9}$/
/** Numbers of firms, whoever answers. */
const COMPANY = /^0(?:120|800|570|990)\d{6,7}$/

/** Digits of a Japanese telephone number, 0 first; undefined for mail addresses, numbers of firms and invented ones. */
export function foldPhone(text: string): string | undefined {
  const folded = fold(text)
  if (folded.includes('@') || folded.startsWith('MAILTO:')) return undefined
  const digits = folded
    .replace(/^(?:TEL|FAX):/, '')
    .replace(EXTENSION, '')
    .replace('(0)', '')
    .replace(/[^\d+]/g, '')
    .replace(/^(?:\+|00)81/, '0')
    .replace(/^00+(?=\d)/, '0')
  if (PLACEHOLDER_PHONES.test(digits) || COMPANY.test(digits)) return undefined
  return MOBILE.test(digits) || INTERNET.test(digits) || LANDLINE.test(digits) ? digits : undefined
}

/** A mobile number is one person's, or a parent's; a landline a household's. */
export function isMobile(phone: string): boolean {
  return MOBILE.test(phone)
}

/** Digits of a postal code, letters of foreign ones; undefined for 000-0000 and the like. */
export function foldPostalCode(text: string): string | undefined {
  const code = fold(text).replace(/[^A-Z\d]/g, '')
  return code === '' || PLACEHOLDER_POSTAL_CODES.has(code) ? undefined : code
}

const CX = /^([^^]*)\^\^\^[^&]*&([^&^]+)&/

/** Authority and value of `value^^^&OID&ISO`; undefined for a value that is no person's. Blanks, hyphens and case do not tell values apart. */
export function foldIdentifier(identifier: string): string | undefined {
  const found = CX.exec(identifier)
  if (found === null) return undefined
  const value = fold(found[1] ?? '').replace(/[\s-]/g, '')
  return PLACEHOLDER_IDENTIFIERS.test(value) ? undefined : `${found[2]}|${value}`
}
