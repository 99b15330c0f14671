// What the commands for SS-MIX2 storages say of a file that was not sent.

import { PATH_FAULTS } from '../../storeclient/ssmix/path.ts'
import type { LeftOut } from '../../storeclient/ssmix/plan.ts'
import type { MisplacedFile } from './walk.ts'

interface Words {
  readonly message: string
  readonly ja: string
}

export const LEFT_OUT: Readonly<Record<LeftOut, Words>> = {
  'no-current': {
    message:
      'all versions of this document are superseded (flag 2) and the one that superseded them is missing; not sent',
    ja: '有効な版（フラグ1）がなく、旧版（フラグ2）のみのため送信しません。',
  },
  'newer-history': {
    message: 'the version is superseded (flag 2) but newer than the valid one; not sent, as it would become valid',
    ja: '旧版（フラグ2）の発生日時が有効な版より新しいため送信しません。',
  },
}

const OWN_FAULTS: Readonly<Record<Exclude<MisplacedFile['fault'], keyof typeof PATH_FAULTS>, Words>> = {
  'no-message': {
    message:
      'the content folder has no HL7 message as its main document (main_document.hl7); only messages are imported',
    ja: 'コンテンツフォルダに主文書のHL7メッセージ（main_document.hl7）がありません。',
  },
  'no-file': {
    message: 'this is a link or a device, not a file',
    ja: '通常のファイルではありません（リンク等）。',
  },
}

export const FAULTS: Readonly<Record<MisplacedFile['fault'], Words>> = { ...PATH_FAULTS, ...OWN_FAULTS }

export const TOO_LARGE: Words = {
  message: 'the file is larger than a message may be',
  ja: 'ファイルがメッセージの上限サイズを超えています。',
}

export const EMPTY: Words = {
  message: 'the file is empty',
  ja: 'ファイルが空です。',
}

export const UNREADABLE: Words = {
  message: 'the file could not be read',
  ja: 'ファイルを読み取れません。',
}
