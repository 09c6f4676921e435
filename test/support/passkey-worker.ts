// The shipped Worker with passkeys switched on.
import './with-passkey.ts'

export * from '../../src/index.ts'
export { default } from '../../src/index.ts'
