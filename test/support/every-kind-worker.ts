// The fixture server with a resource and a prompt beside its tools.
import './every-kind.ts'

export * from '#worker'
export { default } from '#worker'
