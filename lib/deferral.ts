import { MessageChannel, receiveMessageOnPort, type TransferListItem } from 'node:worker_threads'
import { type Cargo, left, limit } from './cargo.js'
import { pack, unpack } from './clone.js'
import type { Arrived } from './handle.js'
import { postOn } from './prepared.js'
import { rest, type Rest } from './value.js'
import type { RunRecord } from './run-record.js'

/*
 * What a call takes with it that waits for its domain, since that is on its way in place of one that died. It is packed when
 * the call is made, as any other is: nothing that happens to the arguments meanwhile changes them. What structured clone
 * takes waits on a port; what moves rests in the core, as it would on a queue.
 */

/** Values that wait here until they can be sent. */
export class Deferral {
  private readonly channel = new MessageChannel()
  private readonly rest: Rest | undefined

  /** @throws `InvalidArgument` for what can't cross, and then nothing has moved. */
  constructor(values: readonly unknown[], cargo: Cargo, transfer: readonly TransferListItem[]) {
    const packed = pack(values, cargo, cargo.what)
    limit(cargo)
    const { port1, port2 } = this.channel
    try {
      // The list of what is transferred goes with it: there, too, it says what is not to be cloned.
      postOn(port1, [packed.value, transfer], cargo, transfer)
    } catch (error) {
      port2.close()
      throw error
    }
    if (cargo.moving.length + cargo.objects.length > 0) this.rest = rest(cargo)
    left(cargo)
  }

  /** Takes them out, once, to be sent or finalised: until then the handles of what has moved work here again. */
  takeOut(run: RunRecord): { values: unknown[]; transfer: TransferListItem[]; arrived: Arrived } {
    const arrived = this.rest?.takeOut(run) ?? { words: [], run, moved: [], loading: [] }
    const { port2 } = this.channel
    const [packed, transfer] = receiveMessageOnPort(port2)!.message as [unknown, TransferListItem[]]
    port2.close()
    return { values: unpack(packed, arrived) as unknown[], transfer, arrived }
  }
}
