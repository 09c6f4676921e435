// The Worker of src/ with every login method.
import './login.mjs'

export * from '../../src/index.ts'
export { default } from '../../src/index.ts'
