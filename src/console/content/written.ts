// What people wrote: reports, documents, files and notes, with the files that belong to them.

import type { EmbeddedFile, Report, WrittenDocument } from '../../model/clinical.ts'
import type { ViewedFile } from '../../model/clinical-view.ts'
import { type Block, type FileLink, facts, label, section } from '../blocks.ts'
import { meant, orderFacts, resultStatus, staffName, textOf, time } from '../words.ts'

export function report(content: Report, files: readonly ViewedFile[]): readonly Block[] {
  const { order, title, at, status, text } = content
  return [
    orderFacts(order),
    ...section(textOf(title) === '' ? label('レポート', 'Report') : textOf(title), [
      facts(
        ['レポート番号', 'Report number', content.number],
        ['検査日時', 'Time', time(at)],
        ['状態', 'Status', resultStatus(status)],
      ),
      ...text.flatMap(({ heading, text: words, withdrawn }) => {
        const said = withdrawn === undefined ? [words] : [`【${resultStatus(withdrawn)}】`, words]
        return heading === '' ? [prose(said)] : section(heading, [prose(said)])
      }),
    ]),
    ...attached(content.files, files),
  ]
}

/** HL7 table 0271. */
const COMPLETIONS: Readonly<Record<string, string>> = {
  DI: '口述済 dictated',
  DO: '作成済 documented',
  IP: '作成中 in progress',
  IN: '未完成 incomplete',
  PA: '確認待ち pre-authenticated',
  AU: '認証済 authenticated',
  LA: '法的認証済 legally authenticated',
}

export function writtenDocument(
  content: WrittenDocument,
  given: { readonly files: readonly ViewedFile[]; readonly facility: string },
): readonly Block[] {
  const { number, parentNumber, documentType, title, at, author, completion, text } = content
  const heading = title === '' ? textOf(documentType) : title
  const written = section(heading === '' ? label('内容', 'Content') : heading, [prose(text)])
  return [
    ...(content.type === 'note' ? [prose([noteLine(content, given.facility)])] : []),
    facts(
      ['文書番号', 'Document number', number],
      ['親文書番号', 'Parent document', parentNumber],
      ['文書種別', 'Type', textOf(documentType)],
      ['日時', 'Time', time(at)],
      ['記載者', 'Author', staffName(author)],
      ['状態', 'Status', meant(COMPLETIONS, completion) ?? completion],
    ),
    ...written,
    ...attached(content.files, given.files),
  ]
}

/** A note as the calendar of the network has always shown it. */
function noteLine({ at, title, author }: WrittenDocument, facility: string): string {
  const by = [facility, staffName(author)].filter((part) => part !== '').join(' ')
  return `[${time(at)}] ノート 『${title}』 記載者: ${by}`
}

function prose(paragraphs: readonly string[]): Block {
  return { kind: 'prose', paragraphs }
}

/** A file of the message is opened as the document that was made of it: the registry's word on it comes first. */
function attached(embedded: readonly EmbeddedFile[], registered: readonly ViewedFile[]): readonly Block[] {
  const files: readonly FileLink[] =
    registered.length > 0
      ? registered
      : embedded.map(({ title, fileName, mimeType, bytes }) => ({
          title: title || fileName || '',
          mimeType,
          sizeBytes: bytes.length,
        }))
  return section(label('ファイル', 'Files'), [{ kind: 'files', files }])
}
