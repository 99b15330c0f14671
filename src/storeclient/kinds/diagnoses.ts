// PPR-01 病名: the whole list of a patient's diagnoses each time (HL7 v2.5 12.4.2 PRB; SS-MIX2 PPR^ZD1 with ZPR for the modifiers).

import { iheError } from '../../../profiles/errors/index.ts'
import type { Clinical, Coded, DiagnosisList } from '../../model/clinical.ts'
import type { IheError } from '../../model/error.ts'
import { component, type Er7Message, repetitions, type Segment } from '../../model/hl7v2.ts'
import { confidentialityOf, MORE_DISCREET } from './confidentiality.ts'
import { checkFields } from './field-checks.ts'
import { coded, groupsFrom, readCoded, text, texts, time } from './fields.ts'
import { itemCodes } from './item-codes.ts'
import { notes } from './observations.ts'
import { serviceTimes } from './order-times.ts'
import type { KindReader, Reading } from './reader.ts'

/** HL7 table 0287. */
const ACTIONS = new Set(['AD', 'CO', 'DE', 'LI', 'UC', 'UN', 'UP'])
const DELETE = 'DE'
/** JHSD0005 and JHSD0007. */
const SUSPECTED = '1'
const MAIN = '1'
/** 修飾語 の疑い. */
const SUSPECTED_MODIFIER = '8002'
const ICD10 = 'I10'
const STRICTEST = ['V', 'R', 'N']

interface Line {
  readonly prb: Segment | undefined
  readonly zpr: Segment | undefined
  readonly segments: readonly Segment[]
}

export const diagnoses: KindReader = {
  documents: (message, { header }) => {
    const lines = linesOf(message)
    requireNames(message, lines)
    const live = lines.filter(({ prb }) => text(message, prb, 1) !== DELETE)
    const segments = live.flatMap((line) => line.segments)
    const { times, warnings } = serviceTimes(message, segments, { starts: [], stops: ['PRB-7', 'PRB-9'] })
    const ordered = mainFirst(message, live).flatMap((line) => line.segments)
    const codes = itemCodes(message, ordered, ['PRB-3', 'ZPR-2'])
    const reading: Reading = {
      service: times.length === 0 ? [header.sentAt] : times,
      segments: message.segments,
      eventCodes: codes.codes,
      deletes: live.length === 0 ? 'whole' : 'no',
      confidentiality: [strictest(live.map(({ prb }) => text(message, prb, 25)))],
      warnings: [
        ...warnings,
        ...codes.warnings,
        ...checkFields(message, { kind: header.found.kind.kind, groups: [message.segments] }),
        ...actionWarnings(message, lines),
      ],
    }
    return [reading]
  },
  content: (message): Clinical => ({
    type: 'diagnoses',
    diagnoses: linesOf(message).map((line) => diagnosis(message, line)),
  }),
}

function linesOf(message: Er7Message): readonly Line[] {
  return groupsFrom(message.segments, ['PRB']).map((segments) => ({
    prb: segments[0],
    zpr: segments.find(({ name }) => name === 'ZPR'),
    segments,
  }))
}

function requireNames(message: Er7Message, lines: readonly Line[]): void {
  const empty = lines.findIndex((line) => {
    const { code, text } = diseaseOf(message, line)
    return code + text === ''
  })
  if (empty !== -1) throw iheError('HL7_FIELD_MISSING', { at: `PRB[${empty + 1}]-3`, rule: 'PRB-3 is required' })
}

function actionWarnings(message: Er7Message, lines: readonly Line[]): readonly IheError[] {
  return lines.flatMap(({ prb }, index) => {
    const action = text(message, prb, 1)
    if (action === '' || ACTIONS.has(action)) return []
    return [iheError('HL7_CODE', { at: `PRB[${index + 1}]-1`, value: action, rule: 'HL7 table 0287' })]
  })
}

/** PRB-3, else the disease of ZPR. */
function diseaseOf(message: Er7Message, { prb, zpr }: Line): Coded {
  const problem = coded(message, prb, 3)
  return problem.code + problem.text === '' ? coded(message, zpr, 2) : problem
}

function isMain(message: Er7Message, { prb }: Line): boolean {
  return text(message, prb, 18) === MAIN
}

function mainFirst(message: Er7Message, lines: readonly Line[]): readonly Line[] {
  return [...lines.filter((line) => isMain(message, line)), ...lines.filter((line) => !isMain(message, line))]
}

/** One confidential diagnosis makes the whole list confidential, for the list is one document. */
function strictest(codes: readonly string[]): string {
  const found = codes.map((code) => confidentialityOf(code) ?? MORE_DISCREET)
  return STRICTEST.find((code) => found.includes(code)) ?? 'N'
}

function diagnosis(message: Er7Message, line: Line): DiagnosisList['diagnoses'][number] {
  const { prb, zpr } = line
  const [from, until] = [time(message, prb, 7), time(message, prb, 9)]
  return {
    name: nameOf(message, line),
    disease: diseaseOf(message, line),
    icd10: icd10Of(message, prb),
    action: text(message, prb, 1),
    instanceId: text(message, prb, 4),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    outcome: coded(message, prb, 14),
    suspected: text(message, prb, 13) === SUSPECTED || texts(message, zpr, 3).includes(SUSPECTED_MODIFIER),
    main: isMain(message, line),
    comment: [...teethOf(message, line), text(message, zpr, 7), ...notes(message, line.segments)]
      .filter((comment) => comment !== '')
      .join('\n'),
    confidentiality: text(message, prb, 25),
  }
}

/** Prefixes, disease and suffixes as they are read aloud; a PRB-3 that has them already is the name. */
function nameOf(message: Er7Message, line: Line): string {
  const { zpr } = line
  const [prefix = '', suffix = ''] = [1, 3].map((field) => texts(message, zpr, field, 2).join(''))
  const whole = diseaseOf(message, line).text
  const bare = bareDisease(message, zpr)
  const composed = `${prefix}${bare ?? whole}${suffix}`
  const isComplete = bare === undefined ? whole.startsWith(prefix) && whole.endsWith(suffix) : whole.includes(composed)
  return isComplete ? whole : composed
}

/** ZPR-2 in words; its code alone is no name, for PRB-3 has one. */
function bareDisease(message: Er7Message, zpr: Segment | undefined): string | undefined {
  const { code, text: words } = coded(message, zpr, 2)
  return words === '' || words === code ? undefined : words
}

function icd10Of(message: Er7Message, prb: Segment | undefined): string {
  const classes = repetitions(message, prb, 10)
  const found = classes.find((raw) => component(message, raw, 3) === ICD10)
  return component(message, found, 1)
}

/** ZPD-2: which teeth a dental diagnosis is of. */
function teethOf(message: Er7Message, { segments }: Line): readonly string[] {
  const teeth = segments
    .filter(({ name }) => name === 'ZPD')
    .flatMap((zpd) => repetitions(message, zpd, 2).map((raw) => readCoded(message, raw).text))
    .filter((tooth) => tooth !== '')
  return teeth.length === 0 ? [] : [`歯式: ${teeth.join('、')}`]
}
