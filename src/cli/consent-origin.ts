// Options that say how a consent or an objection came about: by whom, how, taken by whom (idlink C-3, C-6).

import type { Command } from 'commander'
import { given } from './admin-command.ts'

export interface OriginOptions {
  readonly relation?: string
  readonly consentedBy?: string
  readonly form?: string
  readonly givenOn?: string
  readonly textVersion?: string
  readonly takenBy?: string
  readonly takenAt?: string
  readonly evidence?: string
}

export function origin(command: Command): Command {
  return command
    .option('--relation <who>', 'who consents: self, family or guardian; default self / 続柄')
    .option('--consented-by <name>', 'name of the person who consents for the patient / 同意者氏名')
    .option('--form <form>', 'written or oral / 書面・口頭')
    .option('--given-on <day>', 'day of the consent, YYYY-MM-DD / 同意日')
    .option('--text-version <version>', 'version of the text that was read or heard / 説明文書の版')
    .option('--taken-by <name>', 'member of staff who took it / 受付者')
    .option('--taken-at <facilityId>', 'facility where it was taken / 受付施設')
    .option('--evidence <text>', 'where the signed form is kept / 同意書の保管場所')
}

export function originOf(options: OriginOptions): object {
  const { relation, consentedBy, form, givenOn, textVersion, takenBy, takenAt, evidence } = options
  return given({ relation, consentedBy, form, givenOn, textVersion, takenBy, takenAt, evidence })
}
