// Every setting of the server: key, type, default, meaning (design §5). A new setting is a row in settings/ and nothing else.

import { isIP } from 'node:net'
import { parseHomeCommunityId, parseOid } from '../model/identifiers.ts'
import type { Setting } from './setting.ts'
import { accessSettings } from './settings/access.ts'
import { auditSettings } from './settings/audit.ts'
import { certificatesSettings } from './settings/certificates.ts'
import { doorsSettings } from './settings/doors.ts'
import { gatewaySettings } from './settings/gateway.ts'
import { journalSettings } from './settings/journal.ts'
import { networkSettings } from './settings/network.ts'
import { storeclientSettings } from './settings/storeclient.ts'

export const settings = {
  ...networkSettings,
  ...doorsSettings,
  ...certificatesSettings,
  ...accessSettings,
  ...gatewaySettings,
  ...auditSettings,
  ...storeclientSettings,
  ...journalSettings,
} as const satisfies Readonly<Record<string, Setting>>

export type SettingKey = keyof typeof settings

export const settingKeys = Object.keys(settings) as readonly SettingKey[]

/** Checks that a pattern cannot express, by key: whether the value will do, of a list each one. */
export const furtherChecks: Readonly<Partial<Record<SettingKey, (value: string) => boolean>>> = {
  'community.homeCommunityId': (value) => parseHomeCommunityId(value) !== undefined,
  'repository.uniqueId': (value) => parseOid(value) !== undefined,
  'identity.affinityDomainAuthority': (value) => parseOid(value) !== undefined,
  'https.publicUrl': (value) => URL.canParse(value),
  'repository.registryUrl': (value) => value.startsWith('https://') && URL.canParse(value),
  'database.url': (value) => /^postgres(ql)?:\/\//.test(value),
  'proxy.addresses': (value) => isIP(value.replace(/\/\d+$/, '')) !== 0,
  'storeclient.clamd': (value) => value.startsWith('/') || isPort(value.slice(value.lastIndexOf(':') + 1)),
}

const LAST_PORT = 65_535

function isPort(text: string): boolean {
  return Number(text) >= 1 && Number(text) <= LAST_PORT
}

/** Numbers that are at most what another setting is. */
export const upperBounds: Readonly<Partial<Record<SettingKey, SettingKey>>> = {
  'identity.reviewBits': 'identity.autoLinkBits',
}

/** The environment variable of a key, derived mechanically: `https.publicUrl` is TSUNAGI_HTTPS_PUBLIC_URL. */
export function environmentName(key: string): string {
  return `TSUNAGI_${key.replaceAll('.', '_').replace(/([a-z0-9])([A-Z])/g, '$1_$2')}`.toUpperCase()
}

/** The variable that names a file with the value of a secret setting: TSUNAGI_DATABASE_URL_FILE. */
export function fileVariable(key: string): string {
  return `${environmentName(key)}_FILE`
}

type Flat = { readonly [K in SettingKey]: (typeof settings)[K] extends Setting<infer T> ? T : never }
type Head<K> = K extends `${infer First}.${string}` ? First : K
type Below<F, H extends string> = { [K in keyof F as K extends `${H}.${infer Rest}` ? Rest : never]: F[K] }
type Nested<F> = {
  readonly [H in Head<keyof F> & string]: H extends keyof F ? F[H] : Nested<Below<F, H>>
}

/** The effective configuration: `config.https.port`. Paths are absolute. */
export type Config = Nested<Flat>
