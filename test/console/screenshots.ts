// Pages of invented documents as files, and pictures of them by a headless Chromium: to be looked at by people (see CONTRIBUTING.md).

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { documentPage } from '../../src/console/page.ts'
import type { ClinicalView } from '../../src/model/clinical-view.ts'
import { diagnoses, formerLaboratory, laboratory, note, prescription, report, viewOf, vitals } from './values.ts'

const directory = resolve(process.argv[2] ?? 'pages')
const chromium = process.env.CHROMIUM ?? 'chromium'
const WIDTHS = { desktop: '1080,1500', mobile: '390,1400' } as const

const prescribed = { ja: '処方指示', en: 'Prescription order', code: 'OMP-01' }
const pages: Readonly<Record<string, ClinicalView>> = {
  laboratory: viewOf(laboratory),
  corrected: { ...viewOf(laboratory, { versions: 2 }), former: formerLaboratory },
  prescription: viewOf(prescription, { title: '処方指示 2026-04-01', kind: prescribed }),
  cancelled: viewOf(prescription, { title: '処方指示 2026-04-01', kind: prescribed, state: 'cancelled' }),
  diagnoses: viewOf(diagnoses, { title: '病名 2026-04-01' }),
  report: viewOf(report, { title: '胸部CT読影レポート' }),
  vitals: viewOf(vitals, { title: 'バイタル 2026-04-01' }),
  note: viewOf(note, { title: '訪問看護 経過' }),
  file: viewOf(undefined, { title: '紹介状.pdf', mimeType: 'application/pdf' }),
}

mkdirSync(directory, { recursive: true })
const profile = mkdtempSync(join(tmpdir(), 'screenshots-'))
const quiet = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync', '--hide-scrollbars']
const offline = ['--disable-background-networking', '--disable-component-update', '--disable-quic']

function picture(...argv: readonly string[]): void {
  execFileSync(chromium, [...quiet, ...offline, `--user-data-dir=${profile}`, ...argv], { stdio: 'ignore' })
}

for (const [name, view] of Object.entries(pages)) {
  const file = join(directory, `${name}.html`)
  writeFileSync(
    file,
    documentPage(view, (id) => `../${id}/bytes`),
  )
  for (const [device, size] of Object.entries(WIDTHS))
    picture(`--window-size=${size}`, `--screenshot=${join(directory, `${name}-${device}.png`)}`, `file://${file}`)
  picture('--no-pdf-header-footer', `--print-to-pdf=${join(directory, `${name}.pdf`)}`, `file://${file}`)
}
rmSync(profile, { recursive: true, force: true })
process.stdout.write(`${Object.keys(pages).length} pages in ${directory}\n`)
