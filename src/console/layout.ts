// Blocks as HTML: headings, definition lists and tables that a reader of screens can find its way in.

import type { Bilingual } from '../model/clinical-view.ts'
import type { Block, Cell, Column, Fact, FileLink, Row } from './blocks.ts'
import { type Html, html } from './html.ts'
import { size } from './words.ts'

/** Address of a file's bytes; absent where a page leads nowhere. */
export type FileAddress = (uniqueId: string) => string

export function layout(blocks: readonly Block[], address?: FileAddress, level: 2 | 3 = 2): Html {
  return html`${blocks.map((block) => blockHtml(block, { address, level }))}`
}

interface Place {
  readonly address: FileAddress | undefined
  readonly level: 2 | 3
}

function blockHtml(block: Block, place: Place): Html {
  switch (block.kind) {
    case 'facts':
      return block.facts.length === 0 ? html`` : factList(block.facts)
    case 'table':
      return block.rows.length === 0 ? html`` : tableHtml(block)
    case 'prose':
      return html`${block.paragraphs.filter((one) => one.trim() !== '').map((one) => html`<p>${one}</p>`)}`
    case 'section':
      return html`<section>${headingHtml(block.heading, place.level)}${layout(block.blocks, place.address, 3)}</section>`
    case 'files':
      return html`<ul class="files">${block.files.map((file) => fileHtml(file, place.address))}</ul>`
  }
  return block satisfies never
}

function headingHtml(heading: Bilingual | string, level: 2 | 3): Html {
  const words = typeof heading === 'string' ? html`${heading}` : bilingual(heading)
  return level === 2 ? html`<h2>${words}</h2>` : html`<h3>${words}</h3>`
}

/** Japanese first, English beside it. */
export function bilingual({ ja, en }: Bilingual): Html {
  return ja === en ? html`${ja}` : html`${ja} <span lang="en">${en}</span>`
}

export function factList(facts: readonly Fact[]): Html {
  return html`<dl>${facts.map(({ label, value }) => html`<div><dt>${bilingual(label)}</dt><dd>${value}</dd></div>`)}</dl>`
}

function tableHtml({ caption, isCaptionUnseen, columns, rows, facts = [] }: Extract<Block, { kind: 'table' }>): Html {
  return html`<figure><table>
<caption${isCaptionUnseen === undefined ? undefined : html` class="unseen"`}>${caption}</caption>
<thead><tr>${columns.map(({ label, isNumber }) => html`<th scope="col"${numberClass(isNumber)}>${bilingual(label)}</th>`)}</tr></thead>
<tbody>${rows.map((row) => rowHtml(row, columns))}</tbody>
</table>${facts.length === 0 ? undefined : factList(facts)}</figure>
`
}

function numberClass(isNumber: true | undefined): Html | undefined {
  return isNumber === undefined ? undefined : html` class="number"`
}

function rowHtml({ cells, isGone }: Row, columns: readonly Column[]): Html {
  const [name, ...others] = cells
  const data = others.map((cell, index) => dataCell(cell, columns[index + 1]))
  return html`
<tr${isGone === true ? html` class="gone"` : undefined}><th scope="row">${cellContent(name ?? { text: '' })}</th>${data}</tr>`
}

function dataCell(cell: Cell, column: Column | undefined): Html {
  const { alarm } = cell
  if (column?.isNumber !== true) {
    const content =
      alarm === undefined ? cellContent(cell) : html`<span class="${`flag ${alarm}`}">${cellContent(cell)}</span>`
    return html`<td>${content}</td>`
  }
  return html`<td class="${alarm === undefined ? 'number' : `number ${alarm}`}">${cellContent(cell)}</td>`
}

function cellContent({ text, detail }: Cell): Html {
  return detail === undefined || detail === '' ? html`${text}` : html`${text}<small>${detail}</small>`
}

function fileHtml({ title, mimeType, sizeBytes, uniqueId }: FileLink, address: FileAddress | undefined): Html {
  const name = title === '' ? (uniqueId ?? mimeType) : title
  const words =
    uniqueId === undefined || address === undefined ? html`${name}` : html`<a href="${address(uniqueId)}">${name}</a>`
  return html`<li>${words} <small>${[mimeType, size(sizeBytes), uniqueId ?? ''].filter((one) => one !== '').join(' · ')}</small></li>`
}
