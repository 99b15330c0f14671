// A document as plain text: the words of its page in the same order, one line a fact, one line a row of a table.

import type { Bilingual, ClinicalView, ViewedPatient } from '../model/clinical-view.ts'
import { jstDay } from '../model/jst.ts'
import type { Block, Cell, Row } from './blocks.ts'
import { visible } from './html.ts'
import { bodyBlocks, referenceMark } from './page.ts'
import { dateOf, meant, SEXES, size } from './words.ts'

const STATES = { current: '', former: '【旧版 former version】', cancelled: '【取消済み cancelled】' } as const

export function documentText(view: ClinicalView, shownMs = Date.now()): string {
  const { document, patient } = view
  const { title, state, facility, kind, serviceStartMs, authors, uniqueId } = document
  const head = [
    `${STATES[state]}${title}`,
    ...(patient === undefined ? [] : [patientText(patient)]),
    [kind.ja, facility.name, ...authors].join(' ・ '),
    ...(serviceStartMs === undefined ? [] : [`診療日: ${jstDay(serviceStartMs)}`]),
  ]
  const mark = referenceMark(facility.name, shownMs).ja
  const lines = [...head, ...bodyBlocks(view).flatMap(blockLines), '', `文書ID: ${uniqueId}`, mark]
  return `${lines
    .map(oneLine)
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')}\n`
}

/** Line breaks within a text would look like lines of ours. */
function oneLine(text: string): string {
  return visible(text).replaceAll(/[\t\r\n]+/g, ' ')
}

function patientText({ names, birthTime, sex, number }: ViewedPatient): string {
  const words = names.map(({ family, given }) => `${family} ${given}`.trim()).join(' / ')
  return `${words}  ${dateOf(birthTime)}生  ${meant(SEXES, sex) ?? sex}  患者番号 ${number}`
}

function blockLines(block: Block): readonly string[] {
  switch (block.kind) {
    case 'facts':
      return block.facts.map(({ label, value }) => `${label.ja}: ${value}`)
    case 'table':
      return block.rows.length === 0 ? [] : tableLines(block)
    case 'prose':
      return block.paragraphs.flatMap((paragraph) => paragraph.split(/\r?\n/))
    case 'section':
      return ['', `■ ${headingText(block.heading)}`, ...block.blocks.flatMap(blockLines)]
    case 'files':
      return block.files.map(
        ({ title, mimeType, sizeBytes, uniqueId }) => `・${title} (${mimeType}, ${size(sizeBytes)}) ${uniqueId ?? ''}`,
      )
  }
  return block satisfies never
}

function headingText(heading: Bilingual | string): string {
  return typeof heading === 'string' ? heading : `${heading.ja} ${heading.en}`
}

function tableLines({ caption, columns, rows, facts = [] }: Extract<Block, { kind: 'table' }>): readonly string[] {
  return [
    '',
    `[${caption}]`,
    columns.map(({ label }) => label.ja).join(' | '),
    ...rows.map(rowLine),
    ...facts.map(({ label, value }) => `  ${label.ja}: ${value}`),
  ]
}

function rowLine({ cells, isGone }: Row): string {
  return `${isGone === true ? '(取消) ' : ''}${cells.map(cellText).join(' | ')}`
}

function cellText({ text, detail }: Cell): string {
  return detail === undefined || detail === '' ? text : `${text} (${detail})`
}
