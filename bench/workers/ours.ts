// The fixture server as a fork has it, made when its module is evaluated. In tests, the first request makes it.
export * from '../../test/fixture/src/index.ts'
export { worker as default } from '../../test/fixture/src/index.ts'
