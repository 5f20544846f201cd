import * as Miou from 'miou'

/** Sorts numbers in place, in shared memory. */
export const sortHalf = Miou.portable(import.meta, function* sortHalf(numbers: Float64Array) {
  numbers.sort()
})
