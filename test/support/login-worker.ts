// The shipped Worker, whole, with every login method. The lists must be full before it is made of them.
import './login-worker-lists.ts'

export * from '#worker'
export { default } from '#worker'
