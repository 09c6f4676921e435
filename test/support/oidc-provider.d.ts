// The package has no types; this is what the tests use of it.
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  interface Account {
    accountId: string
    claims(): Record<string, unknown> | Promise<Record<string, unknown>>
  }

  export default class Provider {
    constructor(
      issuer: string,
      configuration: {
        findAccount(context: unknown, id: string): Account | Promise<Account>
        [option: string]: unknown
      },
    )
    callback(): RequestListener
    on(event: string, listener: (...args: unknown[]) => void): this
  }
}
