// What a page consists of, before it is HTML or plain text: every kind of content becomes these few blocks.

import type { Bilingual } from '../model/clinical-view.ts'

/** How far a value is out of the ordinary; colour and letter follow from it. */
export type Alarm = 'high' | 'low' | 'abnormal' | 'critical'

export interface Cell {
  readonly text: string
  /** Smaller, below the text: codes, comments. */
  readonly detail?: string
  readonly alarm?: Alarm
}

export interface Column {
  readonly label: Bilingual
  /** Numbers stand at the end of their column. */
  readonly isNumber?: true
}

export interface Row {
  /** The first one names the row. */
  readonly cells: readonly Cell[]
  /** No longer valid: struck out. */
  readonly isGone?: true
}

export interface Fact {
  readonly label: Bilingual
  readonly value: string
}

export type Block =
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | {
      readonly kind: 'table'
      readonly caption: string
      /** The heading above says it already: the caption is for readers of screens. */
      readonly isCaptionUnseen?: true
      readonly columns: readonly Column[]
      readonly rows: readonly Row[]
      /** Below the table: how what it lists is used. */
      readonly facts?: readonly Fact[]
    }
  | { readonly kind: 'prose'; readonly paragraphs: readonly string[] }
  | { readonly kind: 'section'; readonly heading: Bilingual | string; readonly blocks: readonly Block[] }
  | { readonly kind: 'files'; readonly files: readonly FileLink[] }

export interface FileLink {
  readonly title: string
  readonly mimeType: string
  readonly sizeBytes: number
  /** Absent for a file that is no document of its own. */
  readonly uniqueId?: string
}

export function label(ja: string, en: string): Bilingual {
  return { ja, en }
}

/** Facts that are known; the others are left out. */
export function facts(...given: readonly (readonly [ja: string, en: string, value: string | undefined])[]): Block {
  return { kind: 'facts', facts: known(given) }
}

export function known(
  given: readonly (readonly [ja: string, en: string, value: string | undefined])[],
): readonly Fact[] {
  return given.flatMap(([ja, en, value]) =>
    value === undefined || value.trim() === '' ? [] : { label: label(ja, en), value },
  )
}

export interface TableColumn<Item> {
  readonly label: Bilingual
  readonly cell: (item: Item) => Cell | string
  readonly isNumber?: true
}

/** A table of items; columns that are empty in every row are left out, the first one never. */
export function table<Item>(given: {
  readonly caption: string
  readonly isCaptionUnseen?: true
  readonly columns: readonly TableColumn<Item>[]
  readonly items: readonly Item[]
  readonly isGone?: (item: Item) => boolean
  readonly facts?: readonly Fact[]
}): Block {
  const { caption, columns, items, isGone } = given
  const rows = items.map((item) => columns.map(({ cell }) => asCell(cell(item))))
  const used = columns.map((_, index) => index === 0 || rows.some((cells) => !isEmpty(cells[index])))
  return {
    kind: 'table',
    caption,
    ...(given.isCaptionUnseen === undefined ? {} : { isCaptionUnseen: true }),
    columns: columns
      .filter((_, index) => used[index])
      .map(({ label, isNumber }) => (isNumber === undefined ? { label } : { label, isNumber })),
    rows: rows.map((cells, row) => ({
      cells: cells.filter((_, index) => used[index]),
      ...(items[row] !== undefined && isGone?.(items[row]) === true ? { isGone: true } : {}),
    })),
    ...(given.facts === undefined || given.facts.length === 0 ? {} : { facts: given.facts }),
  }
}

function asCell(given: Cell | string): Cell {
  return typeof given === 'string' ? { text: given } : given
}

function isEmpty(cell: Cell | undefined): boolean {
  return cell === undefined || (cell.text === '' && (cell.detail ?? '') === '')
}

/** A section, when anything is in it. */
export function section(heading: Bilingual | string, blocks: readonly Block[]): readonly Block[] {
  return blocks.some((block) => !isBlank(block))
    ? [{ kind: 'section', heading, blocks: blocks.filter((b) => !isBlank(b)) }]
    : []
}

export function isBlank(block: Block): boolean {
  switch (block.kind) {
    case 'facts':
      return block.facts.length === 0
    case 'table':
      return block.rows.length === 0
    case 'prose':
      return block.paragraphs.every((paragraph) => paragraph.trim() === '')
    case 'section':
      return block.blocks.every(isBlank)
    case 'files':
      return block.files.length === 0
  }
  return block satisfies never
}
