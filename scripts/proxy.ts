// Where the internet is behind a proxy, HTTPS_PROXY names it. wrangler goes there; our own requests do by this.
import http from 'node:http'

/** This computer is never behind it. */
const HERE = 'localhost,127.0.0.1,[::1]'

/** From now on requests go by the proxy that the environment names, if it names one. */
export function useProxy({ ...environment }: NodeJS.ProcessEnv = process.env): void {
  const exceptions = environment.no_proxy ?? environment.NO_PROXY
  environment.no_proxy = exceptions ? `${exceptions},${HERE}` : HERE
  http.setGlobalProxyFromEnv(environment)
}
