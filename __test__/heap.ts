import fc from 'fast-check'
import { Heap } from '../dist/heap.js'
import { test } from './support/case.js'

test('elements come out in order, whatever was added and removed before', (t) => {
  const command = fc.oneof(
    fc.record({ add: fc.integer() }),
    fc.record({ remove: fc.nat(50) }),
    fc.constant('shift' as const),
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const heap = new Heap<{ place: number; key: number }>((a, b) => a.key < b.key)
      const model: { place: number; key: number }[] = []
      const drop = (item: { place: number; key: number } | undefined): void => {
        if (item === undefined) return
        model.splice(model.indexOf(item), 1)
        heap.remove(item)
        t.is(item.place, -1)
        heap.remove(item)
      }
      for (const what of commands) {
        if (what === 'shift') {
          const least = Math.min(...model.map((item) => item.key))
          if (model.length > 0) t.is(heap.first!.key, least)
          drop(heap.first)
        } else if ('add' in what) {
          const item = { place: -1, key: what.add }
          model.push(item)
          heap.add(item)
        } else drop(model[what.remove])
        t.is(heap.length, model.length)
      }
      for (const { key } of model.sort((a, b) => a.key - b.key)) {
        t.is(heap.first!.key, key)
        heap.remove(heap.first!)
      }
      t.is(heap.first, undefined)
    }),
  )
})
