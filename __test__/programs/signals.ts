import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/** Why a signal can't be handled here. */
export const signalsThere = Miou.portable(import.meta, function* signalsThere(name: NodeJS.Signals) {
  try {
    Unix.sysSignal(name, 'ignore')
    return 'it can'
  } catch (error) {
    return (error as Error).message
  }
})
