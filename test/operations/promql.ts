// A small reader of PromQL, as far as our rules and dashboard use it: it refuses what is no expression, and tells which metrics and labels one names.

export interface Named {
  readonly metric: string
  /** Of matchers and of `by`. */
  readonly labels: readonly string[]
}

const TOKEN =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w]))|(?<duration>(?:\d+(?:ms|[smhdwy]))+)|(?<string>"(?:[^"\\]|\\.)*")|(?<name>[a-zA-Z_:$][\w:$]*)|(?<sign>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}[\],]))/y

type Kind = 'number' | 'duration' | 'string' | 'name' | 'sign' | 'end'
interface Token {
  readonly kind: Kind
  readonly text: string
}

const AGGREGATIONS = new Set(['sum', 'min', 'max', 'avg', 'count', 'group'])
/** Functions and how many arguments they take; which of them is a range. */
const FUNCTIONS: Readonly<Record<string, { readonly count: number; readonly range?: number }>> = {
  rate: { count: 1, range: 0 },
  increase: { count: 1, range: 0 },
  changes: { count: 1, range: 0 },
  predict_linear: { count: 2, range: 0 },
  histogram_quantile: { count: 2 },
  time: { count: 0 },
  absent: { count: 1 },
}
const OPERATORS = new Set(['+', '-', '*', '/', '%', '==', '!=', '>', '<', '>=', '<=', 'and', 'or', 'unless'])
/** Of Grafana, which puts a duration in its place. */
const INTERVAL = '$__rate_interval'

/** @throws {Error} where the expression stops making sense. */
export function readPromql(expression: string): readonly Named[] {
  const named: { metric: string; labels: string[] }[] = []
  const tokens = tokensOf(expression)
  let at = 0
  const peek = (): Token => tokens[at] ?? { kind: 'end', text: '' }
  const fail = (expected: string): never => {
    throw new Error(`${expected} expected instead of "${peek().text}" (token ${at}) in ${expression}`)
  }
  const take = (kind: Kind, text?: string): Token => {
    const token = peek()
    if (token.kind !== kind || (text !== undefined && token.text !== text)) return fail(text ?? kind)
    at += 1
    return token
  }
  const tryTake = (text: string): boolean => {
    if (peek().text !== text) return false
    at += 1
    return true
  }

  function expressionUpTo(): 'vector' | 'range' {
    let is = operand()
    while (OPERATORS.has(peek().text)) {
      at += 1
      if (is === 'range' || operand() === 'range') throw new Error(`an operator works on no range: ${expression}`)
      is = 'vector'
    }
    return is
  }

  function operand(): 'vector' | 'range' {
    if (tryTake('(')) {
      const is = expressionUpTo()
      take('sign', ')')
      return is
    }
    if (peek().kind === 'number') {
      at += 1
      return 'vector'
    }
    const { text } = take('name')
    if (AGGREGATIONS.has(text)) return aggregation()
    return peek().text === '(' ? call(text) : selector(text)
  }

  function aggregation(): 'vector' {
    const from = named.length
    let by = grouping()
    take('sign', '(')
    if (expressionUpTo() === 'range') throw new Error(`a range is not aggregated: ${expression}`)
    take('sign', ')')
    if (by.length === 0) by = grouping()
    for (const one of named.slice(from)) one.labels.push(...by)
    return 'vector'
  }

  function grouping(): readonly string[] {
    if (!tryTake('by')) return []
    return list('(', ')', () => take('name').text)
  }

  function call(name: string): 'vector' {
    const known = FUNCTIONS[name]
    if (known === undefined) throw new Error(`no function ${name}: ${expression}`)
    const given = list('(', ')', expressionUpTo)
    if (given.length !== known.count) throw new Error(`${name} takes ${known.count} arguments: ${expression}`)
    for (const [index, is] of given.entries())
      if ((is === 'range') !== (index === known.range)) throw new Error(`${name} takes no ${is} there: ${expression}`)
    return 'vector'
  }

  function selector(metric: string): 'vector' | 'range' {
    const labels: string[] = []
    named.push({ metric, labels })
    if (peek().text === '{')
      list('{', '}', () => {
        labels.push(take('name').text)
        if (!['=', '!=', '=~', '!~'].includes(peek().text)) fail('a matcher')
        const isPattern = take('sign').text.endsWith('~')
        const { text } = take('string')
        if (isPattern && text !== '"$instance"') new RegExp(JSON.parse(text) as string)
      })
    if (!tryTake('[')) return 'vector'
    if (!tryTake(INTERVAL)) take('duration')
    take('sign', ']')
    return 'range'
  }

  function list<T>(open: string, close: string, one: () => T): readonly T[] {
    take('sign', open)
    const all: T[] = []
    while (!tryTake(close)) {
      if (all.length > 0) take('sign', ',')
      all.push(one())
    }
    return all
  }

  if (expressionUpTo() === 'range') throw new Error(`a range is no value: ${expression}`)
  if (peek().kind !== 'end') fail('the end')
  return named
}

function tokensOf(expression: string): readonly Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < expression.trimEnd().length) {
    const from = TOKEN.lastIndex
    const groups = TOKEN.exec(expression)?.groups
    const [kind, text] = Object.entries(groups ?? {}).find(([, value]) => value !== undefined) ?? []
    if (kind === undefined || text === undefined) throw new Error(`no PromQL from "${expression.slice(from)}"`)
    tokens.push({ kind: kind as Kind, text })
  }
  return tokens
}
