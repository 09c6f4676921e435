import './number-of-tools.ts'

export * from './peer.ts'
export { default } from './peer.ts'
