// The shipped Worker, whole, in an internet that is on this computer.
import './stand-ins.ts'

export * from '#worker'
export { default } from '#worker'
