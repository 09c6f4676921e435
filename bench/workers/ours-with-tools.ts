import './number-of-tools.ts'

export * from '../../test/fixture/src/index.ts'
export { default } from '../../test/fixture/src/index.ts'
