// Content-Type parsing, of any message and of MTOM packages (RFC 2045, 5.1; RFC 2387; ITI TF-2 Appendix V).

import t from 'tap'
import { parseContentType, parseRelated } from '../../../src/codec/mtom/content-type.ts'
import { IheError } from '../../../src/model/error.ts'
import { growthOf, LINEAR_AT_MOST } from '../../processor-time.ts'

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof IheError) return error.row.code
    throw error
  }
  return 'accepted'
}

const parse = (header: string) => {
  const { type, parameters } = parseContentType(header)
  return { type, ...Object.fromEntries(parameters) }
}

t.test('RFC 2045, 5.1: type and parameters in every legal spelling', async (t) => {
  t.same(parse('Application/SOAP+xml; Charset=UTF-8'), { type: 'application/soap+xml', charset: 'UTF-8' })
  t.same(parse('application/soap+xml;action="urn:a;b=c \\"d\\""'), {
    type: 'application/soap+xml',
    action: 'urn:a;b=c "d"',
  })
  t.same(parse('multipart/related; boundary="a b=c";\r\n\tstart="<x@y>" ; '), {
    type: 'multipart/related',
    boundary: 'a b=c',
    start: '<x@y>',
  })
  t.same(parse('text/plain; a = b;; c="" '), { type: 'text/plain', a: 'b', c: '' })
  t.same(parse('x-application/hl7-v2+er7; boundary==_x/y'), { type: 'x-application/hl7-v2+er7', boundary: '=_x/y' })
})

t.test('RFC 2045, 5.1: headers that are none', async (t) => {
  for (const header of ['', 'soap', 'a/b; c', 'a/b; c=', 'a/b; c="d', 'a/b c=d', 'a/b; c=d; C=e', '/b', 'a/b; =c']) {
    t.equal(
      codeOf(() => parseContentType(header)),
      'CONTENT_TYPE',
      header,
    )
  }
})

t.test('a hostile header is read in linear time', async (t) => {
  const headers = {
    quoted: (size: number) => `a/b; c="${'\\'.repeat(size + 1)}`,
    blanks: (size: number) => `a/b${' '.repeat(size)}x`,
    separators: (size: number) => `a/b${'; '.repeat(size)}x`,
  }
  for (const [name, make] of Object.entries(headers)) {
    const growth = await growthOf(make, parseContentType, 16_000)
    t.ok(growth < LINEAR_AT_MOST, `${name}: ${growth}`)
  }
})

const XOP = 'type="application/xop+xml"'

t.test('RFC 2387: the parameters of an MTOM package', async (t) => {
  t.same(parseRelated(`Multipart/Related; start-info="application/soap+xml"; ${XOP}; start="<r@x>"; boundary=b`), {
    boundary: 'b',
    type: 'application/xop+xml',
    start: 'r@x',
    startInfo: 'application/soap+xml',
  })
  t.same(parseRelated(`multipart/related;boundary="'()+_,-./:=? z";${XOP.toUpperCase().replace('TYPE', 'type')}`), {
    boundary: "'()+_,-./:=? z",
    type: 'application/xop+xml',
  })
  t.equal(parseRelated(`multipart/related; boundary=${'b'.repeat(70)}; ${XOP}`).boundary.length, 70)
})

t.test('ITI TF-2 Appendix V: packages that are not MTOM', async (t) => {
  const broken = [
    `multipart/mixed; boundary=b; ${XOP}`,
    `multipart/related; ${XOP}`,
    `multipart/related; boundary=""; ${XOP}`,
    `multipart/related; boundary=${'b'.repeat(71)}; ${XOP}`,
    `multipart/related; boundary="b "; ${XOP}`,
    `multipart/related; boundary="b*b"; ${XOP}`,
    `multipart/related; boundary="b\u3042"; ${XOP}`,
    'multipart/related; boundary=b',
    'multipart/related; boundary=b; type="text/xml"',
    `multipart/related; boundary=b; ${XOP}; start="r@x"`,
    `multipart/related; boundary=b; ${XOP}; start="<>"`,
  ]
  for (const header of broken)
    t.equal(
      codeOf(() => parseRelated(header)),
      'MTOM_PACKAGE',
      header,
    )
})
