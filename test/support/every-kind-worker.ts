// The fixture server with a resource and a prompt beside its tools, and a way to sign in for reviewers.
import './every-kind.ts'

export * from '#worker'
export { default } from '#worker'
