// Where invented people live: towns with their postal codes, and the many ways in which one address is written.

import { chooser, createRandom, type Random, type Weighted } from './random.ts'

export interface Town {
  readonly prefecture: string
  readonly city: string
  readonly name: string
  /** Seven digits; a town has one. */
  readonly postalCode: string
  /** Area code of its landlines with the leading 0. */
  readonly areaCode: string
  /** Houses are numbered by 丁目, 番 and 号; else by 番地. */
  readonly hasDistricts: boolean
}

export interface Dwelling {
  readonly town: Town
  /** 丁目 where the town has them. */
  readonly district: number
  readonly block: number
  readonly house: number
  /** Of a flat: name of the building and number of the room. */
  readonly building?: { readonly name: string; readonly room: number }
}

const PREFECTURES = [
  { name: '長野県', code: '38', area: '026' },
  { name: '静岡県', code: '42', area: '054' },
  { name: '宮城県', code: '98', area: '022' },
]
const CITIES =
  `青葉市 緑川市 桜木市 若宮市 白浜市 千歳野市 東山市 高瀬市 美里市 朝日台市 南原郡川辺町 北沢郡松ヶ崎村`.split(' ')
const TOWN_FIRST =
  `本 栄 緑 東 西 南 北 旭 桜 泉 若葉 青葉 大手 上 下 新 元 梅 松 竹 日の出 弥生 常盤 高砂 幸 宮 寺 柳 花 平和`.split(
    ' ',
  )
const TOWN_SECOND = ['町', 'ヶ丘', '台', '山', 'ノ内', '原']
/** Rural parts: 大字 in front of the name. */
const SHARE_RURAL = 0.2
const SHARE_WITH_DISTRICTS = 0.6

/** The network's region is the same whatever the seed of its people. */
const REGION_SEED = 20
const towns: readonly Weighted<Town>[] = region()
const anyTown = chooser(towns)
const townsByCity = new Map(
  PREFECTURES.flatMap(({ name }) =>
    CITIES.map((city) => {
      const ofCity = towns.filter(({ value }) => value.prefecture === name && value.city === city)
      return [`${name}${city}`, chooser(ofCity)] as const
    }),
  ),
)

function region(): readonly Weighted<Town>[] {
  const random = createRandom(REGION_SEED)
  const names = TOWN_FIRST.flatMap((first) => TOWN_SECOND.map((second) => first + second))
  return PREFECTURES.flatMap((prefecture) =>
    CITIES.flatMap((city, cityIndex) =>
      names.map((name, townIndex) => {
        const hasDistricts = random.chance(SHARE_WITH_DISTRICTS)
        const postal = `${prefecture.code}${cityIndex % 10}${Math.floor(cityIndex / 10)}${String(townIndex).padStart(3, '0')}`
        return {
          weight: 0.2 + random.next() ** 3,
          value: {
            prefecture: prefecture.name,
            city,
            name: !hasDistricts && random.chance(SHARE_RURAL / (1 - SHARE_WITH_DISTRICTS)) ? `大字${name}` : name,
            postalCode: postal,
            areaCode: prefecture.area,
            hasDistricts,
          },
        }
      }),
    ),
  )
}

const BUILDING_FIRST = 'コーポ メゾン ハイツ グランド サン パーク シティ レジデンス ロイヤル エステート'.split(' ')
const BUILDING_SECOND = '青葉 桜 緑 中央 駅前 東 西 南 若葉 旭'.split(' ')
const SHARE_OF_FLATS = 0.4

export function dwelling(random: Random): Dwelling {
  return dwellingIn(anyTown(random), random)
}

/** Half of those who move stay in their city. */
const STAYS_IN_CITY = 0.5

export function dwellingAfterMove(from: Dwelling, random: Random): Dwelling {
  const { prefecture, city } = from.town
  const near = random.chance(STAYS_IN_CITY) ? townsByCity.get(`${prefecture}${city}`) : undefined
  return near === undefined ? dwelling(random) : dwellingIn(near(random), random)
}

function dwellingIn(place: Town, random: Random): Dwelling {
  const numbers = place.hasDistricts
    ? { district: 1 + random.below(6), block: 1 + random.below(40), house: 1 + random.below(30) }
    : { district: 0, block: 1 + random.below(2400), house: random.chance(0.5) ? 1 + random.below(12) : 0 }
  if (!random.chance(SHARE_OF_FLATS)) return { town: place, ...numbers }
  const name = random.pick(BUILDING_FIRST) + random.pick(BUILDING_SECOND)
  const room = 100 * (1 + random.below(9)) + 1 + random.below(12)
  return { town: place, ...numbers, building: { name, room } }
}

/** As the residents' register writes it: 長野県青葉市本町3丁目12番5号 コーポ桜203号. */
export function officialAddress(dwelling: Dwelling): string {
  const { town, building } = dwelling
  const flat = building === undefined ? '' : ` ${building.name}${building.room}号`
  return `${town.prefecture}${town.city}${town.name}${officialNumber(dwelling)}${flat}`
}

function officialNumber({ district, block, house }: Dwelling): string {
  if (district > 0) return `${district}丁目${block}番${house}号`
  return house > 0 ? `${block}番地${house}` : `${block}番地`
}

const DASHES = ['-', '−', '‐', 'ー', 'の']
const DISTRICT_KANJI = ['', '一', '二', '三', '四', '五', '六']

/** The same address as another clerk writes it; some way other than the official one. */
export function otherAddress(dwelling: Dwelling, random: Random): string {
  const { town, building } = dwelling
  const prefecture = random.chance(0.4) ? '' : town.prefecture
  const dash = random.chance(0.6) ? '-' : random.pick(DASHES)
  const flat = building === undefined ? '' : otherFlat(building, random)
  const text = `${prefecture}${town.city}${otherTown(town.name, random)}${otherNumber(dwelling, { dash, random })}${flat}`
  const written = random.chance(0.25) ? fullWidth(text) : text
  return written === officialAddress(dwelling) ? `${prefecture} ${written.slice(prefecture.length)}`.trim() : written
}

function otherTown(name: string, random: Random): string {
  const shortened = random.chance(0.5) ? name.replace('大字', '') : name
  if (!random.chance(0.5)) return shortened
  return random.chance(0.5)
    ? shortened.replace('ヶ', 'ケ').replace('ノ', 'の')
    : shortened.replace('ヶ', 'が').replace('ノ', '之')
}

function otherNumber(
  { district, block, house }: Dwelling,
  { dash, random }: { readonly dash: string; readonly random: Random },
): string {
  const tail = house > 0 ? `${block}${dash}${house}` : `${block}`
  if (district === 0) return tail
  if (random.chance(0.6)) return `${district}${dash}${tail}`
  return `${random.chance(0.5) ? DISTRICT_KANJI[district] : district}丁目${tail}`
}

function otherFlat({ name, room }: { readonly name: string; readonly room: number }, random: Random): string {
  const kind = random.below(4)
  if (kind === 0) return ''
  if (kind === 1) return `-${room}`
  return kind === 2 ? `${name}${room}` : ` ${name} ${room}号室`
}

const FULL_WIDTH_OFFSET = 0xfee0

/** Latin letters and digits as wide as kanji. */
export function fullWidth(text: string): string {
  return text.replace(/[!-~]/gu, (char) => String.fromCharCode(char.charCodeAt(0) + FULL_WIDTH_OFFSET))
}
