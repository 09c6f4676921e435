// The shipped Worker, whole, with every login method. The lists must be full before it is made of them.
import './login-worker-lists.ts'

export * from '../../src/index.ts'
export { default } from '../../src/index.ts'
