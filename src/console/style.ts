// How a page looks on a screen and on A4, and the policy under which a browser may show it: this style and nothing else.

import { createHash } from 'node:crypto'
import type { Alarm } from './blocks.ts'
import { type Html, own } from './html.ts'

export interface Colours {
  readonly ink: string
  readonly paper: string
}

/** Ink on paper of everything that is told by colour too; a test computes the contrast of each (WCAG 2.1, 1.4.6: 7:1). */
export const ALARM_COLOURS: Readonly<Record<Alarm, Colours>> = {
  high: { ink: '#8a0f0f', paper: '#fdeceb' },
  low: { ink: '#0b3d91', paper: '#e8f0fd' },
  abnormal: { ink: '#5b3a00', paper: '#fdf3dc' },
  critical: { ink: '#ffffff', paper: '#8a0f0f' },
}
export const PAGE_COLOURS = {
  text: { ink: '#1b1f24', paper: '#ffffff' },
  quiet: { ink: '#4a525c', paper: '#ffffff' },
  heading: { ink: '#0f3d3e', paper: '#eef4f3' },
  cancelled: { ink: '#ffffff', paper: '#7a1010' },
  former: { ink: '#3d3000', paper: '#fff1c9' },
  gone: { ink: '#4a525c', paper: '#f4f4f4' },
  head: { ink: '#4a525c', paper: '#f2f5f6' },
  usage: { ink: '#4a525c', paper: '#f7f9f9' },
  translation: { ink: '#4a525c', paper: '#eef4f3' },
  link: { ink: '#0b3d91', paper: '#ffffff' },
} as const satisfies Readonly<Record<string, Colours>>

const { text, quiet, heading, cancelled, former, gone, head, usage, translation, link } = PAGE_COLOURS

const alarms = Object.entries(ALARM_COLOURS)
  .map(([alarm, { ink, paper }]) => `.${alarm} { color: ${ink}; background: ${paper}; font-weight: 700; }`)
  .join('\n')

const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
html { font-size: 15px; -webkit-text-size-adjust: 100%; }
body { margin: 0; color: ${text.ink}; background: #e9ecee;
  font-family: "Hiragino Sans", "Hiragino Kaku Gothic ProN", "BIZ UDPGothic", "Yu Gothic UI", "Yu Gothic", Meiryo, "Noto Sans CJK JP", "Noto Sans JP", system-ui, sans-serif;
  line-height: 1.6; font-feature-settings: "palt" 0; line-break: strict; }
main { max-width: 62rem; margin: 1.5rem auto; padding: 2rem 2.25rem 1.5rem; background: ${text.paper}; border-radius: .35rem; box-shadow: 0 1px 3px rgba(20, 30, 40, .18); }
header { border-bottom: 3px solid ${heading.ink}; padding-bottom: .9rem; margin-bottom: 1.1rem; }
.kind { margin: 0; color: ${quiet.ink}; font-size: .87rem; letter-spacing: .04em; }
h1 { margin: .1rem 0 .7rem; font-size: 1.6rem; line-height: 1.35; font-weight: 700; }
h2 { margin: 1.9rem 0 .7rem; padding: .3rem .75rem; font-size: 1.08rem; line-height: 1.5; color: ${heading.ink}; background: ${heading.paper}; border-left: .3rem solid ${heading.ink}; break-after: avoid; }
h3 { margin: 1.2rem 0 .4rem; font-size: 1rem; break-after: avoid; }
[lang=en] { font-size: .8em; font-weight: 400; color: ${quiet.ink}; letter-spacing: 0; }
h1 [lang=en], h2 [lang=en] { margin-left: .5em; color: ${translation.ink}; }
.patient { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1.6rem; margin: 0; }
.patient .name { font-size: 1.25rem; font-weight: 700; }
.patient .kana { font-size: .87rem; color: ${quiet.ink}; }
.state { max-width: none; margin: 0 0 1rem; padding: .5rem .9rem; font-weight: 700; border-radius: .2rem; }
.state.cancelled { color: ${cancelled.ink}; background: ${cancelled.paper}; }
.state.former { color: ${former.ink}; background: ${former.paper}; border: 1px solid ${former.ink}; }
.state [lang=en] { color: inherit; margin-left: .6em; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .3rem 1.6rem; margin: .5rem 0; }
dl > div { display: grid; grid-template-columns: 7.6rem 1fr; gap: .6rem; align-items: baseline; break-inside: avoid; }
dt { font-size: .87rem; color: ${quiet.ink}; }
dt [lang=en] { display: block; line-height: 1.2; }
dd { margin: 0; unicode-bidi: isolate; overflow-wrap: anywhere; }
figure { margin: .9rem 0 1.2rem; border: 1px solid #c3cbd1; border-radius: .25rem; break-inside: avoid-page; overflow-x: auto; }
figure > dl { display: flex; flex-wrap: wrap; gap: .3rem 2rem; margin: 0; padding: .55rem .75rem; border-top: 1px solid #c3cbd1; background: ${usage.paper}; }
figure > dl > div { display: flex; gap: .7rem; }
figure > dl dt [lang=en] { display: inline; }
figure > dl > div:first-child { flex-basis: 100%; }
figure > dl > div:first-child dd { font-weight: 700; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding: .4rem .75rem; text-align: left; font-weight: 700; border-bottom: 1px solid #c3cbd1; }
.unseen { position: absolute; width: 1px; height: 1px; padding: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; border: 0; }
th, td { padding: .36rem .75rem; text-align: left; vertical-align: top; border-bottom: 1px solid #dfe4e7; unicode-bidi: isolate; overflow-wrap: anywhere; }
thead th { padding-top: .3rem; padding-bottom: .3rem; font-size: .87rem; background: ${head.paper}; border-bottom: 1px solid #9fabb4; white-space: nowrap; }
thead th [lang=en] { display: block; line-height: 1.2; }
tbody tr:last-child > * { border-bottom: 0; }
tbody th { font-weight: 600; }
.number { text-align: right; }
td.number { font-size: 1.05rem; white-space: nowrap; }
small { display: block; font-size: .78rem; line-height: 1.35; font-weight: 400; color: ${quiet.ink}; }
.gone th, .gone td { text-decoration: line-through; color: ${gone.ink}; background: ${gone.paper}; font-weight: 400; }
.gone td:last-child { text-decoration: none; }
.flag { display: inline-block; padding: 0 .5em; border-radius: .2em; white-space: nowrap; }
${alarms}
td.number.high, td.number.low, td.number.abnormal, td.number.critical { font-weight: 700; }
p { margin: .45rem 0; white-space: pre-line; max-width: 48em; unicode-bidi: isolate; overflow-wrap: anywhere; }
.empty { color: ${quiet.ink}; }
ul.files { margin: .4rem 0; padding-left: 1.2rem; }
a { color: ${link.ink}; }
details { margin-top: 2rem; border-top: 1px solid #c3cbd1; padding-top: .6rem; font-size: .87rem; }
summary { cursor: pointer; color: ${quiet.ink}; }
pre { margin: .6rem 0 0; padding: .7rem .9rem; font-family: "Noto Sans Mono CJK JP", "BIZ UDGothic", Consolas, Menlo, monospace; font-size: .78rem; line-height: 1.55; white-space: pre-wrap; overflow-wrap: anywhere; background: #f7f9f9; border: 1px solid #dfe4e7; unicode-bidi: isolate; }
p.reference { margin: .3rem 0; font-size: .85rem; color: ${quiet.ink}; }
footer { margin-top: 1.6rem; padding-top: .6rem; border-top: 1px solid #c3cbd1; font-size: .8rem; color: ${quiet.ink}; overflow-wrap: anywhere; }
@media (max-width: 40rem) { main { margin: 0; padding: 1rem; border-radius: 0; } h1 { font-size: 1.3rem; } dl { grid-template-columns: 1fr; }
  th, td { padding: .3rem .45rem; overflow-wrap: normal; } tbody th { min-width: 8.5rem; } td { white-space: nowrap; } td:last-child { white-space: normal; min-width: 7rem; }
  th small { overflow-wrap: anywhere; } figure > dl > div { flex-basis: 100%; } }
@page { size: A4; margin: 14mm 13mm 15mm; }
@media print { html { font-size: 11.5px; } body { background: none; } main { max-width: none; margin: 0; padding: 0; box-shadow: none; border-radius: 0; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; } details, .links { display: none; } thead { display: table-header-group; } tr { break-inside: avoid; } figure { overflow: visible; } }
`

/** Exactly the text that the policy names; a browser would not read escaped quotation marks in it. */
export function styleElement(): Html {
  return own(`<style>${STYLE}</style>`)
}

/** No script, no image, no font, no frame, nothing from anywhere: the one style of the page is named by its hash. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
