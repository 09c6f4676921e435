// The shipped Worker with every login method switched on.
import './switch-on.ts'

export * from '../../src/index.ts'
export { default } from '../../src/index.ts'
