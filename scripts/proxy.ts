// HTTPS_PROXY names a proxy to the internet. wrangler uses it by itself; this makes our own requests use it, too.
import http from 'node:http'

/** Hosts that need no proxy: this computer. */
const HERE = 'localhost,127.0.0.1,[::1]'

/** Sends all later requests through the proxy that the environment names, if any. */
export function useProxy({ ...environment }: NodeJS.ProcessEnv = process.env): void {
  const exceptions = environment.no_proxy ?? environment.NO_PROXY
  environment.no_proxy = exceptions ? `${exceptions},${HERE}` : HERE
  http.setGlobalProxyFromEnv(environment)
}
