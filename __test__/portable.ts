import * as Miou from 'miou'
import { echo } from './programs/numbers.js'
import { test } from './support/case.js'
import { refuses } from './support/refusal.js'

const { meta } = { meta: import.meta }

test('the name is the function’s own, or the one that is given', (t) => {
  const own = Miou.portable(meta, function* named() {})
  t.is(own.name, 'named')
  t.is(own.url, import.meta.url)
  const given = Miou.portable(meta, function* () {}, 'given')
  t.is(given.name, 'given')
  // biome-ignore lint/complexity/useArrowFunction: its name is what is tested
  t.is(Miou.portable(meta, function () {}, 'plain').name, 'plain')
})

test('a name that is empty is refused where it is registered', (t) => {
  for (const name of ['', 5 as never, null as never]) {
    refuses(t, () => Miou.portable(meta, function* () {}, name), Miou.InvalidArgument, /name/)
  }
  refuses(t, () => Miou.portable(meta, (() => function* () {})()), Miou.InvalidArgument, /name/)
})

test('a name with half of a surrogate pair, which would arrive as another, is refused where it is registered', (t) => {
  refuses(t, () => Miou.portable(meta, function* () {}, 'half \ud800'), Miou.InvalidArgument, /name .* surrogate/)
})

test('a name that is taken in its module is refused; another module may use it', (t) => {
  Miou.portable(meta, function* taken() {})
  refuses(t, () => Miou.portable(meta, function* taken() {}), Miou.InvalidArgument, /"taken" is taken.*third argument/)
  refuses(t, () => Miou.portable(meta, function* other() {}, 'taken'), Miou.InvalidArgument, /taken/)
  t.notThrows(() => Miou.portable({ url: 'file:///elsewhere.js' }, function* taken() {}))
})

test('what is no function, and what is no module, is refused with a sentence', (t) => {
  for (const wrong of [undefined, null, 1, {}]) {
    refuses(t, () => Miou.portable(meta, wrong as never), Miou.InvalidArgument, /import\.meta and a function/)
    refuses(t, () => Miou.portable(wrong as never, echo), Miou.InvalidArgument, /import\.meta/)
  }
  refuses(t, () => Miou.portable({ url: '' }, echo), Miou.InvalidArgument, /import\.meta/)
})

test('a portable function is called as it is: this, arguments, result', (t) => {
  const sum = Miou.portable(meta, (a: number, b: number) => a + b, 'sum')
  t.is(sum(1, 2), 3)
})

test('a module whose address is too long to travel with each call is refused', (t) => {
  const long = { url: `data:text/javascript,${'x'.repeat(70_000)}` }
  refuses(t, () => Miou.portable(long, function* far() {}), Miou.InvalidArgument, /far is too long.*into a file/)
})
