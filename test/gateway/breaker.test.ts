// The circuit breaker of one community: open after failures, longer each time, closed again by one good answer.

import t from 'tap'
import { createBreaker } from '../../src/gateway/breaker.ts'

function breakerAt() {
  let at = 0
  const breaker = createBreaker(() => at)
  return { breaker, pass: (ms: number) => (at += ms) }
}

t.test('five failures in a row open it; one try after its rest decides', async (t) => {
  const { breaker, pass } = breakerAt()
  for (let count = 0; count < 4; count += 1) breaker.failed('call')
  t.ok(breaker.admits(), 'four are not enough')
  breaker.succeeded('call')
  for (let count = 0; count < 5; count += 1) breaker.failed('call')
  t.notOk(breaker.admits())
  t.equal(breaker.opensInSeconds(), 30)
  pass(29_999)
  t.notOk(breaker.admits())
  pass(1)
  t.ok(breaker.admits(), 'the try')
  t.notOk(breaker.admits(), 'one at a time')
  breaker.failed('try')
  t.equal(breaker.opensInSeconds(), 60, 'twice as long')
  pass(60_000)
  t.ok(breaker.admits())
  breaker.succeeded('try')
  t.ok(breaker.admits())
  t.equal(breaker.opensInSeconds(), undefined)
})

t.test('a try that says nothing about the community is no try', async (t) => {
  const { breaker, pass } = breakerAt()
  for (let count = 0; count < 5; count += 1) breaker.failed('call')
  pass(30_000)
  t.equal(breaker.admits(), 'try')
  breaker.undecided('try')
  t.equal(breaker.admits(), 'try', 'the next one decides')
  breaker.succeeded('try')
  for (let count = 0; count < 20; count += 1) breaker.undecided('call')
  t.equal(breaker.admits(), 'call')
})

t.test('it rests five minutes at most', async (t) => {
  const { breaker, pass } = breakerAt()
  for (let count = 0; count < 5; count += 1) breaker.failed('call')
  const rests: (number | undefined)[] = []
  for (let count = 0; count < 6; count += 1) {
    const rest = breaker.opensInSeconds() ?? 0
    rests.push(rest)
    pass(rest * 1000)
    breaker.admits()
    breaker.failed('try')
  }
  t.same(rests, [30, 60, 120, 240, 300, 300])
})

t.test('more than half of twenty calls within a minute open it too, though never five in a row', async (t) => {
  const { breaker, pass } = breakerAt()
  const ends = [...'ffsffsffsffsffsffsff']
  for (const [index, end] of ends.entries()) {
    t.ok(breaker.admits(), `call ${index + 1}`)
    if (end === 'f') breaker.failed('call')
    else breaker.succeeded('call')
    pass(1000)
  }
  t.notOk(breaker.admits())
})

t.test('what was longer than a minute ago does not count', async (t) => {
  const { breaker, pass } = breakerAt()
  for (let count = 0; count < 30; count += 1) {
    if (count % 3 === 2) breaker.succeeded('call')
    else breaker.failed('call')
    pass(10_000)
  }
  t.ok(breaker.admits())
})

t.test('calls that began before it opened and end late decide nothing', async (t) => {
  const { breaker, pass } = breakerAt()
  for (let count = 0; count < 5; count += 1) breaker.failed('call')
  breaker.succeeded('call')
  t.notOk(breaker.admits(), 'a late answer does not close it')
  pass(30_000)
  t.equal(breaker.admits(), 'try')
  breaker.failed('call')
  t.notOk(breaker.admits(), 'a late failure does not end the try')
  breaker.succeeded('try')
  t.equal(breaker.admits(), 'call')
})
