// Japanese eras, and in what years a birth is believed.

export interface Era {
  /** Letter, kanji and the code of receipts and insurance data. */
  readonly letter: string
  readonly kanji: string
  readonly code: string
  /** First day, YYYYMMDD, and the Gregorian year of the era's year 1. */
  readonly from: number
  readonly firstYear: number
  readonly lastYear: number
}

export const ERAS: readonly Era[] = [
  { letter: 'M', kanji: '明治', code: '1', from: 18_680_125, firstYear: 1868, lastYear: 1912 },
  { letter: 'T', kanji: '大正', code: '2', from: 19_120_730, firstYear: 1912, lastYear: 1926 },
  { letter: 'S', kanji: '昭和', code: '3', from: 19_261_225, firstYear: 1926, lastYear: 1989 },
  { letter: 'H', kanji: '平成', code: '4', from: 19_890_108, firstYear: 1989, lastYear: 2019 },
  { letter: 'R', kanji: '令和', code: '5', from: 20_190_501, firstYear: 2019, lastYear: 9999 },
]

/** Before 1873 Japan counted by another calendar: such a date says nothing that could be compared. */
export const FIRST_GREGORIAN_YEAR = 1873
