// The shipped Worker, whole, with access tokens of another lifetime, which must be set before the Worker is made.
import './short-lived.ts'

export * from '#worker'
export { default } from '#worker'
