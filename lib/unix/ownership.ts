import { NotOwner } from '../errors.js'
import { wrongHandle } from '../handle.js'
import { here } from '../here.js'
import { currentTask, type Operation } from '../operation.js'
import { acquire, type Resource } from '../resource.js'
import { nameOf } from '../task.js'
import { trace, tracing } from '../trace.js'
import { accepting } from './accept.js'
import type { Address } from './address.js'
import * as connecting from './connect.js'
import * as datagrams from './datagram.js'
import * as descriptors from './descriptor.js'
import { FileDescr, resourceOf } from './descriptor.js'
import * as copying from './duplicate.js'
import * as activation from './inherited.js'
import * as names from './name.js'
import * as numbers from './number.js'
import * as options from './options.js'
import type { SocketOptions } from './options.js'
import * as balancing from './proxy-header.js'
import type { Range } from './range.js'
import * as reading from './read.js'
import * as filling from './really-read.js'
import * as viewing from './read-view.js'
import * as ending from './shutdown.js'
import * as sockets from './socket.js'
import type { BindOptions } from './socket.js'
import * as writing from './write.js'

/*
 * The functions of `miou/unix` over owned descriptors: what makes one has the current task own it, what uses one checks
 * that the current task does. A task that fails or is cancelled loses its descriptors to their finaliser, which closes
 * them; one that returns while it owns some has leaked them.
 */

export { main } from '../main.js'
export { run } from '../run.js'
export { sysSignal } from '../signals.js'
export { resolve } from './resolve.js'
export { sleep } from './sleep.js'

/** Throws where the current task does not own the descriptor. */
function check(fd: FileDescr, what: string): void {
  const resource = fd?.resource
  if (resource === undefined || resource === null || resource.owner === null || resource.owner !== here.current)
    refuse(fd, what)
}

function refuse(fd: FileDescr, what: string): never {
  const task = currentTask(`Unix.Ownership.${what}`)
  if (!(fd instanceof FileDescr))
    throw wrongHandle(fd, `Unix.Ownership.${what} takes a descriptor, as Unix.Ownership.tcpv4() makes it`)
  if (tracing.on && fd.resource !== null) trace({ type: 'notOwner', resource: fd.resource.id }, task)
  const owner = fd.resource?.owner ?? null
  const whose =
    owner !== null ? `${nameOf(owner)} does` : fd.index < 0 ? 'it is closed, or was given away' : 'nobody does'
  throw new NotOwner(`Unix.Ownership.${what}: ${nameOf(task)} does not own the descriptor: ${whose}`)
}

/** Makes a descriptor that the current task owns. */
function owning(make: () => FileDescr, what: string): FileDescr {
  const task = currentTask(`Unix.Ownership.${what}`)
  const fd = make()
  acquire(resourceOf(fd), task)
  return fd
}

/**
 * The resource that stands for a descriptor: for `give`, and for `Miou.Ownership.transfer`.
 *
 * @throws `InvalidArgument`.
 * @example
 * Miou.async(() => serve(client), { give: [Unix.Ownership.resource(client)] })
 */
export function resource(fd: FileDescr): Resource<FileDescr> {
  if (!(fd instanceof FileDescr)) throw wrongHandle(fd, 'Unix.Ownership.resource(fd) takes a descriptor')
  return resourceOf(fd)
}

/** As `Unix.tcpv4`; the current task owns the socket. */
export const tcpv4 = (): FileDescr => owning(sockets.tcpv4, 'tcpv4()')
/** As `Unix.tcpv6`; the current task owns the socket. */
export const tcpv6 = (): FileDescr => owning(sockets.tcpv6, 'tcpv6()')
/** As `Unix.unixSocket`; the current task owns the socket. */
export const unixSocket = (): FileDescr => owning(sockets.unixSocket, 'unixSocket()')
/** As `Unix.udpv4`; the current task owns the socket. */
export const udpv4 = (): FileDescr => owning(sockets.udpv4, 'udpv4()')
/** As `Unix.udpv6`; the current task owns the socket. */
export const udpv6 = (): FileDescr => owning(sockets.udpv6, 'udpv6()')

/** As `Unix.ofFileDescr`; the current task owns the descriptor. */
export function ofFileDescr(fd: number, options?: { nonBlocking?: boolean }): FileDescr {
  return owning(() => numbers.ofFileDescr(fd, options), 'ofFileDescr(fd)')
}

/** As `Unix.duplicate`; the current task owns the second descriptor as well. @throws `NotOwner` */
export function duplicate(fd: FileDescr): FileDescr {
  check(fd, 'duplicate(fd)')
  return owning(() => copying.duplicate(fd), 'duplicate(fd)')
}

/** As `Unix.inherited`; the current task owns the sockets. */
export function inherited(): FileDescr[] {
  const task = currentTask('Unix.Ownership.inherited()')
  const sockets = activation.inherited()
  for (const fd of sockets) acquire(resourceOf(fd), task)
  return sockets
}

/** As `Unix.toFileDescr`. @throws `NotOwner` */
export function toFileDescr(fd: FileDescr): number {
  check(fd, 'toFileDescr(fd)')
  return numbers.toFileDescr(fd)
}

/** As `Unix.bindAndListen`. @throws `NotOwner` */
export function bindAndListen(fd: FileDescr, address: Address, options?: BindOptions): void {
  check(fd, 'bindAndListen(fd, address)')
  sockets.bindAndListen(fd, address, options)
}

/** As `Unix.accept`; the current task owns the connection, from the moment that it has it. @throws `NotOwner` */
export function accept(fd: FileDescr, options?: SocketOptions): Operation<[FileDescr, Address]> {
  check(fd, 'accept(fd)')
  return accepting(fd, true, options)
}

/** As `Unix.connect`. @throws `NotOwner` */
export function connect(fd: FileDescr, address: Address, options?: SocketOptions): Operation<void> {
  check(fd, 'connect(fd, address)')
  return connecting.connect(fd, address, options)
}

/** As `Unix.read`. @throws `NotOwner` */
export function read(fd: FileDescr, buf: Uint8Array, options?: Range): Operation<number> {
  check(fd, 'read(fd, buf)')
  return reading.read(fd, buf, options)
}

/** As `Unix.proxyHeader`. @throws `NotOwner` */
export function proxyHeader(fd: FileDescr): Operation<balancing.ProxyHeader> {
  check(fd, 'proxyHeader(fd)')
  return balancing.proxyHeader(fd)
}

/** As `Unix.readView`. @throws `NotOwner` */
export function readView(fd: FileDescr, options?: { max?: number }): Operation<Uint8Array> {
  check(fd, 'readView(fd)')
  return viewing.readView(fd, options)
}

/** As `Unix.reallyRead`, checked once, at its start. @throws `NotOwner` */
export function reallyRead(fd: FileDescr, buf: Uint8Array, options?: Range): Operation<void> {
  check(fd, 'reallyRead(fd, buf)')
  return filling.reallyRead(fd, buf, options)
}

/** As `Unix.write`. @throws `NotOwner` */
export function write(fd: FileDescr, data: Uint8Array | string, options?: Range): Operation<void> {
  check(fd, 'write(fd, data)')
  return writing.write(fd, data, options)
}

/** As `Unix.recvfrom`. @throws `NotOwner` */
export function recvfrom(fd: FileDescr, buf: Uint8Array, options?: Range): Operation<datagrams.Received> {
  check(fd, 'recvfrom(fd, buf)')
  return datagrams.recvfrom(fd, buf, options)
}

/** As `Unix.sendto`. @throws `NotOwner` */
export function sendto(fd: FileDescr, data: Uint8Array | string, to: Address): Operation<number> {
  check(fd, 'sendto(fd, data, to)')
  return datagrams.sendto(fd, data, to)
}

/** As `Unix.shutdown`. @throws `NotOwner` */
export function shutdown(fd: FileDescr, how?: 'read' | 'write' | 'both'): void {
  check(fd, 'shutdown(fd)')
  ending.shutdown(fd, how)
}

/** As `Unix.setOptions`. @throws `NotOwner` */
export function setOptions(fd: FileDescr, given: SocketOptions): void {
  check(fd, 'setOptions(fd, options)')
  options.setOptions(fd, given)
}

/** As `Unix.address`. @throws `NotOwner` */
export function address(fd: FileDescr): Address {
  check(fd, 'address(fd)')
  return names.address(fd)
}

/** As `Unix.peer`. @throws `NotOwner` */
export function peer(fd: FileDescr): Address {
  check(fd, 'peer(fd)')
  return names.peer(fd)
}

/** Disowns a descriptor and closes it. @throws `NotOwner` */
export function close(fd: FileDescr): void {
  check(fd, 'close(fd)')
  descriptors.close(fd)
}
