// Values of a message as people read them: codes by their text, times in Japan, table values by their meaning in both languages.

import type { Coded, OrderHead, Place, Quantity, StaffMember } from '../model/clinical.ts'
import type { Bilingual } from '../model/clinical-view.ts'
import type { Hl7Time } from '../model/hl7-time.ts'
import { readable } from '../model/jst.ts'
import type { Alarm, Block, Cell } from './blocks.ts'
import { facts } from './blocks.ts'

/** An unknown code is shown by its text, and a code without text by itself. */
export function textOf({ text, code, alternative }: Coded): string {
  return text || alternative?.text || code || alternative?.code || ''
}

/** The text, and below it the code with its system. */
export function codedCell(coded: Coded, more: readonly string[] = []): Cell {
  const text = textOf(coded)
  const { code, system } = coded.code === '' && coded.alternative !== undefined ? coded.alternative : coded
  const identified = code === '' || code === text ? '' : [code, system].filter((part) => part !== '').join(' ')
  const detail = [...more, identified].filter((part) => part !== '').join(' · ')
  return { text, ...(detail === '' ? {} : { detail }) }
}

export function time(given: Hl7Time | undefined): string {
  return given === undefined ? '' : readable(given)
}

/** One time, or both ends of a period. */
export function period(from: Hl7Time | undefined, until: Hl7Time | undefined): string {
  const [start, end] = [time(from), time(until)]
  if (end === '' || start === end) return start
  return `${start} 〜 ${end}`
}

export function amount(given: Quantity | undefined): string {
  if (given === undefined) return ''
  return [given.value, given.unit].filter((part) => part !== '').join(' ')
}

/** One dose, or the smallest and the largest where they are uneven. */
export function amounts(least: Quantity | undefined, most: Quantity | undefined): string {
  if (least === undefined || most === undefined || most.value === '' || most.value === least.value) return amount(least)
  return amount({
    value: least.value === '' ? most.value : `${least.value}〜${most.value}`,
    unit: most.unit || least.unit,
  })
}

/** A line that its order control takes back, of an order that stands. */
export const CANCELLED = '取消 cancelled'

export function staffName(given: StaffMember | undefined): string {
  return given === undefined ? '' : given.name || given.id
}

export function placeName(given: Place | undefined): string {
  return given === undefined ? '' : [given.ward, given.room, given.bed].filter((part) => part !== '').join(' - ')
}

/** What is the same at the head of every order. */
export function orderFacts({ number, control, orderedAt, orderer, department }: OrderHead): Block {
  return facts(
    ['オーダ番号', 'Order number', number],
    ['指示日時', 'Ordered', time(orderedAt)],
    ['指示医', 'Ordered by', staffName(orderer)],
    ['診療科', 'Department', textOf(department)],
    ['オーダ制御', 'Order control', USUAL_CONTROLS.has(control) ? '' : controlText(control)],
  )
}

/** What a table says of a code of a message; `constructor` is in none, whatever every object has. */
export function meant<T>(table: Readonly<Record<string, T>>, code: string): T | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined
}

type Meanings = Readonly<Record<string, Bilingual>>

/** The code with its meaning: `NW 新規`. */
function meaning(table: Meanings, code: string): string {
  const found = meant(table, code)
  return found === undefined ? code : `${found.ja} (${code})`
}

/** Say nothing that the page does not say: new, status changed, results follow. */
const USUAL_CONTROLS = new Set(['', 'NW', 'SC', 'RE', 'OK'])

/** HL7 table 0119, as far as the data kinds use it. */
const ORDER_CONTROLS: Meanings = {
  NW: { ja: '新規', en: 'new' },
  CA: { ja: '取消', en: 'cancelled' },
  DC: { ja: '中止', en: 'discontinued' },
  OC: { ja: '取消', en: 'cancelled' },
  CR: { ja: '取消済', en: 'cancelled' },
  XO: { ja: '変更', en: 'changed' },
  RP: { ja: '差替', en: 'replaced' },
  SC: { ja: '状態変更', en: 'status changed' },
  PA: { ja: '親オーダ', en: 'parent' },
  CH: { ja: '子オーダ', en: 'child' },
  OK: { ja: '受付', en: 'accepted' },
  RE: { ja: '結果', en: 'results follow' },
}

export function controlText(code: string): string {
  return code === '' ? '' : meaning(ORDER_CONTROLS, code)
}

/** HL7 table 0119: not, or no longer, to be done. */
export function isCancellingControl(code: string): boolean {
  return code === 'CA' || code === 'DC' || code === 'OC' || code === 'CR'
}

/** HL7 table 0085; a final result needs no remark. */
const RESULT_STATUSES: Meanings = {
  C: { ja: '訂正', en: 'corrected' },
  D: { ja: '削除', en: 'deleted' },
  I: { ja: '検査待ち', en: 'pending' },
  O: { ja: '依頼のみ', en: 'order only' },
  P: { ja: '暫定', en: 'preliminary' },
  R: { ja: '未確認', en: 'not verified' },
  S: { ja: '部分結果', en: 'partial' },
  U: { ja: '最終に変更', en: 'became final' },
  W: { ja: '誤報', en: 'posted wrongly' },
  X: { ja: '検査不能', en: 'cannot be obtained' },
}

export function resultStatus(code: string): string {
  const found = meant(RESULT_STATUSES, code)
  return found === undefined ? '' : `${found.ja} ${found.en}`
}

export function isGoneResult(code: string): boolean {
  return code === 'D' || code === 'W' || code === 'X'
}

interface FlagMeaning extends Bilingual {
  readonly alarm?: Alarm
}

/** HL7 table 0078. */
const FLAGS: Readonly<Record<string, FlagMeaning>> = {
  H: { ja: '高値', en: 'high', alarm: 'high' },
  HH: { ja: '極高値', en: 'critically high', alarm: 'critical' },
  '>': { ja: '測定上限超', en: 'above range of method', alarm: 'high' },
  L: { ja: '低値', en: 'low', alarm: 'low' },
  LL: { ja: '極低値', en: 'critically low', alarm: 'critical' },
  '<': { ja: '測定下限未満', en: 'below range of method', alarm: 'low' },
  A: { ja: '異常', en: 'abnormal', alarm: 'abnormal' },
  AA: { ja: '極異常', en: 'critically abnormal', alarm: 'critical' },
  U: { ja: '上昇', en: 'significantly up', alarm: 'abnormal' },
  D: { ja: '低下', en: 'significantly down', alarm: 'abnormal' },
  W: { ja: '悪化', en: 'worse', alarm: 'abnormal' },
  B: { ja: '改善', en: 'better' },
  N: { ja: '', en: 'normal' },
  S: { ja: '感受性', en: 'susceptible' },
  I: { ja: '中間', en: 'intermediate', alarm: 'abnormal' },
  R: { ja: '耐性', en: 'resistant', alarm: 'abnormal' },
}

/** HL7 table 0112, as far as it is national: 01 and 20 mean the same everywhere, other numbers are the site's own. */
const DISPOSITIONS: Readonly<Record<string, string>> = {
  '01': '自宅へ home (01)',
  '20': '死亡 died (20)',
}

/** Where a patient went (PV1-36); an unknown code stands for itself. */
export function dispositionText(code: string): string {
  return meant(DISPOSITIONS, code) ?? code
}

/** HL7 table 0241. */
const OUTCOMES: Readonly<Record<string, string>> = {
  D: '死亡 died (D)',
  F: '回復 fully recovered (F)',
  N: '不変 not recovered (N)',
  R: '軽快 recovering (R)',
  S: '後遺症あり sequelae (S)',
  U: '不明 unknown (U)',
  W: '悪化 worsening (W)',
}

/** How a diagnosis ended (PRB-14): in the sender's words where there are any. */
export function outcomeText(outcome: Coded): string {
  const text = textOf(outcome)
  const isOfTable = ['', 'HL70241'].includes(outcome.system)
  return text === outcome.code && isOfTable ? (meant(OUTCOMES, outcome.code) ?? text) : text
}

/** Letter and meaning: colour alone says nothing to some readers. A flag of a site's own counts as abnormal. */
export function flagCell(flag: string): Cell {
  if (flag === '' || flag === 'N') return { text: '' }
  const found = meant(FLAGS, flag)
  if (found === undefined) return { text: flag, alarm: 'abnormal' }
  return { text: `${flag} ${found.ja}`.trim(), ...(found.alarm === undefined ? {} : { alarm: found.alarm }) }
}

export const ENCOUNTER_CLASSES: Readonly<Record<string, string>> = {
  I: '入院 Inpatient',
  O: '外来 Outpatient',
  E: '救急 Emergency',
  P: '入院前 Preadmission',
  R: '継続 Recurring',
  B: '産科 Obstetrics',
}

export const SEXES: Readonly<Record<string, string>> = {
  M: '男 Male',
  F: '女 Female',
  UN: '不明 Unknown',
  U: '不明 Unknown',
  O: 'その他 Other',
}

/** Digits YYYY[MM[DD]] with hyphens. */
export function dateOf(digits: string): string {
  return [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8)].filter((part) => part !== '').join('-')
}

/** 1.2 MB */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const units = ['kB', 'MB', 'GB']
  const power = Math.min(units.length, Math.floor(Math.log(bytes) / Math.log(1024)))
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1]}`
}
