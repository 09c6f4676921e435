// What `cloudflare:test` is made of, as far as the tests use more of it.
declare module 'cloudflare:test-internal' {
  /** Returns once all that the Worker or its objects handed to `waitUntil` has ended. */
  export function waitForGlobalWaitUntil(): Promise<void>
}
