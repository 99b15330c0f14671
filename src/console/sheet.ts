// Sheets that a referring facility hands over on paper (患者情報送信票, 同意書送信票; idlink C-8): the receiver enters the number and views.

import { jstIso } from '../model/jst.ts'
import type { Demographics } from '../model/person.ts'
import { known, label } from './blocks.ts'
import { type Html, html, rendered } from './html.ts'
import { bilingual, factList } from './layout.ts'
import { styleElement } from './style.ts'
import { dateOf, meant, SEXES } from './words.ts'

export const SHEETS = {
  information: label('患者情報送信票', 'Patient information sheet'),
  consent: label('同意書送信票', 'Consent sheet'),
} as const
export type SheetKind = keyof typeof SHEETS

/** A consent that stands, as far as the receiver has to know it. */
export interface SheetConsent {
  readonly consentId: string
  readonly kind: 'comprehensive' | 'individual'
  readonly relation?: string
  readonly form?: string
  readonly givenOn?: string
  readonly textVersion?: string
}

export interface PatientSheet {
  readonly kind: SheetKind
  /** The facility that hands it over. */
  readonly facility: {
    readonly facilityId: string
    readonly name: string
    readonly postalCode?: string
    readonly address?: string
    readonly phone?: string
  }
  readonly patient: Pick<Demographics, 'names' | 'sex' | 'birthTime'> & {
    /** Number of the patient at the facility. */
    readonly number: string
    /** Id in the network. */
    readonly xad: string
  }
  readonly consents: readonly SheetConsent[]
  readonly printedAtMs: number
  readonly printedBy: string
}

/** Self-contained, without script; prints on one page of A4. */
export function patientSheet(sheet: PatientSheet): string {
  const { kind, facility, patient } = sheet
  const title = SHEETS[kind]
  return `<!DOCTYPE html>\n${rendered(html`<html lang="ja">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="robots" content="noindex" />
<title>${title.ja}</title>
${styleElement()}
</head>
<body>
<main>
<header>
<p class="kind">${facility.name}</p>
<h1>${bilingual(title)}</h1>
</header>
<section><h2>${bilingual(label('患者', 'Patient'))}</h2>${patientFacts(patient)}</section>
<section><h2>${bilingual(label('送信元施設', 'From'))}</h2>${facilityFacts(facility)}</section>
${kind === 'consent' ? consentSection(sheet.consents) : undefined}
<section><h2>${bilingual(label('受け取られた施設の方へ', 'To the receiving facility'))}</h2>
<p>${INSTRUCTIONS[kind]}</p></section>
<footer>${jstIso(sheet.printedAtMs).slice(0, 16).replace('T', ' ')} ${sheet.printedBy}</footer>
</main>
</body>
</html>`)}\n`
}

const INSTRUCTIONS: Readonly<Record<SheetKind, string>> = {
  information:
    '本票の患者番号と生年月日で患者を確認し、貴施設の患者番号を登録してください。登録後に診療情報を閲覧できます。\n本票には個人情報が含まれます。登録後は貴施設の規程に従って保管または廃棄してください。',
  consent:
    '患者は下記のとおり情報の共有に同意しています。同意の変更と撤回はいつでもできます。\n本票には個人情報が含まれます。貴施設の規程に従って保管または廃棄してください。',
}

function patientFacts({ names, sex, birthTime, number, xad }: PatientSheet['patient']): Html {
  const named = (representation: string): string | undefined => {
    const name = names.find((one) => one.representation === representation)
    return name === undefined ? undefined : `${name.family} ${name.given}`.trim()
  }
  return factList(
    known([
      ['氏名', 'Name', named('IDE') ?? named('ABC')],
      ['カナ', 'Kana', named('SYL')],
      ['生年月日', 'Birth', birthTime === undefined ? undefined : dateOf(birthTime)],
      ['性別', 'Sex', sex === undefined ? undefined : (meant(SEXES, sex) ?? sex)],
      ['患者番号', 'Number', number],
      ['地域患者ID', 'Network id', xad],
    ]),
  )
}

function facilityFacts({ facilityId, name, postalCode, address, phone }: PatientSheet['facility']): Html {
  return factList(
    known([
      ['施設', 'Facility', name],
      ['施設ID', 'Facility id', facilityId],
      ['所在地', 'Address', [postalCode, address].filter((part) => part !== undefined).join(' ')],
      ['電話', 'Telephone', phone],
    ]),
  )
}

const KINDS = { comprehensive: '包括同意 Comprehensive', individual: '個別同意 Individual' } as const
const RELATIONS: Readonly<Record<string, string>> = {
  self: '本人 Patient',
  family: '家族 Family',
  guardian: '代理人 Guardian',
}
const FORMS: Readonly<Record<string, string>> = { written: '書面 Written', oral: '口頭 Oral' }

/** What the patient objects to is between them and the network: the receiver sees no less and no more by knowing it. */
function consentSection(consents: readonly SheetConsent[]): Html {
  const lists = consents.map(({ consentId, kind, relation, form, givenOn, textVersion }) =>
    factList(
      known([
        ['同意番号', 'Consent', consentId],
        ['種別', 'Kind', KINDS[kind]],
        ['同意者', 'By', relation === undefined ? undefined : (RELATIONS[relation] ?? relation)],
        ['方法', 'Form', form === undefined ? undefined : (FORMS[form] ?? form)],
        ['同意日', 'Given on', givenOn],
        ['説明文書', 'Text', textVersion],
      ]),
    ),
  )
  return html`<section><h2>${bilingual(label('同意', 'Consent'))}</h2>${lists}</section>`
}
