import './number-of-tools.ts'

export * from './twin.ts'
export { default } from './twin.ts'
