// The page of one document: whose it is, from whom, what it says, and the message it was read from; self-contained, without script.

import type { Bilingual, ClinicalView, ViewedDocument, ViewedPatient } from '../model/clinical-view.ts'
import { jstDay, jstIso } from '../model/jst.ts'
import type { Block, Fact } from './blocks.ts'
import { facts, known, label } from './blocks.ts'
import { contentBlocks } from './content/content.ts'
import { type Html, html, rendered } from './html.ts'
import { bilingual, type FileAddress, factList, layout } from './layout.ts'
import { styleElement } from './style.ts'
import { dateOf, meant, SEXES, size } from './words.ts'

export { PAGE_POLICY } from './style.ts'

/**
 * @param address of the bytes of this document and of its files.
 * @param shownMs when it is shown; injected by tests.
 */
export function documentPage(view: ClinicalView, address: FileAddress, shownMs = Date.now()): string {
  const { document, patient } = view
  const title = `${document.title}${patient === undefined ? '' : ` ${nameOf(patient)}`}`
  return `<!DOCTYPE html>\n${rendered(html`<html lang="ja">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="robots" content="noindex" />
<title>${title}</title>
${styleElement()}
</head>
<body>
<main>
<header>
<p class="kind">${bilingual(document.kind)} ・ ${document.facility.name}</p>
<h1>${document.title}</h1>
${patient === undefined ? undefined : patientLine(patient)}
</header>
${stateLine(document.state)}
<p class="reference">${referenceMark(document.facility.name, shownMs).ja} <span lang="en">${referenceMark(document.facility.name, shownMs).en}</span></p>
${factList(documentFacts(document))}
${layout(bodyBlocks(view), address)}
${rawSegments(view.segments)}
<footer>${footer(document, address)}</footer>
</main>
</body>
</html>`)}\n`
}

/** The record itself stays with its facility: whatever is shown or printed of it says so, whence it came and when (idlink R-5). */
export function referenceMark(facility: string, shownMs: number): Bilingual {
  const at = jstIso(shownMs).slice(0, 16).replace('T', ' ')
  return {
    ja: `参照用（${facility}の記録の写し、${at} 表示）`,
    en: `Reference copy of a record of ${facility}, shown ${at} JST`,
  }
}

function nameOf({ names }: ViewedPatient): string {
  const name = names.find(({ representation }) => representation === 'IDE') ?? names[0]
  return name === undefined ? '' : `${name.family} ${name.given}`.trim()
}

function patientLine(patient: ViewedPatient): Html {
  const kana = patient.names.find(({ representation }) => representation === 'SYL')
  return html`<p class="patient"><span class="name">${nameOf(patient)}</span>
${kana === undefined ? undefined : html`<span class="kana">${`${kana.family} ${kana.given}`.trim()}</span>`}
<span>${dateOf(patient.birthTime)} 生</span>
<span>${meant(SEXES, patient.sex) ?? patient.sex}</span>
<span>患者番号 ${patient.number}</span></p>`
}

function stateLine(state: ViewedDocument['state']): Html | undefined {
  switch (state) {
    case 'current':
      return undefined
    case 'former':
      return html`<p class="state former" role="status">旧版：新しい版があります <span lang="en">Former version: a newer one took its place</span></p>`
    case 'cancelled':
      return html`<p class="state cancelled" role="status">取消済み：この文書は取り消されました <span lang="en">Cancelled by its facility</span></p>`
  }
  return state satisfies never
}

function documentFacts(document: ViewedDocument): readonly Fact[] {
  const { facility, authors, serviceStartMs, serviceStopMs, createdMs, versions } = document
  return known([
    ['診療日', 'Day of service', days(serviceStartMs, serviceStopMs)],
    ['施設', 'Facility', facility.name],
    ['作成者', 'Author', authors.join('、')],
    ['作成日', 'Created', createdMs === undefined ? '' : jstDay(createdMs)],
    ['版数', 'Versions', versions > 1 ? String(versions) : ''],
  ])
}

function days(startMs: number | undefined, stopMs: number | undefined): string {
  if (startMs === undefined) return ''
  const [first, last] = [jstDay(startMs), jstDay(stopMs ?? startMs)]
  return first === last ? first : `${first} 〜 ${last}`
}

/** What the document says; of what is no message, what is known of it. */
export function bodyBlocks(view: ClinicalView): readonly Block[] {
  const { document, content } = view
  if (content !== undefined) return contentBlocks(content, view)
  const { uniqueId, mimeType, sizeBytes = 0, files, repositoryUniqueId } = document
  const format = facts(
    ['形式', 'Format', mimeType],
    ['サイズ', 'Size', size(sizeBytes)],
    ['文書種別', 'Type', document.kind.ja],
    ['保管先', 'Repository', repositoryUniqueId],
  )
  if (repositoryUniqueId !== undefined) return [format]
  return [
    format,
    {
      kind: 'section',
      heading: label('ダウンロード', 'Download'),
      blocks: [{ kind: 'files', files: [{ title: document.title, mimeType, sizeBytes, uniqueId }, ...files] }],
    },
  ]
}

function rawSegments(segments: readonly string[]): Html | undefined {
  if (segments.length === 0) return undefined
  return html`<details><summary>HL7 v2.5 原文 <span lang="en">Message as received</span></summary>
<pre>${segments.join('\n')}</pre></details>`
}

function footer({ uniqueId, mimeType, repositoryUniqueId }: ViewedDocument, address: FileAddress): Html {
  const original = html` <span class="links">・ <a href="${address(uniqueId)}">原本 ${mimeType}</a></span>`
  return html`文書ID <span lang="en">Document</span> ${uniqueId}${repositoryUniqueId === undefined ? original : undefined}`
}
