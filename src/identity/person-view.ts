// A person as staff see them: every number with what its source says, and of each attribute the newest word with its source.

import type { PatientId } from '../model/identifiers.ts'
import type { Demographics, PersonName } from '../model/person.ts'
import type { AdministrationPorts, NumberView } from './administration-ports.ts'
import type { PersonKey } from './ports.ts'

/** One attribute, and who says so. */
export interface GoldenValue {
  readonly attribute: string
  readonly value: unknown
  readonly source: { readonly id: PatientId; readonly domainName: string; readonly facilityId?: string }
  /** When the source last described the person. */
  readonly toldAt?: string
}

export interface PatientView {
  readonly patient?: string
  readonly numbers: readonly NumberView[]
  /** Derived at this moment; nobody enters it. */
  readonly golden: readonly GoldenValue[]
}

/** Who has this id of the network; of an id that was merged away, who has it now. */
export async function personOf(
  patient: string,
  { store, affinityDomain }: Pick<AdministrationPorts, 'store' | 'affinityDomain'>,
): Promise<PersonKey | undefined> {
  return (await store.findIdentifiers(patient, affinityDomain))[0]?.person
}

export async function viewPerson(person: PersonKey, ports: AdministrationPorts): Promise<PatientView> {
  const numbers = await ports.administration.numbersOf(person)
  const patient = numbers.find(({ id, status }) => id.authority === ports.affinityDomain && status === 'active')
  return { ...(patient === undefined ? {} : { patient: patient.id.value }), numbers, golden: goldenOf(numbers) }
}

/** What the staff of one facility may know: the numbers of these domains, and what is said there. */
export function viewWithin({ numbers, ...view }: PatientView, domains: readonly string[]): PatientView {
  const known = numbers.filter(({ id }) => domains.includes(id.authority))
  return { ...view, numbers: known, golden: goldenOf(known) }
}

const ATTRIBUTES = [
  'sex',
  'birthTime',
  'addresses',
  'telecoms',
  'multipleBirth',
  'birthOrder',
  'deceased',
  'mother',
] as const satisfies readonly (keyof Demographics)[]

/** Of each attribute the newest value that anybody gave, and of names the newest in each script. */
export function goldenOf(numbers: readonly NumberView[]): readonly GoldenValue[] {
  const told = describing(numbers)
  const names = (['IDE', 'SYL', 'ABC'] as const).flatMap((script) =>
    first(told, `name ${script}`, ({ names: all }) => all.find(({ representation }) => representation === script)),
  )
  return [...names, ...ATTRIBUTES.flatMap((attribute) => first(told, attribute, (said) => said[attribute]))]
}

interface Told {
  readonly number: NumberView
  readonly said: Demographics
}

/** An id that this server issued carries a copy of what some source said then, which counts only while no source says more. */
function describing(numbers: readonly NumberView[]): readonly Told[] {
  const told = numbers.flatMap((number) =>
    number.status === 'active' && number.demographics !== undefined ? [{ number, said: number.demographics }] : [],
  )
  const fed = told.filter(({ number }) => number.fed)
  return (fed.length > 0 ? fed : told).toSorted((a, b) => (b.number.toldAt ?? '').localeCompare(a.number.toldAt ?? ''))
}

function first(
  told: readonly Told[],
  attribute: string,
  valueFrom: (said: Demographics) => PersonName | Demographics[keyof Demographics],
): readonly GoldenValue[] {
  for (const { number, said } of told) {
    const value = valueFrom(said)
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue
    const { id, domainName, facilityId, toldAt } = number
    return [
      {
        attribute,
        value,
        source: { id, domainName, ...(facilityId === undefined ? {} : { facilityId }) },
        ...(toldAt === undefined ? {} : { toldAt }),
      },
    ]
  }
  return []
}
