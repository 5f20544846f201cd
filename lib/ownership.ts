/** Resources: what a task owns is finalised when the task ends otherwise than by giving it back. */
export { check, create, disown, own, release } from './resource.js'
export { transfer } from './transfer.js'
